"""Callbacks without a monitored log, driven with the same logs as Keras's own."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug import callbacks as kc
from kplug.callbacks.base.learning_rates import rated_optimizers
from kplug.errors import NonFiniteLossError
from kplug.layers import Dense

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own learning rate.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LOGS = [
    {"loss": 0.5, "accuracy": 0.25, "val_loss": 0.75, "val_accuracy": 0.5},
    {"loss": 0.25, "accuracy": 0.5},
    {"loss": 0.125, "accuracy": 0.75, "val_loss": 0.5, "val_accuracy": 1.0},
]


def drive(callback: Any, logs: list[dict[str, float]], model: Any = None) -> None:
    callback.set_model(model)
    callback.set_params({"do_validation": True})
    callback.on_train_begin({})
    for epoch, values in enumerate(logs):
        callback.on_epoch_begin(epoch, {})
        callback.on_epoch_end(epoch, dict(values))
    callback.on_train_end({})


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("order", [[0, 1, 2], [1, 0, 2]])
def test_the_csv_file_is_keras_s(tmp_path: Path, separator: str, order: list[int]) -> None:
    logs = [LOGS[index] for index in order]
    for append in (False, True):
        drive(kc.CSVLogger(tmp_path / "ours.csv", separator, append), logs)
        drive(keras.callbacks.CSVLogger(tmp_path / "theirs.csv", separator, append), logs)
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "theirs.csv").read_bytes()


def test_the_history_is_keras_s() -> None:
    ours, theirs = kc.History(), keras.callbacks.History()
    drive(ours, LOGS)
    drive(theirs, LOGS, SimpleNamespace())
    assert (ours.history, ours.epoch) == (theirs.history, theirs.epoch)


HOOKS = ("on_epoch_begin", "on_epoch_end", "on_train_begin", "on_train_end")


def test_functions_are_called_as_in_keras() -> None:
    seen: dict[Any, list[Any]] = {kc: [], keras.callbacks: []}
    for library, calls in seen.items():
        hooks = {
            name: lambda *given, name=name, to=calls: to.append((name, given)) for name in HOOKS
        }
        drive(library.LambdaCallback(**hooks), LOGS, SimpleNamespace())
    assert seen[kc] == seen[keras.callbacks]
    assert len(seen[kc]) == 2 + 2 * len(LOGS)


@pytest.mark.parametrize("loss", [0.5, math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_ends_the_run_as_in_keras(loss: float) -> None:
    for raise_error in (False, True):
        outcomes = []
        for library in (kc, keras.callbacks):
            model = SimpleNamespace(stop_training=False)
            callback = library.TerminateOnNaN(raise_error=raise_error)
            callback.set_model(model)
            try:
                callback.on_train_batch_end(3, {"loss": loss})
                outcomes.append((model.stop_training, "returned"))
            except RuntimeError:
                outcomes.append((model.stop_training, "raised"))
        assert outcomes[0] == outcomes[1]


def test_the_step_is_named_when_it_raises() -> None:
    model = kplug.Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    x = np.full((8, 2), np.nan)
    callback = "terminate_on_nan(raise_error=True)"
    with pytest.raises(NonFiniteLossError) as caught:
        model.fit(x, np.zeros((8, 1)), callbacks=callback, verbose=0)
    assert str(caught.value) == "batch 0: the loss is nan"


# ---------------------------------------------------------------- several optimizers in one


class Both:
    """A model with two optimizers, of Keras or ours."""

    def __init__(self, optimizers: list[Any]) -> None:
        self.optimizer = SimpleNamespace(optimizers=optimizers)
        self.stop_training = False


def keras_model() -> Any:
    names = ("sgd", "adam")
    rates = (1.0, 0.5)
    return Both(
        [
            SimpleNamespace(name=name, learning_rate=keras.Variable(rate, trainable=False))
            for name, rate in zip(names, rates, strict=True)
        ]
    )


def our_model() -> Any:
    optimizers: list[Any] = [kplug.optimizers.SGD(lr=1.0), kplug.optimizers.Adam(lr=0.5)]
    for optimizer in optimizers:
        optimizer.build([torch.nn.Parameter(torch.zeros(1))])
    return Both(optimizers)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "monitor": "loss", "mode": "min"}),
        (
            "ReduceLROnPlateau",
            {"patience": 1, "factor": 0.5, "monitor": "loss", "mode": "min", "min_lr": 0.4},
        ),
        ("LearningRateScheduler", {"schedule": lambda epoch, rate: rate * 0.5}),
        ("LearningRateScheduler", {"schedule": lambda epoch: 1.0 / (1 + epoch)}),
    ],
)
def test_each_of_several_optimizers_has_its_own_rate(name: str, options: dict[str, Any]) -> None:
    records = []
    for library, model in ((kc, our_model()), (keras.callbacks, keras_model())):
        callback = getattr(library, name)(**options)
        callback.set_model(model)
        callback.set_params({})
        callback.on_train_begin({})
        rows = []
        for epoch, loss in enumerate([1.0, 2.0, 3.0, 0.5, 4.0]):
            logs: dict[str, Any] = {"loss": loss}
            callback.on_epoch_begin(epoch, {})
            callback.on_epoch_end(epoch, logs)
            rows.append((logs, [float(one.learning_rate) for one in model.optimizer.optimizers]))
        records.append(rows)
    for ours, theirs in zip(*records, strict=True):
        assert ours[0] == pytest.approx(theirs[0])
        assert list(ours[0]) == list(theirs[0])
        assert ours[1] == pytest.approx(theirs[1])


def test_optimizers_of_one_name_are_numbered() -> None:
    optimizers = [kplug.optimizers.SGD(lr=0.5) for _ in range(3)]
    for optimizer in optimizers:
        optimizer.build([torch.nn.Parameter(torch.zeros(1))])
    names = list(rated_optimizers(SimpleNamespace(optimizers=optimizers)))
    assert names == ["learning_rate_sgd", "learning_rate_sgd_1", "learning_rate_sgd_2"]
