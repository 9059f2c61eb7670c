"""`Problem`: a plugin's fault, recorded and shown instead of raised."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Literal

from kplug.registry.component import Origin
from kplug.registry.errors import KplugError
from kplug.registry.quoting import make_printable, quote, shorten

_MOST_REPEATED = 500
Topic = Literal["broken", "duplicate", "misspelt", "setting", "slow"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of one plugin. It affects no other plugin, and ``kplug list`` shows it.

    Args:
        origin: The plugin.
        message: The fault, with advice for the plugin's author.
        cause: The exception behind it, if any.
        is_advice: Whether the plugin's components work nevertheless.
        topic: Its category, for sorting.
    """

    origin: Origin
    message: str
    cause: BaseException | None = None
    is_advice: bool = False
    topic: Topic = "broken"

    def __str__(self) -> str:
        return f"{self.origin}: {self.message}"


def describe_error(error: BaseException) -> str:
    """Return an exception as ``Type: text``, in one line."""
    try:
        text = error.message if isinstance(error, KplugError) else str(error)
    except Exception:  # noqa: BLE001 - may be a plugin's own class
        text = ""
    first = make_printable(shorten(next(iter(text.strip().splitlines()), ""), _MOST_REPEATED))
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def describe_answer(answer: object) -> str:
    """Return a hook's answer, quoted for messages; closes a coroutine.

    Otherwise, Python would warn at a later time that it was never awaited.
    """
    if inspect.iscoroutine(answer):
        answer.close()
        return "a coroutine (a hook is called and not awaited: write def instead of async def)"
    return quote(answer)


def is_half_imported(error: BaseException | None) -> bool:
    """Whether an error stems from a partially initialized module, and so disappears after the import.

    Example:
        >>> is_half_imported(ImportError("cannot import name 'a' from partially initialized module 'b'"))
        True
    """
    text = "" if error is None else describe_error(error)
    return any(words in text for words in ("partially initialized", "circular import"))
