"""``a /= b`` in Keras code: rebinds the name, where torch changes the tensor in place.

torch refuses to differentiate modified tensors, and other references would see the change. So in modules
that use Keras, the operators create a new tensor while the binding is installed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType, ModuleType
from typing import Any

from torch import Tensor

# Cache: whether the module of a code object uses Keras. The key includes the size of the module's namespace,
# # which grows during import. The value references the code, so that its id is not reused.
_known: dict[tuple[int, int], tuple[bool, CodeType]] = {}


def _uses_keras(frame: FrameType) -> bool:
    code, names = frame.f_code, frame.f_globals
    key = id(code), len(names)
    found = _known.get(key)
    if found is None:
        found = _known[key] = any(map(_is_of_keras, list(names.values()))), code
    return found[0]


def _is_of_keras(value: object) -> bool:
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")
    return str(name).partition(".")[0] in ("keras", "tf_keras", "kplug_keras2")


def _make_operator(name: str) -> Callable[..., Any]:
    in_place = getattr(Tensor, f"__i{name}__")
    pure = getattr(Tensor, f"__{name}__")

    def operate(self: Tensor, other: Any) -> Any:
        # This package's own code relies on in-place changes.
        frame = sys._getframe(1)
        is_script = not str(frame.f_globals.get("__name__", "")).startswith(("kplug", "torch"))
        chosen = pure if is_script and _uses_keras(frame) else in_place
        return chosen(self, other)

    return operate


OPERATORS: dict[str, Any] = {
    f"__i{name}__": _make_operator(name)
    for name in ("add", "floordiv", "mod", "mul", "sub", "truediv")
}
