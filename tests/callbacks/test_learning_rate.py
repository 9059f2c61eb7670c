"""Rates that fall on a plateau or follow a schedule, beside real Keras."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import keras
import pytest

from kplug import callbacks as kc
from kplug.errors import ContractError
from tests.callbacks.fake_run import LOSSES, FakeModel, drive

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own learning rate.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


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
