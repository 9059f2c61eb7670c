"""Stateful layers of a model, forgotten together."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import kplug

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own variables.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")


def make(library: Any) -> Any:
    layers = library.layers
    inputs = library.Input(batch_shape=(2, 3, 4))
    inner = library.Sequential([layers.GRU(4, stateful=True, return_sequences=True)], name="inner")
    outputs = layers.SimpleRNN(2, stateful=True, name="outer")(inner(inputs))
    return library.Model(inputs, outputs)


def test_states_go_on_until_the_model_forgets_them() -> None:
    model, theirs = make(kplug), make(keras)
    theirs.set_weights(model.get_weights())
    first, second = model.predict_on_batch(X), model.predict_on_batch(X)
    np.testing.assert_allclose(first, theirs.predict_on_batch(X), atol=1e-6)
    np.testing.assert_allclose(second, theirs.predict_on_batch(X), atol=1e-6)
    assert not np.allclose(first, second)
    model.reset_states()
    np.testing.assert_array_equal(model.predict_on_batch(X), first)
