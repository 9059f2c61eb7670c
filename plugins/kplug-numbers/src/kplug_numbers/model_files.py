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
from kplug_numbers.reading_cache import CacheEntry, describe_packages

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


# By kind and spec, with the state of the packages that it was made in.
_Known = dict[tuple[str, str], tuple[str, _Made]]
# What was made, by the component's object, so that code that is imported anew is read anew.
_KNOWN: MutableMapping[object, _Known] = WeakKeyDictionary()


def read_for_file(kind: str, spec: str) -> dict[str, Any]:
    """Return the reading of a component as data, or why there is none."""
    component = find_component(get_kind(kind), parse_spec(spec))
    if component is None or component.origin.is_custom:
        return _make(kind, spec, is_twice=True).data
    known = _find_known(component)  # imports its package
    state, lasting = describe_packages(component, spec)
    before = known.get((kind, spec))
    if before is None or before[0] != state:
        entry = CacheEntry(kind, spec, component, lasting)
        before = known[kind, spec] = (state, _find_or_make(entry, kind, spec))
    return before[1].data


def judge(kind: str, spec: str, data: object) -> Verdict:
    """Return whether a component computes what a file says; nothing of the file is looked up or run.

    No reading that was made before is believed.
    """
    recorded = _recover(data)
    if recorded.reading is None:
        return Verdict("cannot be compared", recorded.why)
    recipe = recorded.reading.recipe
    found = _make(kind, spec, is_twice=False, recipe=recipe)
    if found.reading is not None:
        comparison = compare(recorded.reading, found.reading)
        text = str(comparison).partition(": ")[2]
        if comparison.outcome != "differs":
            return Verdict(comparison.outcome, text)
        before, now = recorded.reading.torch, found.reading.torch
        found = _make(kind, spec, is_twice=True, recipe=recipe)  # is it random?
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


def _find_known(component: Component) -> _Known:
    """Return what is known of a component's object; nothing if there is none that can be remembered."""
    try:
        return _KNOWN.setdefault(load(component), {})
    except (KplugError, TypeError):
        return {}


def _find_or_make(entry: CacheEntry, kind: str, spec: str) -> _Made:
    reading = entry.find()
    if reading is not None:
        return _Made(reading)
    made = _make(kind, spec, is_twice=True)
    if made.reading is not None:
        entry.keep(made.reading)
    return made


def _make(kind: str, spec: str, *, is_twice: bool, recipe: int | None = None) -> _Made:
    from kplug_numbers.making import make_reading  # the recipes

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            limit = _MOST_SECONDS
            return _Made(
                make_reading(kind, spec, is_twice=is_twice, most_seconds=limit, recipe=recipe)
            )
    except KplugError as error:
        return _Made(why=write_line(error.message))
