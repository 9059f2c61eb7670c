"""Detects modules of hooks that import a heavy library such as torch."""

from __future__ import annotations

import contextlib
import sys
import threading

from kplug.registry.user_warnings import describe_caller

HEAVY = frozenset(
    ("jax", "keras", "matplotlib", "numpy", "pandas", "scipy", "sklearn", "tensorflow", "torch")
)


class HeavyImports:
    """Records the heavy libraries that this thread imports for the first time in a ``with`` block."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._importers: dict[str, str] = {}

    def __enter__(self) -> HeavyImports:
        sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ValueError):  # another program replaced sys.meta_path
            sys.meta_path.remove(self)

    def find_spec(self, name: str, *_: object) -> None:
        """Record the importer of a heavy library, and defer to the other finders."""
        if name in HEAVY and self is _find_innermost():
            self._importers.setdefault(name, describe_caller())

    def describe(self) -> str | None:
        """Return the first of them and the line that imported it, or None if there is none."""
        found = ((name, line) for name, line in self._importers.items() if name in sys.modules)
        return next((f"imports {name} ({line})" for name, line in found), None)


def _find_innermost() -> HeavyImports | None:
    """Return this thread's innermost block: a module may load another plugin's."""
    here = threading.get_ident()
    blocks = (one for one in sys.meta_path if isinstance(one, HeavyImports))
    return next((one for one in blocks if one._thread == here), None)
