"""Readings as JSON: what goes there and back, and what is refused."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given, strategies as st
from kplug_numbers import Part, Reading, ReadingError
from kplug_numbers.reading import MOST_BYTES, summarize

NUMBERS = st.floats(width=32) | st.integers(-(2**31), 2**31)


@given(st.lists(NUMBERS, max_size=9), st.integers(0, 9))
def test_what_is_written_is_read(given: list[float], cut: int) -> None:
    values = tuple(given)
    part = summarize("float64", (len(values),), values, values if len(values) <= 4 else values[:2])
    reading = Reading("loss", "acme/dice(smooth=1.0)", 1, "2.12.0", {"a/b": part}, cut)
    text = reading.to_json()
    again = Reading.from_json(text)
    assert again.to_json() == text
    assert repr(again) == repr(reading)  # NaN is not equal to itself


def test_an_error_is_a_part() -> None:
    reading = Reading("loss", "a/b", 1, "2", {"x": Part(raises="ValueError")})
    assert Reading.from_json(reading.to_json()) == reading


GOOD: dict[str, Any] = {
    "format": 1,
    "kind": "loss",
    "spec": "acme/dice",
    "recipe": 1,
    "torch": "2.12.0",
    "parts": {"value": {"dtype": "float64", "shape": [1], "sample": [0.5]}},
}
LONG = {"dtype": "float64", "shape": [9], "sample": [0.5], "size": 1.0, "norm": 1.0, "dot": 0.0}


def _with(**fields: Any) -> str:
    return json.dumps({**GOOD, **fields})


def _with_part(**fields: Any) -> str:
    return _with(parts={"value": {**LONG, **fields}})


def test_the_table_below_changes_a_good_one() -> None:
    assert Reading.from_json(json.dumps(GOOD)).parts["value"].sample == (0.5,)
    assert Reading.from_json(_with_part()).parts["value"].count == 9


HOSTILE = {
    "empty": "",
    "truncated": json.dumps(GOOD)[:-9],
    "a list": "[]",
    "nested deeply": "[" * 3000,
    "gigabytes": "9" * (MOST_BYTES + 1),
    "bytes that are no text": b"\xff\xfe\xfd",
    "a newer format": _with(format=2),
    "a format that equals 1": _with(format=True),
    "a format as text": _with(format="1"),
    "another kind of kind": _with(kind=["loss"]),
    "no spec": _with(spec=""),
    "a spec with control characters": _with(spec="acme/\x1b[31m"),
    "a recipe below zero": _with(recipe=-1),
    "a recipe as truth": _with(recipe=True),
    "parts as a list": _with(parts=[]),
    "a part as text": _with(parts={"value": "import os"}),
    "a part without a name": _with(parts={"": LONG}),
    "NaN as a number": _with_part(sample=[math.nan]),
    "infinity as a number": _with_part(size=math.inf),
    "a huge exponent": json.dumps(GOOD).replace("0.5", "1e999"),
    "a huge integer": json.dumps(GOOD).replace("0.5", "9" * 400),
    "an integer too long to parse": json.dumps(GOOD).replace("0.5", "9" * 4000)[:4096],
    "a text as a number": _with_part(sample=["0.5"]),
    "a size below zero": _with_part(size=-1.0),
    "more that is not finite than there is": _with_part(not_finite=10),
    "a shape of texts": _with_part(shape=["9"]),
    "a negative shape": _with_part(shape=[-9]),
    "a shape of truths": _with_part(shape=[True]),
    "a long shape": _with_part(shape=[1] * 99),
    "more samples than values": _with_part(shape=[1], sample=[1.0, 2.0]),
    "more samples than allowed": _with_part(sample=[1.0] * 9),
    "no sample": _with_part(sample=None),
    "a key twice": json.dumps(GOOD).replace('"recipe"', '"kind": "loss", "recipe"'),
    "a cut below zero": _with(cut=-1),
    "a huge cut": _with(cut=10**6),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_wrong_is_refused_with_its_place(text: str | bytes) -> None:
    with pytest.raises(ReadingError) as caught:
        Reading.from_json(text)
    assert len(str(caught.value)) < 400
    assert str(caught.value).replace("\n", " ").isprintable()


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_any_damage_is_refused_or_gives_a_reading(place: int, damage: bytes) -> None:
    content = _with_part().encode()
    damaged = content[:place] + damage + content[place + len(damage) :]
    with contextlib.suppress(ReadingError):
        assert isinstance(Reading.from_json(damaged), Reading)
