"""Data that a single layer learns, and the model for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from kplug import layers
from kplug.models import Sequential

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(64, 3)).astype("float32")
Y = (X @ np.array([1.0, -2.0, 0.5], "float32"))[:, None] + 1


def make_model(loss: Any = "mse", optimizer: Any = "sgd(lr=0.1)", **options: Any) -> Sequential:
    model = Sequential([layers.Input((3,)), layers.Dense(1, **options)])
    model.compile(optimizer=optimizer, loss=loss)
    return model


def make_uncompiled(**options: Any) -> Sequential:
    return Sequential([layers.Dense(4, input_shape=(3,), **options), layers.Dense(1)])
