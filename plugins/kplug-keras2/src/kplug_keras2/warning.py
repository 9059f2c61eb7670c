"""Warnings about old names: each once, at the script's line."""

from __future__ import annotations

import warnings

from kplug.errors import KplugWarning
from kplug_keras2.binding.unknown_names import find_user_frame

_warned: set[str] = set()


def warn_once(about: str, message: str) -> None:
    """Warn of something that is written in an old way, the first time that it is met in this process.

    Args:
        about: What the warning is about; it comes once for each.
        message: What was found and what to write instead.
    """
    if about in _warned:
        return
    _warned.add(about)
    frame = find_user_frame()
    warnings.warn_explicit(message, KplugWarning, frame.f_code.co_filename, frame.f_lineno)


def forget_warnings() -> None:
    """Let each warning come once more."""
    _warned.clear()
