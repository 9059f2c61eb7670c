"""`export_names`: limits a package's star import to its re-exports, and lets it take lent names."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


def export_names(namespace: dict[str, Any], *, takes_lent: bool = False) -> None:
    """Limit a star import of a package to its re-exports, without its modules.

    Otherwise, star-importing a package with a module ``input`` would shadow Python's ``input``. Type checkers
    see no ``__all__``, and rely on the re-export form ``from x import y as y``.

    Args:
        namespace: The package's ``globals()``, at its end.
        takes_lent: Whether distributions lend the package names, which type checkers do not see
            (``docs/plugins/modules.md``).
    """
    namespace["__all__"] = sorted(
        name
        for name, value in namespace.items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and value is not export_names
    )
    if takes_lent:
        _take_lent(namespace)


def _take_lent(namespace: dict[str, Any]) -> None:
    package = namespace["__name__"].partition(".")[2]

    def get(name: str) -> Any:
        if name.startswith("_"):  # not a public name, so the registry need not be asked
            raise AttributeError(f"module 'kplug.{package}' has no attribute {name!r}")
        return _import_door().get_lent(f"{package}.{name}")

    def list_all() -> list[str]:
        return sorted({*namespace, *_import_door().list_names(package)})

    namespace.update(__getattr__=get, __dir__=list_all)


def _import_door() -> Any:
    return importlib.import_module("kplug.registry.names.lent_modules")
