"""Readings in model files: made when a model is saved, compared when it is loaded."""

from __future__ import annotations

import contextlib
import functools
import io
import json
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from kplug import Component, Verdict, get_kind, parse_spec
from kplug.errors import KplugError
from kplug.inspection import find_component, load
from kplug_numbers.comparison import compare
from kplug_numbers.errors import ReadingError
from kplug_numbers.numbers_file import write_line
from kplug_numbers.reading import Reading, is_plain
from kplug_numbers.reading_cache import CacheEntry

_MOST_SECONDS = 0.5  # of a reading; a model is saved meanwhile
_LONGEST_REASON = 500


@dataclass(frozen=True)
class _Made:
    """The reading of a component, or why there is none."""

    reading: Reading | None = None
    why: str = ""

    @functools.cached_property
    def data(self) -> dict[str, Any]:
        """The entry that a file keeps: the reading, or why there is none."""
        return {"unread": self.why} if self.reading is None else self.reading.as_data()


_Known = dict[tuple[str, str, bool], _Made]
# What was made, by the component's object, so that code that is imported anew is read anew.
_KNOWN: MutableMapping[object, _Known] = WeakKeyDictionary()


def read_for_file(kind: str, spec: str) -> dict[str, Any]:
    """Return the reading of a component as data, or why there is none."""
    return _make(kind, spec, is_twice=True).data


def judge(kind: str, spec: str, data: object) -> Verdict:
    """Return whether a component computes what a file says; nothing of the file is looked up or run."""
    recorded = _recover(data)
    if recorded.reading is None:
        return Verdict("cannot be compared", recorded.why)
    found = _make(kind, spec, is_twice=False)
    if found.reading is not None:
        comparison = compare(recorded.reading, found.reading)
        text = str(comparison).partition(": ")[2]
        if comparison.outcome != "differs":
            return Verdict(comparison.outcome, text)
        before, now = recorded.reading.torch, found.reading.torch
        found = _make(kind, spec, is_twice=True)  # is it random?
    if found.reading is None:
        return Verdict("cannot be compared", f"there is no reading here: {found.why}")
    return Verdict("differs", text + (f", with torch {before}, now {now}" if before != now else ""))


def _recover(data: object) -> _Made:
    """Return the reading of a file, or why there is none."""
    if data is None:
        return _Made(why="the file has no reading of it")
    why = data.get("unread") if isinstance(data, dict) else None
    if isinstance(why, str) and is_plain(why, _LONGEST_REASON):
        return _Made(why=f"there was no reading when the model was saved: {why}")
    try:
        return _Made(Reading.from_json(json.dumps(data, separators=(",", ":"))))
    except ReadingError as error:
        return _Made(why=f"the reading of the file cannot be used: {error.message}")
    except (ValueError, RecursionError):
        return _Made(why="the reading of the file cannot be used: it is nested too deeply")


def _make(kind: str, spec: str, *, is_twice: bool) -> _Made:
    component = find_component(get_kind(kind), parse_spec(spec))
    known, key = _find_known(component), (kind, spec, is_twice)
    if key not in known:
        known[key] = _find_or_make(component, kind, spec, is_twice=is_twice)
    return known[key]


def _find_known(component: Component | None) -> _Known:
    """Return what is known of a component's object; nothing if there is none that can be remembered."""
    try:
        return {} if component is None else _KNOWN.setdefault(load(component), {})
    except (KplugError, TypeError):
        return {}


def _find_or_make(component: Component | None, kind: str, spec: str, *, is_twice: bool) -> _Made:
    entry = None if component is None else CacheEntry(kind, spec, component)
    reading = None if entry is None else entry.find()
    if reading is not None:
        return _Made(reading)
    from kplug_numbers.making import make_reading  # the recipes

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            reading = make_reading(kind, spec, is_twice=is_twice, most_seconds=_MOST_SECONDS)
    except KplugError as error:
        return _Made(why=write_line(error.message))
    if entry is not None and is_twice:
        entry.keep(reading)
    return _Made(reading)
