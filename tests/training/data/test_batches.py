"""``fit`` accepts data in many forms, and refuses bad arguments before anything happens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug import layers
from kplug.errors import (
    ArgumentValueError,
    DataError,
)
from kplug.models import Sequential
from tests.training.linear_regression import X, Y, make_model


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X, Y[:, 0]),
        (X.tolist(), Y.tolist()),
        (torch.from_numpy(X), torch.from_numpy(Y)),
        (X.astype("float64"), Y.astype("float64")),
        ([X], [Y]),
    ],
)
def test_arrays_of_every_sort_give_the_same_losses(x: Any, y: Any) -> None:
    model = make_model(kernel_initializer="ones")
    reference = make_model(kernel_initializer="ones")
    options: dict[str, Any] = {"shuffle": False, "verbose": 0}
    assert model.fit(x, y, **options).history["loss"] == pytest.approx(
        reference.fit(X, Y, **options).history["loss"], rel=1e-6
    )


def test_batches_from_a_loader_and_a_generator_give_the_same_losses() -> None:
    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    losses = []
    for source in (
        data,
        torch.utils.data.DataLoader(data, batch_size=32),
        ((X[i : i + 32], Y[i : i + 32]) for i in (0, 32)),
    ):
        model = Sequential([layers.Dense(1, kernel_initializer="ones")])
        model.compile(optimizer="sgd(lr=0.1)", loss="mse")
        losses.append(model.fit(source, verbose=0).history["loss"][0])
    model = make_model(kernel_initializer="ones")
    expected = model.fit(X, Y, shuffle=False, verbose=0).history["loss"][0]
    assert losses == pytest.approx([expected] * 3, rel=1e-6)


def test_integer_inputs_are_cast_for_a_dense_layer() -> None:
    model = make_model()
    pixels = np.arange(24, dtype="uint8").reshape(8, 3)
    model.fit(pixels, np.zeros(8), verbose=0)
    assert model.predict(pixels, verbose=0).dtype == np.float32


def test_shuffling_follows_the_global_seed() -> None:
    def train() -> list[float]:
        model = make_model(kernel_initializer="ones")
        torch.manual_seed(5)
        history = model.fit(X, Y, batch_size=8, epochs=3, verbose=0).history["loss"]
        return list(history)

    assert train() == train()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"x": np.zeros((8, 5)), "y": np.zeros(8)},
            DataError,
            "fit: x has samples of shape (5,), but model 'sequential' takes samples of shape (3,)",
        ),
        (
            {"x": np.zeros((8, 3)), "y": np.zeros(7)},
            DataError,
            "fit: the arrays have different numbers of samples: x has 8, y has 7\n"
            "  The first axis of every array counts the samples.",
        ),
        (
            {"x": np.zeros((8, 3))},
            DataError,
            "fit: y is None, and the loss 'mean_squared_error' needs targets\n"
            "  Pass the targets as the second argument.",
        ),
        (
            {"x": X, "y": Y, "validation_data": (X[:, :2], Y)},
            DataError,
            "fit (validation_data): x has samples of shape (2,), but model 'sequential' takes "
            "samples of shape (3,)",
        ),
        (
            {"x": X, "y": Y, "validation_data": X},
            DataError,
            "fit: validation_data must be (x, y) or (x, y, sample_weight)\n"
            "  To hold out a part of the training data, use validation_split=0.2.",
        ),
        (
            {"x": iter([(X, Y)]), "validation_split": 0.5},
            DataError,
            "fit: validation_split needs arrays; an iterable of batches cannot be split\n"
            "  Pass validation_data.",
        ),
        (
            {"x": iter([(X, Y)]), "y": Y},
            DataError,
            "fit: y was given beside an iterable of batches, which holds it",
        ),
        (
            {"x": X, "y": Y, "epochs": 0},
            ArgumentValueError,
            "fit: argument 'epochs' is 0; allowed: an integer >= 1",
        ),
        (
            {"x": X, "y": Y, "validation_freq": 0},
            ArgumentValueError,
            "fit: argument 'validation_freq' is 0; allowed: an integer >= 1, or a list of epochs",
        ),
    ],
)
def test_bad_arguments_are_refused_before_anything_happens(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    model = make_model()
    before = model.get_weights()
    with pytest.raises(error) as caught:
        model.fit(verbose=0, **arguments)
    assert str(caught.value) == message
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    assert model.history is None
