"""Attributes warnings and problems to the user's line of code that caused them."""

from __future__ import annotations

import linecache
import sys
import warnings
from collections.abc import Set
from types import FrameType

from kplug.registry.errors import KplugWarning
from kplug.registry.quoting import shorten

# torch's decorators, such as no_grad, add frames between those of kplug.
_PASSED_OVER = frozenset({"kplug", "torch", "contextlib"})


def warn(message: str, category: type[KplugWarning] = KplugWarning) -> None:
    """Attribute a warning to the innermost line outside kplug.

    A fixed ``stacklevel`` would not fit every call path, and ``skip_file_prefixes`` needs Python 3.12.

    Args:
        message: What happened and what to do about it.
        category: The type of the warning.
    """
    frame = _find_caller(_PASSED_OVER)
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def describe_caller() -> str:
    """Return module, number and text of the innermost line outside kplug and Python's import system."""
    frame = _find_caller({"kplug", "importlib"})
    module, number = frame.f_globals.get("__name__"), frame.f_lineno
    text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return f"{module}, line {number}" + (f": `{shorten(text)}`" if text else "")


def _find_caller(passed_over: Set[str]) -> FrameType:
    frame = sys._getframe(1)
    while frame.f_back is not None and _package_of(frame.f_globals) in passed_over:
        frame = frame.f_back
    return frame


def _package_of(module_globals: dict[str, object]) -> str:
    return str(module_globals.get("__name__", "")).partition(".")[0]
