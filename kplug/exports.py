"""`export_names`: limits a package's star import to its re-exports."""

from __future__ import annotations

from types import ModuleType


def export_names(namespace: dict[str, object]) -> None:
    """Let a star import of a package bring what the package re-exports, and none of its modules.

    A package with a module ``input`` would otherwise hide Python's ``input`` from whoever star-imports it.
    Type checkers see no ``__all__`` and take what is re-exported as ``from x import y as y``.

    Args:
        namespace: The package's ``globals()``, at its end.
    """
    namespace["__all__"] = sorted(
        name
        for name, value in namespace.items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and value is not export_names
    )
