"""Sample weights that are hardly meant are told of, once, whatever form the data have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from kplug import Model, Sequential, layers
from kplug.utils import PyDataset
from tests.told import telling

X = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(12, 2)
Y = X.sum(1, keepdims=True)
NEGATIVE = np.where(np.arange(12) == 10, -2.5, 1.0).astype("float32")  # in the last batch only
TEXT = (
    "fit: sample_weight holds -2.5, and where a weight is negative, training makes the loss larger. Give "
    "weights >= 0, unless that is what you want, as with advantages of actions."
)


def make_model(**options: Any) -> Sequential:
    model = Sequential([layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse", **options)
    return model


def give_batches(weights: Any) -> Iterator[Any]:
    while True:
        for start in range(0, 12, 4):
            rows = slice(start, start + 4)
            yield X[rows], Y[rows], weights[rows]


class Batches(PyDataset):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        rows = slice(4 * index, 4 * index + 4)
        return X[rows], Y[rows], NEGATIVE[rows]


DATA: dict[str, Callable[[], dict[str, Any]]] = {
    "arrays": lambda: {"x": X, "y": Y, "sample_weight": NEGATIVE},
    "generator": lambda: {"x": give_batches(NEGATIVE), "steps_per_epoch": 3},
    "PyDataset": lambda: {"x": Batches()},
    "DataLoader": lambda: {
        "x": torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(*map(torch.as_tensor, (X, Y, NEGATIVE))), batch_size=4
        )
    },
}


@pytest.mark.parametrize("data", DATA)
def test_negative_weights_are_told_of_once(data: str) -> None:
    model = make_model()
    with telling() as told:
        for _ in range(2):
            model.fit(**DATA[data](), batch_size=4, epochs=2, verbose=0)
    assert told == [TEXT]


def test_negative_weights_of_single_batches_are_told_of_once() -> None:
    model = make_model()
    with telling() as told:
        for _ in range(2):
            model.test_on_batch(X, Y, NEGATIVE)
            model.train_on_batch(X, Y, NEGATIVE)
    assert told == [TEXT.replace("fit", "test_on_batch")]


def test_a_train_step_of_the_models_own_changes_nothing() -> None:
    class Own(Sequential):
        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    model = Own([layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    with telling() as told:
        model.fit(X, Y, sample_weight=NEGATIVE, verbose=0)
    assert told == [TEXT]


def test_weights_of_several_outputs_are_all_looked_at() -> None:
    inputs = layers.Input((2,))
    model = Model(inputs, [layers.Dense(1, name=name)(inputs) for name in "ab"])
    model.compile("sgd", "mse")
    weights = {"a": np.ones(12), "b": NEGATIVE}
    with telling() as told:
        model.evaluate(X, {"a": Y, "b": Y}, sample_weight=weights, verbose=0)
    assert told == [TEXT.replace("fit", "evaluate")]


def test_weights_that_are_all_zero_are_told_of() -> None:
    model = make_model()
    with telling() as told:
        model.fit(X, Y, sample_weight=np.zeros(12), verbose=0)
    assert told == ["fit: every sample_weight is 0, so that no sample counts."]


def test_a_batch_of_weights_that_are_zero_is_nothing_special() -> None:
    weights = np.repeat([0.0, 1.0, 1.0], 4).astype("float32")
    model = make_model()
    model.fit(give_batches(weights), steps_per_epoch=3, verbose=0)  # a warning would be an error
