"""Targets of later batches that a loss is not defined for: refused with the text of the first batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug import Model, Sequential, layers
from kplug.errors import DataError
from kplug.losses import Loss
from kplug.training.data.batch import Batch
from kplug.training.step import target_watch
from kplug.training.step.target_watch import TargetWatch
from tests.told import telling

X = np.linspace(-1.0, 1.0, 80, dtype="float32").reshape(40, 2)


def make(loss: str, activation: str = "sigmoid", **options: Any) -> Sequential:
    model = Sequential([layers.Dense(1, activation=activation, input_dim=2)])
    model.compile("sgd", loss, **options)
    return model


def draw_targets(wrong: float, place: int) -> Any:
    targets = (X[:, :1] > 0).astype("float32")
    targets[place] = wrong
    return targets


@pytest.mark.parametrize(
    "loss", ["binary_crossentropy", "binary_focal_crossentropy", "kl_divergence"]
)
@pytest.mark.parametrize("wrong", [2.0, -0.5])
@pytest.mark.parametrize("method", ["fit", "evaluate"])
@pytest.mark.parametrize("steps", [1, 3])
def test_every_batch_has_the_text_of_the_first(
    loss: str, wrong: float, method: str, steps: int
) -> None:
    texts = []
    for place in (0, 39):
        model = make(loss, steps_per_execution=steps)
        with pytest.raises(DataError) as caught:
            getattr(model, method)(X, draw_targets(wrong, place), batch_size=4, verbose=0)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]
    assert f"loss: {loss}: y_true holds {wrong:g}; allowed: numbers in [0, 1]" in texts[0]


def test_the_output_is_named() -> None:
    inputs = layers.Input((2,))
    outputs = [layers.Dense(1, activation="sigmoid", name=name)(inputs) for name in ("a", "b")]
    model = Model(inputs, outputs)
    model.compile("sgd", {"a": "mse", "b": "binary_crossentropy"})
    with pytest.raises(
        DataError, match=r"^loss\[b\]: binary_crossentropy: y_true holds 3; allowed"
    ):
        model.fit(X, [draw_targets(5.0, 39), draw_targets(3.0, 39)], batch_size=4, verbose=0)


def test_losses_without_a_range_have_nothing_watched() -> None:
    compiled = make("mse").compiled
    assert compiled is not None
    batches = iter([Batch(torch.ones(1, 2), torch.full((1, 1), 7.0))])
    assert TargetWatch(compiled).over(batches) is batches


def test_targets_are_not_kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_watch, "_NUMBERS", 10)
    compiled = make("binary_crossentropy").compiled
    assert compiled is not None

    def give() -> Iterator[Batch]:
        for value in (0.5, 0.5, 2.0, 0.5):
            yield Batch(torch.ones(4, 2), torch.full((4, 1), value))

    watched = TargetWatch(compiled).over(give())
    assert len([next(watched) for _ in range(3)]) == 3
    with pytest.raises(DataError, match="y_true holds 2; allowed"):
        next(watched)


def test_steps_of_the_models_own_are_left_alone() -> None:
    class Own(Sequential):
        def train_step(self, data: Any) -> dict[str, Any]:
            return {"loss": data[1].max()}

    model = Own([layers.Dense(1, activation="sigmoid", input_dim=2)])
    model.compile("sgd", "binary_crossentropy")
    assert model.fit(X, draw_targets(2.0, 39), batch_size=40, verbose=0).history["loss"] == [2.0]


def test_integers_and_booleans_are_targets() -> None:
    model = make("binary_crossentropy")
    for kind in ("bool", "int64", "uint8"):
        model.fit(X, draw_targets(1.0, 0).astype(kind), batch_size=4, verbose=0)
    with pytest.raises(DataError, match="y_true holds 2; allowed"):
        model.fit(X, draw_targets(2.0, 39).astype("uint8"), batch_size=4, verbose=0)


def test_a_users_loss_checks_later_batches_too() -> None:
    class PositiveSquares(Loss):
        def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
            return (y_true - y_pred).square()

        def check_targets(self, y_true: Tensor) -> None:
            if (y_true < 0).any():
                raise DataError("positive_squares: y_true holds a number below 0")

    model = make(PositiveSquares())  # type: ignore[arg-type]
    with pytest.raises(DataError, match="loss: positive_squares: y_true holds a number below 0"):
        model.fit(X, draw_targets(-1.0, 39), batch_size=4, verbose=0)


@pytest.mark.parametrize("place", [0, 39])
def test_negative_counts_are_refused(place: int) -> None:
    with pytest.raises(DataError) as caught:
        make("poisson").fit(X, draw_targets(-3.0, place), batch_size=4, verbose=0)
    assert str(caught.value) == (
        "loss: poisson: y_true holds -3; allowed: numbers >= 0\n"
        "  Give counts; for targets of either sign use another loss, such as mean_squared_error."
    )


@pytest.mark.parametrize("place", [0, 39])
@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_negative_targets_of_logarithms_are_told_of_once(place: int, jit_compile: bool) -> None:
    model = make("msle", jit_compile=jit_compile)
    with telling() as told:
        for _ in range(2):
            model.fit(X, draw_targets(-3.0, place), batch_size=4, shuffle=False, verbose=0)
    assert told == [
        "mean_squared_logarithmic_error: y_true holds negative numbers, and each of them counts as 0, since "
        "the loss compares logarithms; for targets of either sign use another one, such as "
        "mean_squared_error."
    ]


def test_several_labels_a_sample_are_told_of_once() -> None:
    model = Sequential([layers.Dense(3, activation="softmax", input_dim=2)])
    model.compile("sgd", "categorical_crossentropy")
    one_hot = np.eye(3)[np.arange(40) % 3]
    model.fit(X, one_hot, verbose=0)
    model.compile("sgd", "categorical_crossentropy")
    with telling() as told:
        for _ in range(2):
            model.fit(X, 1 - one_hot, verbose=0)
    assert told == [
        "categorical_crossentropy: some samples have several classes with a target of 1, and classes of this "
        "loss exclude one another. For several labels a sample end the model with a sigmoid and use "
        "binary_crossentropy."
    ]


def test_percentages_of_zero_are_told_of_once() -> None:
    model = make("mape")
    with telling() as told:
        for _ in range(2):
            model.train_on_batch(X, draw_targets(1.0, 0))
    assert told == [
        "mean_absolute_percentage_error: y_true holds 0, and an error is divided by its target, or by 1e-07 "
        "if that is smaller: such a sample outweighs all others. mean_absolute_error and "
        "mean_squared_logarithmic_error take targets of 0."
    ]
