"""A task that a single layer learns, and the model for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from kplug import layers
from kplug.models import Sequential

RANDOM = np.random.default_rng(0)
COUNT = 203
X = (RANDOM.normal(size=(COUNT, 6)) * (RANDOM.random((COUNT, 6)) < 0.3)).astype("float32")
Y = (X @ np.arange(6.0))[:, None].astype("float32")
CLASSES = (Y[:, 0] > 0).astype("int64")


def make_model(loss: str = "mse", **options: Any) -> Sequential:
    model = Sequential([layers.Dense(1, kernel_initializer="ones", input_shape=(6,), **options)])
    model.compile(optimizer="sgd(lr=0.1)", loss=loss, metrics=["mae"])
    return model
