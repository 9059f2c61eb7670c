"""A compiled run gives what an eager one gives, whatever else a step does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug import layers
from kplug.models import Sequential


def make_rich_model() -> Sequential:
    """Return a model with everything that a step does besides the forward pass."""
    torch.manual_seed(3)
    model = Sequential(
        [
            layers.Input((6,)),
            layers.Dense(16, kernel_regularizer="l1_l2", activity_regularizer="l2(0.01)"),
            layers.BatchNormalization(),
            layers.Dropout(0.4),
            layers.GaussianNoise(0.1),
            layers.Dense(8, activation="relu", kernel_constraint="max_norm(1.0)"),
            layers.LayerNormalization(),
            layers.Dense(4),
        ]
    )
    model.ensure_built()
    return model


def train_rich(jit: bool, **options: Any) -> tuple[Sequential, dict[str, list[float]], list[float]]:
    torch.manual_seed(2)
    x, y = torch.randn(96, 6), torch.randn(96, 4)
    model = make_rich_model()
    model.compile(
        optimizer="adam(lr=0.01)",
        loss="mse",
        metrics=["mae", "cosine_similarity", "r2_score"],
        weighted_metrics=["mse"],
        jit_compile=jit,
        **options,
    )
    torch.manual_seed(4)
    weights = torch.linspace(0.5, 1.5, len(x))
    history = model.fit(
        x, y, batch_size=20, epochs=4, verbose=0, sample_weight=weights, validation_split=0.2
    )
    return model, history.history, model.evaluate(x, y, verbose=0)


def assert_same_training(eager: Any, compiled: Any, tolerance: float = 1e-5) -> None:
    """Compare weights, history and an evaluation."""
    for (name, weight), (_, found) in zip(
        eager[0].named_weights(), compiled[0].named_weights(), strict=True
    ):
        torch.testing.assert_close(found, weight, rtol=1e-4, atol=tolerance, msg=name)
    assert eager[1].keys() == compiled[1].keys()
    for name, values in eager[1].items():
        np.testing.assert_allclose(compiled[1][name], values, rtol=1e-4, atol=tolerance)
    np.testing.assert_allclose(compiled[2], eager[2], rtol=1e-4, atol=tolerance)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_penalties_constraints_buffers_noise_metrics_and_validation(count: int) -> None:
    assert_same_training(train_rich(False), train_rich(True, steps_per_execution=count))


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.usefixtures("inductor")
def test_the_same_by_torchs_compiler(count: int) -> None:
    assert_same_training(train_rich(False), train_rich(True, steps_per_execution=count))


def make_cnn() -> Sequential:
    torch.manual_seed(5)
    model = Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.ensure_built()
    return model


class Picked(layers.Layer):
    """Columns by their numbers, one of them twice."""

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs[:, [3, 0, 3, 1]]


def make_picking() -> Sequential:
    torch.manual_seed(6)
    model = Sequential([layers.Input((5,)), layers.Dense(4), Picked(), layers.Dense(3, "softmax")])
    model.ensure_built()
    return model


def make_lstm() -> Sequential:
    torch.manual_seed(5)
    model = Sequential(
        [layers.Input((7, 5)), layers.LSTM(4), layers.Dense(3, activation="softmax")]
    )
    model.ensure_built()
    return model


def compare_classifiers(make: Any, shape: tuple[int, ...]) -> None:
    torch.manual_seed(6)
    x, y = torch.randn(48, *shape), torch.randint(0, 3, (48,))
    runs = []
    for jit in (False, True):
        model = make()
        model.compile("adam", "sparse_categorical_crossentropy", metrics="acc", jit_compile=jit)
        torch.manual_seed(7)
        history = model.fit(x, y, batch_size=8, epochs=3, verbose=0).history
        runs.append((model, history, model.predict(x, batch_size=8, verbose=0)))
    assert_same_training(runs[0], runs[1])


@pytest.mark.parametrize(
    ("make", "shape"), [(make_cnn, (8, 8, 1)), (make_lstm, (7, 5)), (make_picking, (5,))]
)
def test_images_sequences_and_columns(make: Any, shape: tuple[int, ...]) -> None:
    compare_classifiers(make, shape)


@pytest.mark.slow
@pytest.mark.usefixtures("inductor")
def test_images_by_torchs_compiler() -> None:
    compare_classifiers(make_cnn, (8, 8, 1))
