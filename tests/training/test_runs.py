"""Evaluation and prediction, of all data and of one batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kplug import layers
from kplug.models import Sequential
from tests.told import telling
from tests.training.linear_regression import X, Y, make_model


def test_evaluate_returns_a_number_a_list_or_a_dict() -> None:
    model = make_model()
    assert isinstance(model.evaluate(X, Y, verbose=0), float)
    model.compile(loss="mse", metrics=["mae"])
    loss, error = model.evaluate(X, Y, verbose=0)
    named = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert named == {"loss": loss, "mae": error}
    assert model.test_on_batch(X, Y) == pytest.approx([loss, error], rel=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(X), model.predict(X, verbose=0), rtol=1e-5)


def test_dropout_is_off_after_training() -> None:
    model = Sequential([layers.Dense(5, input_shape=(3,)), layers.Dropout(0.5)])
    model.compile(loss="mse")
    model.fit(X, np.zeros((64, 5)), verbose=0)
    np.testing.assert_array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))
    x = torch.from_numpy(X)
    assert torch.equal(model(x), model(x))


def test_a_fit_without_an_epoch_says_so() -> None:
    model = Sequential([layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    with telling() as told:
        history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, initial_epoch=3, verbose=0)
    assert history.epoch == []
    assert told == [
        "fit: no epoch is left to train: initial_epoch is 3, and epochs is the number of the last epoch, 3, "
        "not how many there are"
    ]
