"""From the text of a target to the object."""

from __future__ import annotations

import importlib
from typing import Any


def import_target(target: str) -> Any:
    """Return the object of ``"package.module:object"``, or the module of ``"package.module"``.

    Example:
        >>> import_target("math:pi")
        3.141592653589793
    """
    name, _, path = target.partition(":")
    found: Any = importlib.import_module(name)
    if not path and getattr(found.__spec__, "_initializing", False):  # this thread is importing it
        raise ImportError(
            f"partially initialized module {name!r} (it is being imported)", name=name
        )
    for attribute in path.split(".") if path else ():
        found = getattr(found, attribute)
    return found


def strip_extras(value: str) -> str:
    """Return the value of an entry point without what may follow it.

    Example:
        >>> strip_extras("package.module : thing [extra]")
        'package.module:thing'
    """
    return value.partition("[")[0].replace(" ", "")
