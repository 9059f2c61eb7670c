"""Twenty steps of training in kplug and in Keras, from the same weights and batches."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kplug import layers
from kplug.models import Sequential

ROWS, TIMES, SIZE = 40, 6, 3


def _layers_of(library: Any, case: str) -> list[Any]:
    if case.startswith("masked"):
        first: list[Any] = [
            library.Input((TIMES,), dtype="int32"),
            library.Embedding(7, SIZE, mask_zero=True),
        ]
    else:
        first = [library.Input((TIMES, SIZE))]
    body = {
        "SimpleRNN": [library.SimpleRNN(4)],
        "LSTM": [library.LSTM(4)],
        "GRU": [library.GRU(4)],
        "GRU of Keras 2": [library.GRU(4, reset_after=False, recurrent_activation="hard_sigmoid")],
        "penalties": [
            library.LSTM(
                4,
                kernel_regularizer="l2",
                recurrent_regularizer="l1",
                bias_regularizer="l2",
                activity_regularizer="l2",
                kernel_constraint="max_norm",
                recurrent_constraint="unit_norm",
                bias_constraint="non_neg",
            )
        ],
        "bidirectional": [library.Bidirectional(library.LSTM(4))],
        "deep": [library.GRU(4, return_sequences=True), library.LSTM(3)],
        "masked": [library.LSTM(4)],
        "masked bidirectional": [
            library.Bidirectional(library.GRU(4, return_sequences=True), merge_mode="sum"),
            library.LSTM(2, go_backwards=True),
        ],
        "masked sequences": [
            library.LSTM(4, return_sequences=True),
            library.BatchNormalization(),
            library.TimeDistributed(library.Dense(3, activation="relu")),
        ],
        "masked mean": [library.Dense(4, activation="tanh"), library.GlobalAveragePooling1D()],
    }[case]
    return [*first, *body, library.Dense(1)]


pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")

CASES = [
    "SimpleRNN", "LSTM", "GRU", "GRU of Keras 2", "penalties", "bidirectional", "deep", "masked",
    "masked bidirectional", "masked sequences", "masked mean",
]  # fmt: skip


@pytest.mark.sampled
@pytest.mark.parametrize("case", CASES)
def test_twenty_steps(case: str) -> None:
    random = np.random.default_rng(3)
    if case.startswith("masked"):
        x: Any = random.integers(0, 7, (ROWS, TIMES)) * (random.random((ROWS, TIMES)) > 0.3)
        x[:, 0] = 1  # Keras divides by the number of times that count
    else:
        x = random.standard_normal((ROWS, TIMES, SIZE)).astype("float32")
    shape = (ROWS, TIMES, 1) if case == "masked sequences" else (ROWS, 1)
    y = random.standard_normal(shape).astype("float32")
    ours, theirs = (
        Sequential(_layers_of(layers, case)),
        keras.Sequential(_layers_of(keras.layers, case)),
    )
    ours.set_weights([one.value.detach().numpy() for one in theirs.weights])
    losses: list[list[float]] = []
    for model in (ours, theirs):
        model.compile(optimizer="adam", loss="mse", metrics=["mae"])
        steps = []
        for start in [*range(0, ROWS, 8)] * 4:
            rows = slice(start, start + 8)
            steps.append([float(v) for v in model.train_on_batch(x[rows], y[rows])])
        losses.append([value for step in steps for value in step])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        np.asarray(ours.predict(x, verbose=0)), theirs.predict(x, verbose=0), rtol=1e-3, atol=1e-4
    )
    found, expected = ours.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
