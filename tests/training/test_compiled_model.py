"""The optimizer knows the weights that it trains, and goes on from call to call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug import layers
from kplug.callbacks import LambdaCallback
from kplug.errors import (
    KplugWarning,
)
from kplug.models import Sequential
from tests.training.linear_regression import X, Y, make_model


def test_a_frozen_model_does_not_change_and_says_so() -> None:
    model = make_model()
    model.layers[0].trainable = False
    model.compile(loss="mse")
    before = model.get_weights()
    with pytest.warns(KplugWarning) as caught:
        history = model.fit(X, Y, verbose=0)
    assert str(caught[0].message) == (
        "fit: model 'sequential' has no trainable weights, so nothing will change; `trainable` counts when "
        "a step runs, as in Keras 3, not when compile is called, as in Keras 2. Set trainable = True before "
        "fit, and False before another model trains that contains this one"
    )
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    assert history.history["loss"][0] > 0


@pytest.mark.parametrize("optimizer", ["sgd", "sgd(momentum=0.9)", "adam"])
def test_layer_that_is_frozen_later_stays_as_it_is(optimizer: str) -> None:
    model = Sequential([layers.Dense(2, input_shape=(3,)), layers.Dense(1)])
    model.compile(optimizer, "mse")
    model.fit(X, Y, verbose=0)
    frozen, trained = model.layers
    frozen.trainable = False
    before, others = frozen.get_weights(), trained.get_weights()
    model.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(frozen.get_weights()[0], before[0])
    assert (trained.get_weights()[0] != others[0]).all()
    frozen.trainable = True
    freeze = LambdaCallback(on_epoch_begin=lambda *_: setattr(frozen, "trainable", False))
    model.fit(X, Y, verbose=0, callbacks=[freeze])
    np.testing.assert_array_equal(frozen.get_weights()[0], before[0])


def test_weights_that_became_trainable_too_late_are_pointed_out() -> None:
    model = Sequential([layers.Dense(3, input_shape=(3,)), layers.Dense(1)])
    model.layers[0].trainable = False
    model.compile(loss="mse")
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = True
    with pytest.warns(KplugWarning) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught[0].message) == (
        "fit: 2 weights of model 'sequential' became trainable after it was compiled, and the "
        "optimizer does not train them; call compile again"
    )
    model.compile(loss="mse")
    before = model.get_weights()[0]
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(before, model.get_weights()[0])


def test_torch_optimizers_train() -> None:
    made = []

    def make(params: Any) -> torch.optim.Optimizer:
        made.append(torch.optim.SGD(params, lr=0.1))
        return made[-1]

    for optimizer in (torch.optim.AdamW, make):
        model = make_model(optimizer=optimizer)
        before = model.get_weights()[0]
        model.fit(X, Y, verbose=0)
        assert not np.array_equal(before, model.get_weights()[0])
    assert model.optimizer is made[0]
    model = make_model()
    model.compile(optimizer=torch.optim.SGD(model.parameters(), lr=0.1), loss="mse")
    model.fit(X, Y, verbose=0)


def test_optimizer_state_goes_on_from_fit_to_fit() -> None:
    once, twice = (make_model(optimizer="adam", kernel_initializer="ones") for _ in range(2))
    options: dict[str, Any] = {"shuffle": False, "verbose": 0}
    once.fit(X, Y, epochs=4, **options)
    twice.fit(X, Y, epochs=2, **options)
    twice.fit(X, Y, epochs=4, initial_epoch=2, **options)
    np.testing.assert_array_equal(once.get_weights()[0], twice.get_weights()[0])
