"""`export_names`: limits a package's star import to its re-exports."""

from __future__ import annotations

from types import ModuleType


def export_names(namespace: dict[str, object]) -> None:
    """Limit a star import of a package to its re-exports, without its modules.

    Otherwise, star-importing a package with a module ``input`` would shadow Python's ``input``. Type checkers
    see no ``__all__``, and rely on the re-export form ``from x import y as y``.

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
