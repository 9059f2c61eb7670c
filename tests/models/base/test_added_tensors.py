"""Losses and metrics that are added to a model: symbolic tensors, tensors in ``call``, functions."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug import Input, Layer, Model, Sequential, layers, ops
from kplug.errors import ArgumentValueError, ContractError, GraphError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 3)).astype("float32")
Y = RNG.normal(size=(12, 2)).astype("float32")


def make(library: Any) -> Any:
    """Two outputs' worth of layers: a code, and what is made of it."""
    inputs = library.Input((3,))
    code = library.layers.Dense(2, activation="tanh", name="code")(inputs)
    return inputs, code, library.layers.Dense(3, name="made")(code)


class WithPenalty(keras.Model):  # type: ignore[misc]
    """The oracle: Keras 3 adds losses in ``call`` alone."""

    def __init__(self) -> None:
        super().__init__()
        inputs, code, made = make(keras)
        self.inner = keras.Model(inputs, [code, made])

    def call(self, inputs: Any) -> Any:
        code, made = self.inner(inputs)
        self.add_loss(keras.ops.mean((made - inputs) ** 2))
        self.add_loss(0.1 * keras.ops.mean(code**2))
        return made


def make_with_losses() -> Any:
    inputs, code, made = make(kplug)
    model = Model(inputs, made)
    model.add_loss(ops.mean((made - inputs) ** 2))
    model.add_loss([0.1 * ops.mean(code**2)])
    return model


JIT = [False, pytest.param(True, marks=pytest.mark.slow)]  # torch's compiler takes seconds


@pytest.mark.filterwarnings("ignore:.*__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("jit_compile", JIT)
def test_a_model_trains_on_symbolic_losses_alone(jit_compile: bool) -> None:
    ours, theirs = make_with_losses(), WithPenalty()
    theirs(X)
    ours.set_weights(theirs.get_weights())
    ours.compile(kplug.optimizers.SGD(0.1), jit_compile=jit_compile)
    theirs.compile(keras.optimizers.SGD(0.1))
    options: Any = {"epochs": 3, "batch_size": 4, "shuffle": False, "verbose": 0}
    made = ours.fit(X, None, validation_data=(X[:4], None), **options).history
    expected = theirs.fit(X, Y, validation_data=(X[:4], Y[:4]), **options).history
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(made[name], expected[name], rtol=1e-5)
    for left, right in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-6)


def test_one_draw_serves_outputs_and_losses() -> None:
    inputs = Input((3,))
    noisy = layers.GaussianNoise(1.0)(inputs)
    model = Model(inputs, noisy)
    model.add_loss(ops.sum(noisy))
    outputs = model(torch.ones(2, 3), training=True)
    torch.testing.assert_close(model.losses[0], outputs.sum())


def test_a_loss_is_summed_as_in_keras() -> None:
    inputs = Input((3,))
    model = Model(inputs, inputs * 2.0)
    model.add_loss(inputs)
    model(torch.ones(2, 3))
    assert [loss.item() for loss in model.losses] == [6.0]


def test_what_depends_on_weights_outside_of_the_model_is_refused() -> None:
    inputs, code, made = make(kplug)
    model = Model(inputs, made)
    with pytest.raises(GraphError) as caught:
        model.add_loss(ops.mean(layers.Dense(1, name="other")(code)))
    assert str(caught.value) == (
        f"what was added to model {model.name!r} depends on layer 'other', which has weights and is not in "
        "the model\n"
        "  Only what computes the outputs is trained and saved: make the model with a tensor of that layer "
        "among its outputs."
    )
    with pytest.raises(GraphError, match="graph disconnected"):
        model.add_loss(ops.mean(Input((3,))))
    assert model(torch.ones(2, 3)).shape == (2, 3)
    assert model.losses == []


def test_a_file_says_that_it_holds_no_symbolic_losses() -> None:
    model = make_with_losses()
    with pytest.warns(
        UserWarning, match="no configuration holds what add_loss and add_metric were"
    ):
        config = model.get_config()
    assert len(Model.from_config(config).layers) == 3


class Penalised(Layer):
    """A layer with a loss of its outputs, one of its weights and a metric."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight("scale", input_shape[-1:], initializer="ones")
        self.add_loss(lambda: 0.5 * (self.scale**2).sum())

    def call(self, inputs: Any) -> Any:
        outputs = inputs * self.scale
        self.add_loss(outputs.square().mean())
        self.add_metric(outputs.mean(), name="level")
        return outputs


def test_functions_are_called_with_each_call_of_the_layer() -> None:
    layer = Penalised()
    for _ in range(2):
        layer(torch.full((2, 3), 2.0))
        assert sorted(loss.item() for loss in layer.losses) == [1.5, 4.0]


@pytest.mark.parametrize("jit_compile", JIT)
def test_metrics_of_layers_are_in_the_logs_of_each_epoch(jit_compile: bool) -> None:
    model = Sequential([Input((3,)), Penalised()])
    model.compile(kplug.optimizers.SGD(0.0), jit_compile=jit_compile)
    history = model.fit(
        X, None, epochs=3, batch_size=4, verbose=0, validation_data=(X, None)
    ).history
    for name in ("level", "val_level"):
        np.testing.assert_allclose(history[name], [X.mean()] * 3, rtol=1e-5)


def test_symbolic_metrics_are_means_over_an_epoch() -> None:
    inputs = Input((3,))
    model = Model(inputs, layers.Dense(2)(inputs))
    model.add_metric(ops.mean(inputs), name="level", aggregation="mean")
    model.compile("sgd", "mse")
    history = model.fit(X, Y, epochs=2, batch_size=4, verbose=0).history
    assert sorted(history) == ["level", "loss"]
    np.testing.assert_allclose(history["level"], [X.mean()] * 2, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda layer: layer.add_loss(Input((3,))),
            GraphError,
            "layer 'dense': add_loss got a symbolic tensor, which belongs to a graph and to no layer\n"
            "  Add it to the model that has the graph: model.add_loss(…) of Model(inputs, outputs).",
        ),
        (
            lambda layer: layer.add_loss(1.0),
            ContractError,
            "layer 'dense': add_loss got a float, and takes a tensor\n"
            "  Compute it in call from the inputs or the weights.",
        ),
        (
            lambda layer: layer.add_metric(torch.ones(1)),
            ArgumentValueError,
            "Dense.add_metric: argument 'name' is None; allowed: a string that is not empty",
        ),
        (
            lambda layer: layer.add_metric(torch.ones(1), "level", "max"),
            ArgumentValueError,
            "Dense.add_metric: argument 'aggregation' is 'max'; allowed: 'mean'",
        ),
    ],
)
def test_what_layers_do_not_take_is_refused(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error) as caught:
        call(layers.Dense(1, name="dense"))
    assert str(caught.value) == message
