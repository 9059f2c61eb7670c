"""Compares two files of readings: what was recorded, and what is there now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kplug_numbers.comparison import compare
from kplug_numbers.numbers_file import Key, NumbersFile

Outcome = Literal["same", "differs", "cannot be compared", "not recorded"]


@dataclass(frozen=True)
class Result:
    """The outcome of the check of one component with its arguments.

    Args:
        key: Its kind and spec.
        outcome: In two words.
        message: What differs, or why nothing can be said.
    """

    key: Key
    outcome: Outcome
    message: str = ""

    def __str__(self) -> str:
        kind, spec = self.key
        return f"{self.outcome}: {kind} {spec}" + (f": {self.message}" if self.message else "")


def compare_files(recorded: NumbersFile, found: NumbersFile) -> list[Result]:
    """Return the results of comparing all that two files are about."""
    keys = sorted({*recorded.keys, *found.keys})
    return [_compare(key, recorded, found) for key in keys]


def _compare(key: Key, recorded: NumbersFile, found: NumbersFile) -> Result:
    ours, theirs = recorded.readings.get(key), found.readings.get(key)
    if ours is not None and theirs is not None:
        comparison = compare(ours, theirs)
        text = str(comparison).partition(": ")[2]
        if comparison.outcome == "differs" and ours.torch != theirs.torch:
            text += f", with torch {ours.torch}, now {theirs.torch}"
        return Result(key, comparison.outcome, text)
    if ours is not None:
        return Result(key, "cannot be compared", found.unread.get(key, "it is not there any more"))
    if theirs is None and key in recorded.unread and key in found.unread:
        return Result(key, "same", f"no reading: {found.unread[key]}")
    return Result(key, "not recorded", found.unread.get(key, ""))
