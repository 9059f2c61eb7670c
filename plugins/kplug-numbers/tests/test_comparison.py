"""Comparison by the size of the terms, with three outcomes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st
from kplug_numbers import Part, Reading, compare
from kplug_numbers.comparison import FLOOR, TOLERANCES
from kplug_numbers.reading import summarize

FINITE = st.floats(-1e6, 1e6)


def part(*values: float, dtype: str = "float64", most: int = 4) -> Part:
    return summarize(dtype, (len(values),), values, values[:most])


def reading(**parts: Part) -> Reading:
    return Reading("loss", "acme/dice", 1, "2.12.0", parts)


@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_a_reading_is_the_same_as_itself(values: list[float]) -> None:
    one = reading(value=part(*values))
    assert compare(one, one).outcome == "same"


@given(st.lists(FINITE, min_size=1, max_size=20), st.sampled_from(sorted(TOLERANCES)), st.data())
def test_differences_are_measured_by_the_largest_term(
    values: list[float], dtype: str, data: st.DataObject
) -> None:
    size = max(FLOOR, *map(abs, values))
    at = data.draw(st.integers(0, min(len(values), 4) - 1))
    for factor, outcome in ((0.01, "same"), (2.5, "differs")):
        moved = [*values]
        moved[at] += factor * TOLERANCES[dtype] * size
        first, second = (
            reading(value=part(*values, dtype=dtype)),
            reading(value=part(*moved, dtype=dtype)),
        )
        assert compare(first, second).outcome == compare(second, first).outcome == outcome


@given(st.lists(FINITE, min_size=8, max_size=20), st.integers(4, 7))
def test_what_moves_outside_the_sample_is_seen(values: list[float], at: int) -> None:
    moved = [*values]
    moved[at], moved[0 if at == 4 else 4] = moved[0 if at == 4 else 4], moved[at]
    assume(abs(values[at] - moved[at]) > 1e-3 * max(FLOOR, *map(abs, values)))
    first, second = reading(value=part(*values, most=0)), reading(value=part(*moved, most=0))
    assert compare(first, second).outcome == "differs"


@pytest.mark.parametrize("dtype", ["int64", "bool", "int32"])
def test_counts_are_compared_exactly(dtype: str) -> None:
    first, second = part(10**9, dtype=dtype), part(10**9 + 1, dtype=dtype)
    assert compare(reading(count=first), reading(count=second)).outcome == "differs"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_finite_on_one_side_differs_and_on_both_does_not(value: float) -> None:
    broken, sound = reading(value=part(1.0, value)), reading(value=part(1.0, 2.0))
    assert compare(broken, broken).outcome == "same"
    for pair in ((broken, sound), (sound, broken)):
        (difference,) = compare(*pair).differences
        assert "not_finite" in difference.message
        assert math.isinf(difference.by)


def test_infinities_of_other_signs_differ() -> None:
    assert compare(reading(a=part(math.inf)), reading(a=part(-math.inf))).outcome == "differs"


OBSTACLES: dict[str, dict[str, Any]] = {
    "one is of the kind loss, the other of metric": {"kind": "metric"},
    "recipe 1 of the kind loss, and recipe 2": {"recipe": 2},
}


@pytest.mark.parametrize(("reason", "changes"), OBSTACLES.items(), ids=str)
def test_other_recipes_and_kinds_cannot_be_compared(reason: str, changes: dict[str, Any]) -> None:
    one = reading(value=part(1.0))
    found = compare(one, replace(one, **changes))
    assert (found.outcome, found.reason, found.differences) == ("cannot be compared", reason, ())
    assert str(found) == f"cannot be compared: {reason}"


def test_another_version_of_torch_is_no_obstacle() -> None:
    one = reading(value=part(1.0))
    assert compare(one, replace(one, torch="9.9")).outcome == "same"


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (part(1.0), part(1.0, dtype="float32"), "dtype float64, now float32"),
        (part(1.0), part(1.0, 2.0), "shape (1,), now (1,2)"),
        (part(1.0), Part(raises="ValueError"), "raises none, now ValueError"),
        (part(2.0), part(1.5), "2, now 1.5, by 25 %"),
    ],
)
def test_the_message_says_what_differs(first: Part, second: Part, message: str) -> None:
    found = compare(reading(value=first), reading(value=second))
    assert message.replace("(1,2)", "(2,)") == found.differences[0].message


def test_parts_of_one_side_alone_differ_unless_the_other_was_cut() -> None:
    long, short = reading(a=part(1.0), b=part(2.0)), reading(a=part(1.0))
    assert compare(long, short).differences[0].message == "recorded, not there now"
    assert compare(short, long).differences[0].message == "not recorded, now there"
    cut = replace(short, cut=1)
    assert compare(long, cut).outcome == compare(cut, long).outcome == "same"


def test_the_worst_difference_is_named_with_the_number_of_others() -> None:
    found = compare(reading(a=part(1.0), b=part(1.0)), reading(a=part(1.1), b=part(2.0)))
    assert str(found) == "differs: b: 1, now 2, by 50 % (and 1 more of its parts)"
