"""Early stopping, epoch by epoch, beside real Keras."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from kplug import callbacks as kc
from tests.callbacks.fake_run import LOSSES, FakeModel, drive

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own learning rate.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


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


def test_one_instance_serves_several_runs() -> None:
    callback = kc.EarlyStopping(patience=1)
    first, _ = drive(callback, [1.0, 2.0, 3.0])
    second, _ = drive(callback, [1.0, 2.0, 3.0])
    assert first.epoch == second.epoch == 1
