"""When a callback saves."""

from __future__ import annotations

import numpy as np
import pytest

from kplug.callbacks.base.save_frequency import SaveFrequency
from kplug.errors import ArgumentValueError


def test_by_epoch_no_step_is_due() -> None:
    frequency = SaveFrequency("BackupAndRestore", "epoch")
    assert frequency.is_by_epoch
    assert not any(frequency.is_due_after(step) for step in range(100))


def test_steps_are_counted_on_from_epoch_to_epoch() -> None:
    frequency = SaveFrequency("BackupAndRestore", np.int64(3))
    assert (frequency.steps, frequency.is_by_epoch) == (3, False)
    due = [frequency.is_due_after(step) for _ in range(4) for step in range(2)]
    assert due == [(number + 1) % 3 == 0 for number in range(8)]


def test_an_epoch_of_one_step_counts_one_each() -> None:
    frequency = SaveFrequency("BackupAndRestore", 2)
    assert [frequency.is_due_after(0) for _ in range(4)] == [False, True, False, True]


def test_steps_that_ran_together_count_each_and_what_is_over_is_forgotten() -> None:
    frequency = SaveFrequency("BackupAndRestore", 5)
    # Waiting: 4, 8 (saves), 4, then a new epoch's 4 more (saves), 2.
    assert [frequency.is_due_after(step) for step in (3, 7, 11, 3, 5)] == [
        False,
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "batch", None])
def test_other_frequencies_are_refused(value: object) -> None:
    message = f"'save_freq' is {value!r}; allowed: 'epoch' or a number of steps >= 1"
    with pytest.raises(ArgumentValueError, match=message):
        SaveFrequency("BackupAndRestore", value)
