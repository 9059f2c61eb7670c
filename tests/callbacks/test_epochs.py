"""Callbacks that act once an epoch, driven with made-up logs and compared with Keras's own."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import keras
import numpy as np
import pytest
import torch

from kplug import callbacks as kc
from kplug.callbacks.base.learning_rates import get_learning_rate
from kplug.callbacks.base.monitoring import guess_direction
from kplug.errors import ArgumentValueError, ContractError, KplugWarning

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own learning rate.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LOSSES = [1.0, 0.8, 0.79, 0.85, 0.6, 0.7, 0.65, 0.61, 0.59999, 0.9, 0.3, 0.4, 0.5, 0.6]


class FakeModel:
    """Weights that change with every epoch, an optimizer, and nothing else."""

    def __init__(self) -> None:
        self.epoch = 0
        self.stop_training = False
        self.saved: list[str] = []
        parameter = torch.nn.Parameter(torch.zeros(1))
        self.optimizer: Any = torch.optim.SGD([parameter], lr=1.0)

    def get_weights(self) -> list[Any]:
        return [np.array(self.epoch)]

    def set_weights(self, weights: list[Any]) -> None:
        self.epoch = int(weights[0])

    def save_weights(self, path: str) -> None:
        self.saved.append(path)


def drive(callback: Any, losses: list[float], model: Any = None) -> tuple[Any, list[float]]:
    """Run epochs with these losses; return the model and the learning rate after each epoch."""
    model = model or FakeModel()
    callback.set_model(model)
    callback.set_params({})
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(losses):
        model.epoch = epoch
        callback.on_epoch_begin(epoch, {})
        callback.on_epoch_end(epoch, {"loss": loss, "val_loss": loss})
        optimizer = model.optimizer
        if isinstance(optimizer, torch.optim.Optimizer):
            rates.append(get_learning_rate(optimizer))
        else:
            rates.append(float(optimizer.learning_rate))
        if model.stop_training:
            break
    callback.on_train_end()
    return model, rates


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"patience": 2},
        {"patience": 3, "min_delta": 0.05},
        {"patience": 3, "min_delta": -0.05, "restore_best_weights": True},
        {"patience": 1, "baseline": 0.7},
        {"patience": 2, "start_from_epoch": 4, "restore_best_weights": True},
        {"patience": 50, "restore_best_weights": True},
        {"patience": 2, "mode": "max", "monitor": "loss"},
    ],
)
def test_early_stopping_stops_and_restores_like_keras(arguments: dict[str, Any]) -> None:
    theirs = FakeModel()
    theirs.metrics, theirs._compile_metrics = [], None  # type: ignore[attr-defined]
    ours, _ = drive(kc.EarlyStopping(**arguments), LOSSES)
    keras_callback = keras.callbacks.EarlyStopping(**{"mode": "min", **arguments})
    drive(keras_callback, LOSSES, theirs)
    assert (ours.epoch, ours.stop_training) == (theirs.epoch, theirs.stop_training)


@pytest.mark.parametrize(
    "arguments",
    [
        {"patience": 1, "factor": 0.5},
        {"patience": 2, "cooldown": 2},
        {"patience": 1, "min_lr": 0.05},
        {"patience": 2, "min_delta": 0.1, "factor": 0.3},
    ],
)
def test_the_rate_falls_on_a_plateau_like_in_keras(arguments: dict[str, Any]) -> None:
    theirs = FakeModel()
    theirs.optimizer = SimpleNamespace(learning_rate=keras.Variable(1.0, trainable=False))
    _, ours_rates = drive(kc.ReduceLROnPlateau(**arguments), LOSSES)
    keras_callback = keras.callbacks.ReduceLROnPlateau(**{"mode": "min", **arguments})
    _, their_rates = drive(keras_callback, LOSSES, theirs)
    assert ours_rates == pytest.approx(their_rates, rel=1e-6)


def test_one_instance_serves_several_runs() -> None:
    callback = kc.EarlyStopping(patience=1)
    first, _ = drive(callback, [1.0, 2.0, 3.0])
    second, _ = drive(callback, [1.0, 2.0, 3.0])
    assert first.epoch == second.epoch == 1


def test_a_log_that_is_missing_is_named_with_those_there_are() -> None:
    message = (
        "EarlyStopping watches 'val_auc', which this epoch has not got; it has: loss, val_loss"
    )
    with pytest.warns(KplugWarning, match=message):
        drive(kc.EarlyStopping(monitor="val_auc"), [1.0])


@pytest.mark.parametrize(
    ("monitor", "direction"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("val_mae", "min"),
        ("mean_squared_error", "min"),
        ("accuracy", "max"),
        ("val_acc", "max"),
        ("dice_coef", "max"),
        ("val_top_k_categorical_accuracy", "max"),
    ],
)
def test_the_direction_is_in_the_name(monitor: str, direction: str) -> None:
    assert guess_direction(monitor) == direction


def test_an_unclear_direction_is_asked_for() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        drive(kc.EarlyStopping(monitor="loss_", mode="middle"), [1.0])
    assert str(caught.value) == (
        "EarlyStopping: argument 'mode' is 'middle'; allowed: 'auto', 'min' or 'max'"
    )
    with pytest.raises(ArgumentValueError) as caught:
        guess_direction("quality")
    assert str(caught.value) == (
        "EarlyStopping: argument 'mode' is 'auto'; allowed: 'min' or 'max', because the name "
        "'quality' does not say which"
    )


@pytest.mark.parametrize(
    "schedule", [lambda epoch: 1.0 / (epoch + 1), lambda epoch, rate: rate / 2]
)
def test_a_schedule_may_take_the_rate_or_not(schedule: Any) -> None:
    theirs = FakeModel()
    theirs.optimizer = SimpleNamespace(learning_rate=keras.Variable(1.0, trainable=False))
    _, our_rates = drive(kc.LearningRateScheduler(schedule), LOSSES[:4])
    _, their_rates = drive(keras.callbacks.LearningRateScheduler(schedule), LOSSES[:4], theirs)
    assert our_rates == pytest.approx(their_rates)


def test_a_schedule_without_a_number_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        drive(kc.LearningRateScheduler(cast("Any", lambda epoch: None)), [1.0])
    assert str(caught.value) == (
        "the schedule of LearningRateScheduler returned None for epoch 0; it must return a number"
    )


def test_groups_keep_the_ratio_of_their_rates() -> None:
    model = FakeModel()
    model.optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.5})
    drive(kc.LearningRateScheduler(lambda epoch: 0.2), [1.0], model)
    assert [group["lr"] for group in model.optimizer.param_groups] == [0.2, 0.1]


def test_checkpoints_are_named_by_epoch_and_logs(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "w.{epoch:02d}-{val_loss:.2f}.h5")
    model, _ = drive(kc.ModelCheckpoint(path, save_weights_only=True), [0.5, 0.25])
    assert [Path(each).name for each in model.saved] == ["w.01-0.50.h5", "w.02-0.25.h5"]
    assert (tmp_path / "deep").is_dir()


def test_only_the_best_are_saved_if_asked(tmp_path: Path) -> None:
    path = str(tmp_path / "w{epoch}.h5")
    callback = kc.ModelCheckpoint(path, save_weights_only=True, save_best_only=True)
    model, _ = drive(callback, [0.5, 0.6, 0.4])
    assert [Path(each).name for each in model.saved] == ["w1.h5", "w3.h5"]


def test_an_unknown_field_of_the_file_name_is_reported() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        drive(kc.ModelCheckpoint("w{val_acc}.h5", save_weights_only=True), [0.5])
    assert str(caught.value) == (
        "ModelCheckpoint: argument 'filepath' is 'w{val_acc}.h5'; allowed: fields among "
        "epoch, loss, val_loss"
    )


def test_a_model_that_saves_only_weights_is_told_so_at_once() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        drive(kc.ModelCheckpoint("w.h5"), [0.5])
    assert str(caught.value) == (
        "ModelCheckpoint: argument 'save_weights_only' is False; allowed: True, because the model "
        "has no save()"
    )


def test_csv_has_one_row_an_epoch_and_can_be_continued(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    drive(kc.CSVLogger(path), [0.5, 0.25])
    drive(kc.CSVLogger(path, append=True), [0.125])
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["epoch", "loss", "val_loss"],
        ["0", "0.5", "0.5"],
        ["1", "0.25", "0.25"],
        ["0", "0.125", "0.125"],
    ]
