"""Calls of layers as Keras 2, tf-keras and Keras 3 write them."""

from __future__ import annotations

from typing import Any

import pytest

from kplug.dialect.layer_calls import (
    LayerCall,
    Reference,
    find_generation,
    read_call,
    read_ends,
    read_value,
    write_keywords,
    write_value,
)
from kplug.errors import SpecError

A, B = Reference("a", 0, 0), Reference("b", 1, 2)


def _tensor(*history: Any) -> dict[str, Any]:
    config = {"shape": [None, 4], "dtype": "float32", "keras_history": list(history)}
    return {"class_name": "__keras_tensor__", "config": config}


@pytest.mark.parametrize(
    ("data", "args", "kwargs"),
    [
        ([["a", 0, 0, {}]], [A], {}),
        ([["a", 0, 0]], [A], {}),
        ([["a", 0, 0, {}], ["b", 1, 2, {}]], [[A, B]], {}),
        ([["a", 0, 0, {"training": True}]], [A], {"training": True}),
        # tf-keras: a call on one tensor without a list around it, tensors among keyword arguments,
        # constants, and inputs in a dict.
        (["a", 0, 0, {"y": 2.0}], [A], {"y": 2.0}),
        ([["a", 0, 0, {"mask": None, "value": ["b", 1, 2]}]], [A], {"value": B}),
        (["_CONSTANT_VALUE", -1, 3.0, {"y": ["a", 0, 0]}], [3.0], {"y": A}),
        ({"x": ["a", 0, 0, {}], "y": ["b", 1, 2, {}]}, [{"x": A, "y": B}], {}),
        # Keras 3
        ({"args": [_tensor("a", 0, 0)], "kwargs": {"mask": None}}, [A], {}),
        ({"args": [[_tensor("a", 0, 0)]], "kwargs": {"k": _tensor("b", 1, 2)}}, [[A]], {"k": B}),
    ],
)
def test_calls_are_read(data: Any, args: Any, kwargs: Any) -> None:
    call = read_call(data)
    assert (call.args, call.kwargs) == (args, kwargs)
    assert call.generation == (3 if isinstance(data, dict) and "args" in data else 2)


@pytest.mark.parametrize(
    "data",
    [
        *(None, 3, [], {}, ["a"], [["a", 0]], [["a", "b", 0]], [["a", 0, 0, 7]]),
        *({"args": {}}, {"args": [3], "kwargs": {}}, {"args": 1, "kwargs": {}}),
    ],
)
def test_other_forms_are_refused(data: Any) -> None:
    with pytest.raises(SpecError, match="does not say what a layer is called on"):
        read_call(data)


def test_objects_among_arguments_are_refused() -> None:
    with pytest.raises(
        SpecError, match="an argument of a call is a '__lambda__', which is not read"
    ):
        read_call({"args": [{"class_name": "__lambda__", "config": {}}], "kwargs": {}})


@pytest.mark.parametrize("value", [[slice(None, 3, 2), 0], [Ellipsis, None], {"a": [1.5, "x"]}])
def test_values_are_written_and_read(value: Any) -> None:
    assert read_value(write_value(value)) == value


def test_what_keras_3_writes_by_itself_is_left_out() -> None:
    """Keras writes training=False everywhere; what somebody gave is 0."""
    silent = {"args": [_tensor("a", 0, 0)], "kwargs": {"training": False, "mask": None}}
    assert read_call(silent).kwargs == {}
    assert read_call([["a", 0, 0, {"training": False}]]).kwargs == {"training": False}
    for given, written in ((False, 0), (True, True)):
        keywords = write_keywords({"training": given})
        assert keywords == {"training": written}
        assert type(keywords["training"]) is type(written)
        again = read_call({"args": [_tensor("a", 0, 0)], "kwargs": keywords})
        assert again.kwargs == {"training": written}


def test_ends_keep_their_form() -> None:
    assert read_ends(["a", 0, 0], 3) == read_ends(["a", 0, 0], 2) == A
    assert read_ends([["a", 0, 0]], 3) == [A]
    assert read_ends({"x": ["a", 0, 0], "y": [["b", 1, 2]]}, 2) == {"x": A, "y": [B]}


def test_keras_2_writes_a_single_end_as_a_list() -> None:
    assert read_ends([["a", 0, 0]], 2) == A
    assert read_ends([["a", 0, 0], ["b", 1, 2]], 2) == [A, B]
    calls = {"a": [], "b": [LayerCall([A], {}, 2)]}
    assert find_generation(calls) == 2
    assert find_generation({**calls, "c": [LayerCall([A], {}, 3)]}) == 3
    assert find_generation({"a": []}) == 3
