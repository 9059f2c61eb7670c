"""Arrays in the order of a model's inputs and outputs, and what fits none of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from kplug import Model, layers
from kplug.errors import DataError
from kplug.training.data.matching import arrange_inputs, arrange_targets, arrange_weights
from tests.told import telling

A, B, C = torch.zeros(4, 3), torch.ones(4, 2), torch.full((4,), 2.0)


def make_model(shapes: Any, inputs: Any = (), outputs: Any = ()) -> Any:
    return SimpleNamespace(
        name="net",
        compiled=None,
        input_count=None,
        input_names=inputs,
        output_names=outputs,
        find_input_shape=lambda: shapes,
    )


ONE = make_model((None, 3), ["image"], ["score"])
NAMELESS = make_model((None, 3))
TWO = make_model([(None, 3), (None, 2)], ["left", "right"], ["score", "kind"])
BY_NAME = make_model({"right": (None, 2), "left": (None, 3)}, ["left", "right"], ["score", "kind"])


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return list(found) == list(expected) and same(list(found.values()), list(expected.values()))
    if isinstance(expected, list):
        return isinstance(found, list) and all(map(same, found, expected))
    return found is expected


@pytest.mark.parametrize(
    ("model", "given", "expected"),
    [
        (ONE, A, A),
        (ONE, [A], A),
        (ONE, {"image": A}, A),
        (NAMELESS, [A], A),
        (TWO, [A, B], [A, B]),
        (TWO, {"right": B, "left": A}, [A, B]),
        (BY_NAME, {"left": A, "right": B}, {"right": B, "left": A}),
        (BY_NAME, [B, A], {"right": B, "left": A}),
        (make_model(None), [A, B], [A, B]),
        (make_model(None), {"x": A}, {"x": A}),
        (make_model(None), [A], A),
    ],
)
def test_inputs_come_as_the_model_takes_them(model: Any, given: Any, expected: Any) -> None:
    assert same(arrange_inputs(model, given, "fit"), expected)


@pytest.mark.parametrize("form", ["evaluate", "predict", "generator"])
def test_what_a_dict_has_beside_the_inputs_is_told_of_once(form: str) -> None:
    inputs = [layers.Input((2,), name=name) for name in ("left", "right")]
    model = Model(inputs, layers.Add()(inputs), name="net")
    x = {name: np.ones((4, 2)) for name in ("left", "wrong", "right", "id")}

    def run() -> Any:
        if form == "evaluate":
            model.compile("sgd", "mse")
            return model.evaluate(x, np.ones((4, 2)), verbose=0)
        if form == "generator":
            return model.predict((x for _ in range(2)), verbose=0)
        return model.predict(x, verbose=0)

    with telling() as told:
        run()
        run()
    method = "evaluate" if form == "evaluate" else "predict"
    assert told == [
        f"{method}: x has 'wrong', 'id', and model 'net' has no input of that name, so it is not used. Its "
        "inputs are: 'left', 'right'."
    ]


@pytest.mark.parametrize(
    ("model", "given", "text"),
    [
        (
            ONE,
            [A, A],
            "fit: x is a list of 2 arrays, but model 'net' has 1 input\n"
            "  Inputs and targets are two arguments, as in fit(x, y); np.stack makes one array of a "
            "list of samples.",
        ),
        (
            ONE,
            [A, B],
            "fit: x is a list of 2 arrays, but model 'net' has 1 input\n"
            "  Inputs and targets are two arguments, as in fit(x, y).",
        ),
        (
            NAMELESS,
            {"image": A},
            "fit: x is a dict, but the inputs of model 'net' have no names\n"
            "  Pass the array itself, or a list of arrays.",
        ),
        (
            TWO,
            [A, B, C],
            "fit: x is a list of 3 arrays, but model 'net' has 2 inputs: 'left', 'right'",
        ),
        (
            TWO,
            A,
            "fit: x is one array, but model 'net' has 2 inputs: 'left', 'right'\n"
            "  Give a list of arrays in that order, or a dict by name.",
        ),
        (
            TWO,
            {"left": A, "rihgt": B},
            "fit: x has no array for input 'right' of model 'net'\n"
            "  There is no input 'rihgt'. Did you mean 'right'? Its inputs are: 'left', 'right'.",
        ),
        (
            BY_NAME,
            {"left": A},
            "fit: x has no array for input 'right' of model 'net'\n"
            "  Its inputs are: 'right', 'left'.",
        ),
        (TWO, [A, None], "fit: x['right'] is None"),
    ],
)
def test_inputs_that_do_not_fit(model: Any, given: Any, text: str) -> None:
    with pytest.raises(DataError) as caught:
        arrange_inputs(model, given, "fit")
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("model", "given", "expected"),
    [
        (ONE, C, C),
        (ONE, {"score": C}, C),
        (NAMELESS, [C], C),
        (TWO, [A, C], [A, C]),
        (TWO, [A, None], [A, None]),
        (TWO, {"kind": C}, [None, C]),
        (TWO, None, None),
    ],
)
def test_targets_come_in_the_order_of_the_outputs(model: Any, given: Any, expected: Any) -> None:
    assert same(arrange_targets(model, given, "fit"), expected)


@pytest.mark.parametrize(
    ("model", "given", "text"),
    [
        (
            TWO,
            {"score": C, "knid": C},
            "fit: y has an array 'knid', but model 'net' has no output of that name. Did you mean "
            "'kind'?\n  Its outputs are: 'score', 'kind'.",
        ),
        (
            TWO,
            [C],
            "fit: y is a list of 1 array, but model 'net' has 2 outputs: 'score', 'kind'",
        ),
        (
            TWO,
            C,
            "fit: y is one array, but model 'net' has 2 outputs: 'score', 'kind'\n"
            "  Give a list of arrays in that order, or a dict by name.",
        ),
        (
            NAMELESS,
            [C, C],
            "fit: y is a list of 2 arrays, but model 'net' has 1 output\n"
            "  A model that returns several outputs says so: set self.output_names = ['…', …] in "
            "its constructor; np.stack makes one array of a list of samples.",
        ),
    ],
)
def test_targets_that_do_not_fit(model: Any, given: Any, text: str) -> None:
    with pytest.raises(DataError) as caught:
        arrange_targets(model, given, "fit")
    assert str(caught.value) == text


def test_weights_count_for_one_output_or_for_all() -> None:
    assert arrange_weights(ONE, C, "fit") is C
    assert same(arrange_weights(TWO, C, "fit"), [C, C])
    assert same(arrange_weights(TWO, {"kind": C}, "fit"), [None, C])
    with pytest.raises(DataError, match="sample_weight has an array 'kind_'"):
        arrange_weights(TWO, {"kind_": C}, "fit")
