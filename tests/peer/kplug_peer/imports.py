"""The import statement that Keras's test files run with."""

from __future__ import annotations

import builtins
import importlib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# What a test may use of Keras itself: to prepare inputs, to compare, to decide whether it runs.
HELPERS = frozenset(
    {
        "keras.src.backend.common",
        "keras.src.backend.common.dtypes",
        "keras.src.backend.common.keras_tensor",
        "keras.src.distribution",
        "keras.src.distribution.distribution_lib",
        "keras.src.layers.convolutional.conv_test",
        "keras.src.layers.convolutional.conv_transpose_test",
        "keras.src.layers.convolutional.depthwise_conv_test",
        "keras.src.layers.pooling.average_pooling_test",
        "keras.src.layers.pooling.max_pooling_test",
        "keras.src.ops",
        "keras.src.testing.test_utils",
        "keras.src.tree",
        "keras.src.utils",
    }
)
# Packages that only tests of other backends need: without them those tests are skipped, by Keras.
OTHER_BACKENDS = frozenset({"jax", "tensorflow"})


class Missing:
    """Stands in for a name that kplug does not have: the test that uses it fails.

    It does not raise when it is imported, so that the other tests of the file run.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Fail."""
        raise AttributeError(f"kplug has nothing for {self._path}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self()

    def __mro_entries__(self, bases: tuple[type, ...]) -> tuple[type, ...]:
        """Let a test file derive a class from it."""
        return ()


class Names:
    """Something that answers to Keras's names.

    Args:
        path: The Keras module that it stands for, for messages.
        renamed: Keras's name → what is handed out.
        sources: kplug modules that are asked for every other name, in order.
    """

    def __init__(self, path: str, renamed: Mapping[str, Any], *sources: Any) -> None:
        self._path, self._renamed, self._sources = path, renamed, sources

    def __getattr__(self, name: str) -> Any:
        if name in self._renamed:
            return self._renamed[name]
        for source in self._sources:
            if hasattr(source, name):
                return getattr(source, name)
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self._path}.{name}")


class Importer:
    """``__import__`` for a test file: Keras's modules are the stand-ins, or allowed helpers."""

    def __init__(self, stand_ins: Mapping[str, Any]) -> None:
        self.stand_ins = stand_ins

    def __call__(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: tuple[str, ...] = (),
        level: int = 0,
    ) -> Any:
        root = name.partition(".")[0]
        if root in OTHER_BACKENDS:
            return self.stand_ins.get(root, Missing(name))
        if root not in ("keras", "conftest"):
            return builtins.__import__(name, globals, locals, fromlist, level)
        if not fromlist:
            return self.find("keras")
        return Names(name, {one: self.find_member(name, one) for one in fromlist})

    def find_member(self, module: str, name: str) -> Any:
        """Return what ``from module import name`` gives."""
        whole = f"{module}.{name}"
        if self._is_module(whole):
            return self.find(whole)
        owner = self.find(module)
        return Missing(whole) if isinstance(owner, Missing) else getattr(owner, name)

    def find(self, module: str) -> Any:
        """Return the stand-in for a module, or the helper itself; never what has Keras's arithmetic."""
        if module in self.stand_ins:
            return self.stand_ins[module]
        if module in HELPERS:
            return importlib.import_module(module)
        return Missing(module)

    def _is_module(self, path: str) -> bool:
        return path in self.stand_ins or path in HELPERS


def load(path: Path, name: str, stand_ins: Mapping[str, Any]) -> types.ModuleType:
    """Execute a test file of the installed wheel with the stand-ins for what it imports."""
    module = types.ModuleType(name)
    module.__file__ = str(path)
    own = dict(vars(builtins))
    own["__import__"] = Importer(stand_ins)
    module.__dict__["__builtins__"] = own
    code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    exec(code, module.__dict__)
    return module
