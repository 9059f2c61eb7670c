"""Weights that a step cannot train are told of at the first step, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from kplug import Model, Sequential, ops
from kplug.layers import Dense, Input, Lambda, Layer
from tests.told import telling

X, Y = np.linspace(-1, 1, 32, dtype="float32").reshape(8, 4), np.ones((8, 1), "float32")


class Cut(Layer):
    def call(self, inputs: Any) -> Any:
        return inputs.detach()


class LinearInCall(Layer):
    def call(self, inputs: Any) -> Any:
        return torch.nn.Linear(4, 4)(inputs)


class Holder:
    def __init__(self) -> None:
        self.layer = Dense(4)


class Hides(Model):
    def __init__(self) -> None:
        super().__init__(name="net")
        self.holder, self.last = Holder(), Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.last(self.holder.layer(inputs))


def chain(layer: Any) -> Sequential:
    return Sequential([Input((4,)), Dense(4, name="first"), layer, Dense(1)], name="net")


OUTSIDE, FACTOR = Dense(4), torch.nn.Parameter(torch.ones(4))
FOREIGN: dict[str, tuple[Callable[[], Any], str]] = {
    "module made in a call": (lambda: chain(LinearInCall()), "2 trainable tensors"),
    "layer of a function": (lambda: chain(Lambda(lambda x: OUTSIDE(x))), "2 trainable tensors"),
    "parameter of a function": (lambda: chain(Lambda(lambda x: x * FACTOR)), "1 trainable tensors"),
    "layer in an object": (Hides, "2 trainable tensors"),
}


def train(model: Any, **options: Any) -> list[str]:
    model.compile("sgd", "mse", **options)
    with telling() as told:
        for _ in range(2):
            model.fit(X, Y, batch_size=4, verbose=0)
        model.train_on_batch(X, Y)
    return told


@pytest.mark.parametrize("name", FOREIGN)
def test_tensors_that_are_not_the_models_are_told_of_once(name: str) -> None:
    make, count = FOREIGN[name]
    (text,) = train(make())
    assert text.startswith(
        f"model 'net' computes with {count} that are not among its weights, so they are not trained; "
        "their shapes: (4,"
    )


def test_weights_that_no_gradient_reaches_are_told_of_once() -> None:
    assert train(chain(Cut())) == [
        "no gradient of the loss reached 2 of 4 trainable weights of model 'net' in the first step, which "
        "trained none of them: first/kernel, first/bias. detach(), .numpy(), argmax and outputs that nothing "
        "uses cut the connection. Layers that are left out at random, as in stochastic depth, are trained in "
        "other steps"
    ]


def test_what_is_frozen_or_has_no_loss_is_as_meant() -> None:
    outside = Dense(4, trainable=False)
    assert train(chain(Lambda(lambda x: outside(x)))) == []
    inputs = Input((4,))
    model = Model(inputs, [Dense(1, name="a")(inputs), Dense(1, name="b")(inputs)])
    model.compile("sgd", {"a": "mse"})
    model.fit(X, {"a": Y}, verbose=0)
    frozen = chain(Lambda(ops.stop_gradient))
    frozen.get_layer("first").trainable = False
    assert train(frozen) == []
