"""Specs as text: what is written reads back as what it was."""

from __future__ import annotations

import enum
import math
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kplug.errors import SpecError
from kplug.registry.spec import MAX_BYTES, MAX_DEPTH, Spec, parse_spec
from kplug.registry.spec.formatting import format_value, is_literal
from kplug.registry.spec.model import depth_of


class Colour(str, enum.Enum):
    RED = "red"


class Count(enum.IntEnum):
    TWO = 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (3, "3"),
        (-0.0, "-0.0"),
        (1e-5, "1e-05"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        ("it's", '"it\'s"'),
        ("\ud800", "'\\ud800'"),
        ((), "()"),
        ((1,), "(1,)"),
        ([1, [2]], "[1, [2]]"),
        ({"a": {1: math.inf}}, "{'a': {1: inf}}"),
        ({math.inf: 1, -math.inf: 2, None: 3}, "{inf: 1, -inf: 2, None: 3}"),
        (Colour.RED, "'red'"),
        (Count.TWO, "2"),
        (Spec("a", (1,), {"b": 2}), "a(1, b=2)"),
        (Spec("3d-losses/x", kwargs={"b": 2}), "{'name': '3d-losses/x', 'args': {'b': 2}}"),
        (Spec("a-b/c"), "a-b/c"),
        (Spec("inf"), "{'name': 'inf', 'args': {}}"),
        (Spec("class"), "{'name': 'class', 'args': {}}"),
    ],
)
def test_values(value: Any, text: str) -> None:
    assert format_value(value) == text
    assert parse_spec(f"f({text})") == Spec("f", (value,))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"x", "a bytes cannot be written in a spec"),
        (1j, "a complex cannot be written in a spec"),
        ({1, 2}, "a set cannot be written in a spec"),
        (abs, "a builtin_function_or_method cannot be written in a spec"),
        ({(1, 2): 3}, "a tuple cannot be the key of a dict in a spec"),
    ],
)
def test_what_is_no_literal_cannot_be_written(value: Any, message: str) -> None:
    assert not is_literal(value)
    with pytest.raises(SpecError, match=re.escape(message)):
        str(Spec("f", (value,)))


def test_positional_arguments_of_an_unwritable_nested_reference() -> None:
    spec = Spec("f", (Spec("3d-losses/x", (1,)),))
    with pytest.raises(SpecError, match="positional arguments of the nested '3d-losses/x' cannot"):
        str(spec)


def test_integer_that_is_too_long_for_decimal_digits_reads_back() -> None:
    spec = parse_spec(f"f(0x{'f' * 4000})")
    assert parse_spec(str(spec)) == spec


_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
_DISTRIBUTIONS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True)
_REFS = (
    _NAMES
    | st.builds("{}/{}".format, _DISTRIBUTIONS, _NAMES)
    | st.sampled_from(["3d-losses/x", "kplug/adam", "inf", "nan", "None/x", "if-else/x", "a.5/x"])
)
_KEYS = st.sampled_from(["a", "learning_rate", "_x", "name", "args", "X9"])
_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
_DICT_KEYS = st.none() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)


def _containers(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(values, max_size=3)
        | st.lists(values, max_size=3).map(tuple)
        | st.dictionaries(_DICT_KEYS, values, max_size=3)
        | st.builds(Spec, _REFS, kwargs=st.dictionaries(_KEYS, values, max_size=3))
    )


_VALUES = st.recursive(_PLAIN, _containers, max_leaves=8)
_SPECS = st.builds(
    Spec,
    _REFS,
    args=st.lists(_VALUES, max_size=3).map(tuple),
    kwargs=st.dictionaries(_KEYS, _VALUES, max_size=4),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_SPECS)
def test_what_is_written_reads_back(spec: Spec) -> None:
    text = str(spec)
    if len(text.encode()) <= MAX_BYTES:
        assert parse_spec(text) == spec


@pytest.mark.parametrize("ref", ["wrap", "3d-losses/wrap", "a-b/wrap"])
def test_the_deepest_spec_reads_back(ref: str) -> None:
    spec = Spec(ref)
    for _ in range(MAX_DEPTH - 1):
        spec = Spec(ref, kwargs={"inner": spec})
    assert depth_of(spec) == MAX_DEPTH
    assert parse_spec(str(spec)) == spec


def test_dict_with_keys_called_name_and_args_reads_back() -> None:
    inner: dict[str, Any] = {"name": "b", "args": {"c": [1]}}
    spec = Spec("f", kwargs={"x": Spec("3d-losses/a", kwargs=inner)})
    assert parse_spec(str(spec)) == spec
