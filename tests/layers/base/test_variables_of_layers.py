"""Weights are variables, and variables are weights: of kplug's layers, of users' layers and models."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kplug import Input, Layer, Model, Sequential, Variable, layers

X = np.arange(12, dtype="float32").reshape(4, 3)


class Running(Layer):
    """As in Keras's guide to layers: a sum over all inputs so far."""

    def __init__(self, size: int, **options: Any) -> None:
        super().__init__(**options)
        self.total = Variable("zeros", shape=(size,), trainable=False)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        self.total.assign_add(inputs.sum(0))
        return self.total * 1.0


class Scaled(Model):
    """A model with variables of its own beside those of a layer."""

    def __init__(self) -> None:
        super().__init__(name="scaled")
        self.inner = layers.Dense(2, name="inner")
        self.scale = Variable([1.0, 2.0], name="mine")
        self.count = Variable(0.0, trainable=False, name="count")

    def call(self, inputs: torch.Tensor) -> Any:
        self.count.assign_add(1.0)
        return self.inner(inputs) * self.scale


def list_paths(model: Any) -> list[str]:
    return [weight.path for weight in model.variables]


def make_attention() -> Model:
    inputs = Input((4, 3))
    attended = layers.MultiHeadAttention(1, 2, name="a")(inputs, inputs)
    return Model(inputs, layers.LSTM(2, name="l")(attended))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (
            lambda: Sequential([Input((3,)), layers.Dense(2, name="d")], name="s"),
            ["s/d/kernel", "s/d/bias"],
        ),
        (
            make_attention,
            [
                *("a/query/kernel", "a/query/bias", "a/key/kernel", "a/key/bias"),
                *("a/value/kernel", "a/value/bias"),
                *("a/attention_output/kernel", "a/attention_output/bias"),
                *("l/lstm_cell/kernel", "l/lstm_cell/recurrent_kernel", "l/lstm_cell/bias"),
            ],
        ),
    ],
)
def test_paths_are_those_of_keras(make: Any, expected: list[str]) -> None:
    assert list_paths(make()) == expected  # keras.Model.variables[…].path


def test_variables_of_a_model_are_its_weights_trained_saved_and_loaded(tmp_path: Path) -> None:
    model: Any = Scaled()
    model.compile("sgd", "mean_squared_error")
    model.fit(X, X[:, :2], verbose=0)
    assert list_paths(model) == ["mine", "count", "scaled/inner/kernel", "scaled/inner/bias"]
    assert [weight.name for weight in model.trainable_variables] == ["mine", "kernel", "bias"]
    assert [weight.name for weight in model.non_trainable_variables] == ["count"]
    assert model.scale.numpy().tolist() != [1.0, 2.0]
    assert model.count.item() == 1.0
    model.save_weights(tmp_path / "scaled.weights.h5")
    other = Scaled()
    other(X)
    other.load_weights(tmp_path / "scaled.weights.h5")
    for left, right in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_layer_assigns_to_its_variables_while_it_is_called() -> None:
    layer = Running(3)
    assert layer(X).tolist() == [18.0, 22.0, 26.0]
    assert layer(X).tolist() == [36.0, 44.0, 52.0]
    symbolic = Sequential([Input((3,)), Running(3)])  # shapes are found without values
    assert symbolic.layers[-1].output_shape == (3,)


@pytest.mark.parametrize(
    "changed",
    [copy.deepcopy, lambda layer: layer.double(), lambda layer: layer.to("meta")],
    ids=["deepcopy", "double", "meta"],
)
def test_weights_stay_variables(changed: Any) -> None:
    layer = layers.BatchNormalization(input_shape=(3,), name="norm")
    layer.build_for((None, 3))
    for weight in changed(layer).weights:
        assert isinstance(weight, Variable)
        assert weight.path.startswith("norm/")


def test_a_frozen_layer_freezes_the_variables_that_its_author_set() -> None:
    model = Scaled()
    model.trainable = False
    assert not model.scale.trainable
    model.trainable = True
    assert model.scale.trainable
    assert not model.count.trainable


def test_setting_a_variable_again_replaces_the_weight() -> None:
    model = Scaled()
    model.count = Variable(5.0, trainable=False, name="other")
    assert list_paths(model) == ["mine", "other"]
    model.count = None  # type: ignore[assignment]
    assert list_paths(model) == ["mine"]


def test_torch_compile_takes_a_model_with_variables() -> None:
    model = Sequential([Input((3,)), layers.Dense(2)])
    compiled = torch.compile(model, backend="aot_eager")
    inputs = torch.as_tensor(X)
    torch.testing.assert_close(compiled(inputs), model(inputs))


def test_a_replica_of_torch_runs_with_plain_tensors() -> None:
    model = Sequential([Input((3,)), layers.Dense(2)])
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    made = torch.func.functional_call(model, state, torch.as_tensor(X))
    torch.testing.assert_close(made, model(X))
