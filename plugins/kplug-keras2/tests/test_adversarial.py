"""Optimizers and gradients in scripts for adversarial and reinforcement learning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from kplug_keras2.symbolic.weight_expressions import WeightExpressions

import kplug

X, Y = np.random.default_rng(0).normal(size=(4, 3)).astype("float32"), np.ones((4, 1), "float32")


def make_model(keras: Any, optimizer: Any) -> Any:
    model = keras.models.Sequential([keras.layers.Dense(1, kernel_initializer="ones", input_dim=3)])
    model.compile(optimizer, "mse")
    return model


def train(model: Any) -> Any:
    for _ in range(2):
        model.train_on_batch(X, Y)
    return model.get_weights()


def test_models_with_one_optimizer_have_averages_of_their_own(installed: Any) -> None:
    shared = installed.optimizers.Adam(0.1, 0.5)
    first, second = (make_model(installed, shared) for _ in "ab")
    alone = make_model(installed, installed.optimizers.Adam(0.1, 0.5))
    for model in (first, second):
        for ours, wanted in zip(train(model), train(alone), strict=True):
            np.testing.assert_allclose(ours, wanted, rtol=1e-6)
        alone = make_model(installed, installed.optimizers.Adam(0.1, 0.5))
    assert first.optimizer is shared
    first.compile(shared, "mae")
    assert first.optimizer is shared


def make_old_rule(keras: Any) -> Any:
    """Return an optimizer as Keras 1 had them: weights first, and pairs as updates."""
    K = keras.backend

    class Old(keras.optimizers.Optimizer):  # type: ignore[misc]
        def get_updates(self, params: Any, constraints: Any, loss: Any) -> Any:
            count = K.variable(0.0)
            rate = 0.1 / (count + 1.0)
            pairs = zip(params, self.get_gradients(loss, params), strict=True)
            return [(count, count + 1.0), *((p, p - rate * g) for p, g in pairs)]

    return Old()


def make_outer_rule(keras: Any, inner: Any, more: Any = ()) -> Any:
    """Return an optimizer that adds updates to those of another, as agents have it."""

    class Outer(keras.optimizers.Optimizer):  # type: ignore[misc]
        def get_updates(self, params: Any, loss: Any) -> Any:
            return inner.get_updates(params=params, loss=loss) + list(more)

    return Outer()


def test_updates_are_pairs_too(installed: Any) -> None:
    found = train(make_model(installed, make_old_rule(installed)))
    wanted = train(make_model(installed, installed.optimizers.SGD(lr=0.1, decay=1.0)))
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_an_optimizer_adds_to_what_another_does(installed: Any) -> None:
    target = make_model(installed, "sgd")
    source = make_model(installed, "sgd")
    pairs = zip(target.trainable_weights, source.trainable_weights, strict=True)
    soft = [(old, 0.25 * new + (1.0 - 0.25) * old) for old, new in pairs]
    target.set_weights([np.zeros((3, 1)), np.zeros(1)])  # after the values were computed
    source.compile(make_outer_rule(installed, installed.optimizers.SGD(lr=0.1), soft), "mse")
    source.train_on_batch(X, Y)
    moved = source.get_weights()[0]  # TensorFlow leaves open whether the step comes before
    np.testing.assert_allclose(target.get_weights()[0], 0.25 * moved, rtol=1e-6)
    plain = make_model(installed, installed.optimizers.SGD(lr=0.1))
    plain.train_on_batch(X, Y)
    np.testing.assert_allclose(moved, plain.get_weights()[0], rtol=1e-6)


def test_a_function_moves_weights_towards_others(installed: Any) -> None:
    target, source = (make_model(installed, "sgd") for _ in "ab")
    old, new = target.weights[0], source.weights[0]
    move = installed.backend.function([], [], updates=[(old, 0.5 * new + 0.5 * old)])
    source.set_weights([np.full((3, 1), 3.0), np.zeros(1)])
    for wanted in (2.0, 2.5):
        move([])
        assert target.get_weights()[0].ravel().tolist() == [wanted] * 3


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda w: w * w, "has Mul in it"),
        (lambda w: w + 1.0, "has Add in it"),
        (lambda w: torch.tanh(w), "has Tanh in it"),
        (lambda w: w * torch.ones(2, 3), "has another shape than a weight in it"),
    ],
)
def test_what_cannot_be_computed_again_is_refused(make: Any, reason: str) -> None:
    value = make(torch.ones(3, requires_grad=True))
    with pytest.raises(kplug.KplugError, match=f"before the first step, and {reason}"):
        WeightExpressions().compute(value)


def test_a_penalty_of_gradients_sees_what_no_weight_comes_before(installed: Any) -> None:
    K, layers = installed.backend, installed.layers

    class Mixed(layers._Merge):  # type: ignore[misc,name-defined]
        def _merge_function(self, inputs: Any) -> Any:
            return 0.5 * (inputs[0] + inputs[1]) + 0.0 * K.random_uniform((4, 1))  # a fixed batch

    a, b = layers.Input((3,)), layers.Input((3,))
    mixed = Mixed()([a, b])
    model = installed.models.Model([a, b], layers.Dense(1, use_bias=False)(mixed))

    def penalty(y_true: Any, y_pred: Any) -> Any:
        gradients = K.gradients(y_pred, mixed)[0]
        return K.mean(K.square(1 - K.sqrt(K.sum(K.square(gradients), axis=np.arange(1, 2)))))

    model.compile(installed.optimizers.SGD(lr=0.1), penalty)
    kernel = model.get_weights()[0].astype("float64")
    norm = np.linalg.norm(kernel)
    assert model.train_on_batch([X, X], Y) == pytest.approx((1 - norm) ** 2, rel=1e-5)
    wanted = kernel + 0.1 * 2 * (1 - norm) * kernel / norm
    np.testing.assert_allclose(model.get_weights()[0], wanted, rtol=1e-4, atol=1e-6)


def test_an_output_may_have_a_loss_of_nothing(installed: Any) -> None:
    layers = installed.layers
    x = layers.Input((3,))
    y = layers.Dense(1, kernel_initializer="ones")(x)
    model = installed.models.Model(x, [y, layers.Lambda(lambda one: 2 * one)(y)])
    nothing = lambda y_true, y_pred: installed.backend.zeros_like(y_pred)  # noqa: E731
    model.compile("sgd", ["mse", nothing])
    total, first, second = model.train_on_batch(X, [Y, Y])
    assert (total, second) == (first, 0)
    assert first > 0
