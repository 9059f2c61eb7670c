"""Layers that a call makes and nothing keeps are never trained: told once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from kplug import Model, Sequential
from kplug.layers import LSTM, Dense, Flatten, Input, Lambda, Layer, ReLU, Reshape
from tests.told import telling

X, Y = np.ones((8, 4), "float32"), np.ones((8, 1), "float32")


class InCall(Model):
    def __init__(self) -> None:
        super().__init__(name="net")
        self.first = Dense(3)

    def call(self, inputs: Any) -> Any:
        return Dense(1, name="lost")(self.first(inputs))


class Step(Layer):
    def call(self, inputs: Any) -> Any:
        return LSTM(1, name="lost")(Reshape((4, 1))(inputs))


class OwnStep(InCall):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def make_functional() -> Model:
    inputs = Input((4,))
    return Model(inputs, Lambda(lambda x: Dense(1, name="lost")(x))(inputs), name="net")


MAKE: dict[str, Callable[[], Any]] = {
    "subclass": InCall,
    "layer in a chain": lambda: Sequential([Input((4,)), Step(), Dense(1)], name="net"),
    "lambda": make_functional,
    "step of its own": OwnStep,
}


@pytest.mark.filterwarnings("ignore:fit. model 'net' has no trainable weights")
@pytest.mark.parametrize("name", MAKE)
def test_a_layer_made_in_a_call_is_told_of_once(name: str) -> None:
    model = MAKE[name]()
    model.compile("sgd", "mse")
    with telling() as told:
        for _ in range(2):
            model.fit(X, Y, batch_size=4, verbose=0)
            model.predict(X, verbose=0)
    (text,) = [text for text in told if "no trainable weights" not in text]
    kind = "LSTM" if "chain" in name else "Dense"
    assert text.startswith(
        f"layer 'lost' ({kind}) was made while 'net' was called, and is no part of it, so its weights are "
        f"not trained: {__name__}, line "
    )
    assert text.endswith(
        "`. If each call makes one, they are new each time. Make it in __init__ or in build, and keep it as "
        "an attribute."
    )


def test_a_layer_made_in_a_call_and_kept_is_trained() -> None:
    class Lazy(Model):
        def __init__(self) -> None:
            super().__init__()
            self.more: list[Any] = []

        def call(self, inputs: Any) -> Any:
            if not self.more:
                self.last = Dense(1)
                self.more.append(Dense(2))
            return self.last(self.more[0](inputs))

    model = Lazy()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert len(model.trainable_weights) == 4


def test_layers_without_weights_may_be_made_anywhere() -> None:
    class Free(Layer):
        def call(self, inputs: Any) -> Any:
            frozen = Dense(4, trainable=False)
            return Flatten()(ReLU()(frozen(inputs)))

    assert Free()(torch.ones(2, 4)).shape == (2, 4)


def test_a_call_that_fails_leaves_nothing_behind() -> None:
    class Fails(Layer):
        def call(self, inputs: Any) -> Any:
            raise RuntimeError(str(Dense(1)(inputs).shape))

    with pytest.raises(RuntimeError, match=r"\[2, 1\]"):
        Fails()(torch.ones(2, 4))
    assert Dense(1)(torch.ones(2, 4)).shape == (2, 1)
