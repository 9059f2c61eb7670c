"""A function as a layer: what it computes, and by which names it is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import Tensor

import kplug
from kplug.errors import ContractError, UnknownComponentError, WeightsError
from kplug.layers import Dense, Input, Lambda
from kplug.models import Model, load_model

X = torch.tensor([[1.0, -2.0], [3.0, 4.0]])


def double(x: Tensor) -> Tensor:
    return 2 * x


def shift(x: Tensor, by: float) -> Tensor:
    return x + by


@pytest.fixture
def registered() -> Iterator[None]:
    """Offer ``double`` and ``shift`` under names for the length of a test."""
    with kplug.scope(activations={"double": double, "shift": shift}):
        yield


def _model(layer: Lambda) -> Any:
    return kplug.Sequential([Dense(2, input_shape=(2,), name="dense"), layer])


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Lambda(double), 2 * X),
        (Lambda(shift, arguments={"by": 3.0}), X + 3),
        (Lambda(lambda x, training: x if training else -x), -X),
        (Lambda(torch.abs), X.abs()),
        (Lambda("relu"), X.relu()),
        (Lambda("relu(max_value=3)"), X.clamp(0, 3)),
    ],
    ids=["function", "arguments", "training", "torch", "name", "spec"],
)
def test_outputs(layer: Lambda, expected: Tensor) -> None:
    torch.testing.assert_close(layer(X), expected)


def test_several_inputs_and_outputs() -> None:
    add, split = Lambda(lambda pair: pair[0] + pair[1]), Lambda(lambda x: [x[:, :1], x[:, 1:]])
    first, second = Input((2,)), Input((2,))
    model = Model([first, second], split(add([first, second])))
    left, right = model([X, X])
    torch.testing.assert_close((left, right), (2 * X[:, :1], 2 * X[:, 1:]))


@pytest.mark.parametrize(
    ("output_shape", "expected"),
    [(None, (None, 1)), ((7,), (None, 7)), (lambda shape: (shape[0], 9), (None, 9))],
    ids=["found", "given", "function"],
)
def test_output_shape(output_shape: Any, expected: Any) -> None:
    outputs = Lambda(lambda x: x.sum(1, keepdim=True), output_shape=output_shape)(Input((2,)))
    assert outputs.shape == expected


@pytest.mark.parametrize(
    "mask", [[[True, False]], lambda inputs, mask: ~mask], ids=["given", "made"]
)
def test_mask(mask: Any, masked: Any, mask_of: Any) -> None:
    given = mask if callable(mask) else torch.tensor(mask)
    made = Lambda(double, mask=given)(masked(torch.ones(1, 2, 3), [0, 1]))
    assert mask_of(made).tolist() == [[True, False]]


def test_the_function_is_given_the_mask(masked: Any) -> None:
    layer = Lambda(lambda x, mask: x * mask[..., None], mask=lambda inputs, mask: mask)
    assert layer(masked(torch.ones(1, 2, 1), [0, 1])).flatten().tolist() == [0.0, 1.0]


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    "make",
    [lambda: Lambda(double), lambda: Lambda("double"), lambda: Lambda(shift, arguments={"by": 3})],
    ids=["function", "name", "arguments"],
)
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_registered_function_is_stored_by_its_name(
    make: Any, suffix: str, tmp_path: Path
) -> None:
    model = _model(make())
    model.save(tmp_path / f"model.{suffix}")
    again = load_model(tmp_path / f"model.{suffix}", compile=False)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    assert again.layers[1].get_config() == model.layers[1].get_config()


def test_what_was_loaded_is_saved_again_without_the_scope(tmp_path: Path) -> None:
    with kplug.scope(activations={"double": double}):
        _model(Lambda(double)).save(tmp_path / "first.keras")
    again = load_model(tmp_path / "first.keras", custom_objects={"double": double})
    again.save(tmp_path / "second.keras")
    with pytest.raises(UnknownComponentError, match="'custom/double' was an activation defined in"):
        load_model(tmp_path / "second.keras")


def test_other_functions_are_refused_before_a_file_is_touched(tmp_path: Path) -> None:
    model = _model(Lambda(double, name="twice"))
    with pytest.raises(ContractError) as caught:
        model.save(tmp_path / "model.keras")
    assert str(caught.value) == (
        "layer 'twice' cannot be described: its function is code without a name\n"
        "  Register it here and where the file is loaded, under a name of its own: "
        "kplug.register('activation', 'double', …); or write a Layer; or save the weights alone, with "
        "save_weights."
    )
    assert list(tmp_path.iterdir()) == []
    model.save_weights(tmp_path / "model.weights.h5")


@pytest.mark.usefixtures("registered")
def test_keras_reads_the_name_and_we_read_its() -> None:
    theirs_of: Any = keras.saving.register_keras_serializable("custom", "double")(double)
    config = json.loads(_model(Lambda(double)).to_json())
    entry = next(each for each in config["config"]["layers"] if each["class_name"] == "Lambda")
    theirs = keras.saving.deserialize_keras_object(entry)
    np.testing.assert_array_equal(theirs(X).numpy(), 2 * X)
    ours = kplug.layers.deserialize(
        keras.saving.serialize_keras_object(keras.layers.Lambda(theirs_of))
    )
    torch.testing.assert_close(ours(X), 2 * X)


@pytest.mark.parametrize(
    "config",
    [
        keras.layers.Lambda(lambda x: x).get_config(),
        {"function": ["4wEA", None, None], "function_type": "lambda"},
        {"function": "relu", "output_shape": ["4wEA"], "output_shape_type": "lambda"},
        {"function": "relu", "mask": {"class_name": "__lambda__", "config": {"code": "4wEA"}}},
    ],
    ids=["keras3", "keras2", "output_shape", "mask"],
)
def test_code_in_a_configuration_is_refused(config: Any) -> None:
    entry = {"module": "keras.layers", "class_name": "Lambda", "config": config}
    with pytest.raises(WeightsError, match="the file holds Python code, a "):
        kplug.layers.deserialize(entry)


def test_what_is_no_function() -> None:
    with pytest.raises(ContractError, match="Lambda takes a function, got 3"):
        Lambda(3)  # type: ignore[arg-type]
    with pytest.raises(UnknownComponentError, match="'relux'"):
        Lambda("relux")
