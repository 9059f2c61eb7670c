"""Warnings about old names: each once, at the script's line."""

from __future__ import annotations

import warnings

from kplug.errors import KplugWarning
from kplug_keras2.binding.unknown_names import find_user_frame

_warned: set[str] = set()


def warn_once(about: str, message: str) -> None:
    """Warn about an old name or form, once per process.

    Args:
        about: The key of the warning.
        message: The old form, and its replacement.
    """
    if about in _warned:
        return
    _warned.add(about)
    frame = find_user_frame()
    warnings.warn_explicit(message, KplugWarning, frame.f_code.co_filename, frame.f_lineno)


def forget_warnings() -> None:
    """Reset the record of given warnings."""
    _warned.clear()
