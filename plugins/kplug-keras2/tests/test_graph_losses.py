"""Losses and metrics that use tensors of the model's graph, as Keras 2's examples of autoencoders do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from kplug_keras2.models.graph_losses import follow_graph

import kplug

CHANCE = np.random.default_rng(0)
X = CHANCE.normal(size=(8, 3)).astype("float32")


def make_chain(keras: Any, is_sequential: bool = False) -> tuple[Any, Any, Any]:
    """Return a model of two layers without biases, and what the first one makes."""
    layers = keras.layers
    if is_sequential:
        first, last = layers.Dense(2, use_bias=False, input_dim=3), layers.Dense(3, use_bias=False)
        model = keras.models.Sequential([first, last])
        return model, model.input, first.output
    x = layers.Input((3,))
    hidden = layers.Dense(2, use_bias=False)(x)
    y = layers.Dense(3, use_bias=False)(hidden)
    return keras.models.Model(x, y), x, hidden


def step_by_hand(first: Any, second: Any) -> tuple[Any, Any, float]:
    """Return both kernels after one step of a rate of 0.1, and the loss before it, in double precision."""
    weights = [
        torch.tensor(one, dtype=torch.float64, requires_grad=True) for one in (first, second)
    ]
    x = torch.tensor(X, dtype=torch.float64)
    hidden = x @ weights[0]
    loss = (((hidden @ weights[1] - x) ** 2).mean(1) + (hidden**2).sum(1)).mean()
    gradients = torch.autograd.grad(loss, weights)
    new = [(one - 0.1 * by).detach().numpy() for one, by in zip(weights, gradients, strict=True)]
    return new[0], new[1], float(loss.detach())


@pytest.mark.parametrize("is_sequential", [False, True])
def test_a_loss_trains_the_layers_whose_outputs_it_uses(
    installed: Any, is_sequential: bool
) -> None:
    K = installed.backend
    model, _, hidden = make_chain(installed, is_sequential)

    def penalised(y_true: Any, y_pred: Any) -> Any:
        penalty = K.sum(K.square(hidden), axis=-1)
        return installed.objectives.mean_squared_error(y_true, y_pred) + penalty

    model.compile(installed.optimizers.SGD(lr=0.1), penalised)
    first, second, loss = step_by_hand(*model.get_weights())
    assert model.train_on_batch(X, X) == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], first, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], second, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("is_sequential", [False, True])
def test_a_loss_differentiates_by_an_input(installed: Any, is_sequential: bool) -> None:
    K = installed.backend
    model, x, _ = make_chain(installed, is_sequential)

    def steep(y_true: Any, y_pred: Any) -> Any:
        (slope,) = K.gradients(K.sum(y_true * y_pred), x)
        return K.sum(K.square(slope), axis=-1) + 0.0 * K.sum(y_pred, axis=-1)

    model.compile(installed.optimizers.SGD(lr=0.1), steep)
    weights = [torch.tensor(one, requires_grad=True) for one in model.get_weights()]
    product = torch.tensor(X) @ (weights[0] @ weights[1]).T
    loss = product.square().sum(1).mean()
    gradients = torch.autograd.grad(loss, weights)
    for place in range(2):
        assert model.train_on_batch(X, X) == pytest.approx(loss.item(), rel=1e-4)
        if place == 0:
            new = [one - 0.1 * by for one, by in zip(weights, gradients, strict=True)]
            loss = (torch.tensor(X) @ (new[0] @ new[1]).T).square().sum(1).mean()


def test_a_loss_runs_a_step_over_time_with_views_of_weights(installed: Any) -> None:
    K, layers = installed.backend, installed.layers
    model = installed.models.Sequential()
    model.add(layers.Dense(2, use_bias=False, input_shape=(4, 3)))

    def chained(y_true: Any, y_pred: Any) -> Any:
        def step(now: Any, states: Any) -> Any:
            start = K.cast(states[1][0, 0], "int32")
            size = K.sum(K.slice(states[2], [0, 0, start], [-1, -1, 1]) ** 2)
            total = states[0] + K.sum(now, axis=-1, keepdims=True) * size
            return total, [total, states[1]]

        layer = y_pred._keras_history[0]
        zeros = K.zeros_like(y_pred[:, 0, :1])
        constants = [K.expand_dims(layer.kernel, 0)]
        last, every, states = K.rnn(step, y_pred, [zeros, zeros], constants=constants)
        assert len(states) == 2
        return K.square(last[:, 0]) + 0 * K.sum(every, axis=[1, 2])

    model.compile(installed.optimizers.SGD(lr=0.001), chained)
    rows = np.random.default_rng(1).normal(size=(8, 4, 3)).astype("float32")
    for _ in range(3):
        weight = model.get_weights()[0].astype("float64")
        wanted = np.square((rows @ weight).sum((1, 2)) * np.square(weight[:, 0]).sum()).mean()
        assert model.train_on_batch(rows, rows[:, :, :2]) == pytest.approx(wanted, rel=1e-4)


def test_values_of_weights_that_would_stay_are_refused(installed: Any) -> None:
    K = installed.backend
    model, _, hidden = make_chain(installed)

    def squared(y_true: Any, y_pred: Any) -> Any:
        penalty = K.sum(hidden, -1) * K.sum(K.square(model.layers[1].kernel))
        return K.sum(K.square(y_true - y_pred), -1) + penalty

    with pytest.raises(kplug.KplugError, match="squared computes with weights beside tensors"):
        model.compile("sgd", squared)


def test_loss_and_metric_see_the_run_that_made_the_outputs(installed: Any) -> None:
    K, layers = installed.backend, installed.layers
    x = layers.Input((3,))
    noisy = layers.GaussianNoise(1.0)(layers.Dense(3)(x))
    model = installed.models.Model(x, layers.Activation("linear")(noisy))

    def distance(y_true: Any, y_pred: Any) -> Any:
        return K.sum(K.square(y_pred - noisy), axis=-1)

    def spread(y_true: Any, y_pred: Any) -> Any:
        return K.mean(K.square(noisy))

    model.compile("sgd", distance, metrics=[spread, "mse"])
    loss, noise, squares = model.train_on_batch(X, np.zeros_like(X))
    assert (loss, noise) == (0, pytest.approx(squares, rel=1e-5))
    assert noise > 0
    assert model.metrics_names == ["loss", "spread", "mse"]


def test_a_loss_uses_another_input_of_the_model(installed: Any) -> None:
    layers = installed.layers
    x, weight = layers.Input((3,)), layers.Input((1,))
    model = installed.models.Model([x, weight], layers.Activation("linear")(x))

    def weighted(y_true: Any, y_pred: Any) -> Any:
        return installed.backend.mean(installed.backend.square(y_true - y_pred) * weight, axis=-1)

    model.compile("sgd", weighted)
    factors = np.arange(8.0).reshape(8, 1)
    wanted = (np.square(X) * factors).mean()
    assert model.evaluate([X, factors], np.zeros_like(X), verbose=0) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("form", "share_of_a"),
    [(lambda one: one, 0), (lambda one: ["mse", one], 1), (lambda one: {"b": one}, 0)],
)
def test_each_output_has_its_own(installed: Any, form: Any, share_of_a: int) -> None:
    _, x, hidden = make_chain(installed)
    a, b = installed.layers.Activation("linear", name="a"), installed.layers.Dense(2, name="b")
    model = installed.models.Model(x, [a(hidden), b(hidden)])
    model.compile("sgd", form(lambda y_true, y_pred: installed.backend.square(y_pred - hidden)))
    targets = [np.zeros((8, 2))] * 2
    hidden_values, b_values = model.predict(X)
    wanted = share_of_a * np.square(hidden_values).mean()
    wanted += np.square(b_values - hidden_values).mean()
    found = np.ravel(model.evaluate(X, targets, verbose=0))[0]
    assert found == pytest.approx(wanted, rel=1e-5)


def test_other_functions_stay_what_they_are(installed: Any) -> None:
    model, *_ = make_chain(installed)

    def plain(y_true: Any, y_pred: Any) -> Any:
        return installed.backend.abs(y_pred - y_true)

    def reads_values(y_true: Any, y_pred: Any) -> Any:
        return (y_pred - float(y_true.max())).abs()

    for one in ("mse", plain, reads_values, [plain], {"dense": plain}, None):
        assert follow_graph(model, one) == one
    assert not model.losses
