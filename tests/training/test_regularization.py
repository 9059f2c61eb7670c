"""Penalties: alone, wrong ones, and those of a call that was refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug import layers
from kplug.errors import (
    ContractError,
    DataError,
)
from kplug.models import Sequential
from tests.training.linear_regression import X, Y, make_model


def test_penalties_alone_can_be_trained() -> None:
    model = Sequential([layers.Dense(1, input_shape=(3,), kernel_regularizer="l2(0.5)")])
    model.compile(optimizer="sgd(lr=0.1)")
    before = np.abs(model.get_weights()[0]).sum()
    model.fit(X, epochs=5, verbose=0)
    assert np.abs(model.get_weights()[0]).sum() < before


@pytest.mark.parametrize("slot", ["kernel_regularizer", "bias_regularizer", "activity_regularizer"])
@pytest.mark.parametrize(
    ("regularizer", "what"),
    [(torch.abs, "a tensor of shape"), (lambda weight_matrix: None, "None")],
)
def test_a_regularizer_without_one_number_is_named(slot: str, regularizer: Any, what: str) -> None:
    model = make_model(name="hidden", **{slot: regularizer})
    with pytest.raises(ContractError, match=what) as caught:
        model.fit(X, Y, verbose=0)
    assert "K.sum" in str(caught.value)


def test_a_refused_batch_leaves_no_penalty_for_the_next_call() -> None:
    model = make_model(activity_regularizer="l2(1.0)")
    expected = model.evaluate(X, Y, verbose=0)
    with pytest.raises(DataError):
        model.evaluate(X, np.zeros((64, 3)), verbose=0)
    model(torch.ones(1, 3))
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected)
