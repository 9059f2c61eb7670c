"""Arguments of callbacks are checked when the callback is made, not in the run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kplug import callbacks
from kplug.errors import KplugError

CALLBACKS: dict[str, dict[str, Any]] = {
    "BackupAndRestore": {"backup_dir": "folder"},
    "CSVLogger": {"filename": "log.csv"},
    "EarlyStopping": {},
    "LearningRateScheduler": {"schedule": lambda epoch: 0.1},
    "ModelCheckpoint": {"filepath": "model.keras"},
    "ReduceLROnPlateau": {},
    "RemoteMonitor": {},
    "TensorBoard": {},
}
WRONG: list[Any] = [object(), [1, 2], {"a": 1}, b"x", np.array([1.0]) > 0]
CASES = [
    *[("BackupAndRestore", "backup_dir", value) for value in (None, 3, "", *WRONG)],
    *[("CSVLogger", "filename", value) for value in (None, 3, *WRONG)],
    *[("CSVLogger", "separator", value) for value in (None, 3, "", "ab", *WRONG)],
    *[("ModelCheckpoint", "filepath", value) for value in (None, 3, *WRONG)],
    *[("ModelCheckpoint", "save_best_only", value) for value in (None, "false", object())],
    *[("ModelCheckpoint", "initial_value_threshold", value) for value in ("a", *WRONG[:4])],
    *[("TensorBoard", "log_dir", value) for value in (None, 3, *WRONG)],
    *[("EarlyStopping", "monitor", value) for value in (None, 3, *WRONG)],
    *[("EarlyStopping", "min_delta", value) for value in (None, "a", *WRONG[:4])],
    *[("EarlyStopping", "baseline", value) for value in ("a", *WRONG[:4])],
    *[("EarlyStopping", "restore_best_weights", value) for value in (None, "no", object())],
    *[("ReduceLROnPlateau", "factor", value) for value in (None, "a", float("nan"), *WRONG[:4])],
    *[("LearningRateScheduler", "schedule", value) for value in (None, 0.1, "adam", *WRONG)],
    ("LearningRateScheduler", "schedule", lambda: 0.1),
    ("LearningRateScheduler", "schedule", lambda epoch, rate, more: 0.1),
    *[("RemoteMonitor", "path", value) for value in (None, 3, *WRONG)],
    *[("RemoteMonitor", "headers", value) for value in (3, "a", [1], object())],
]


@pytest.mark.parametrize(("name", "argument", "value"), CASES)
def test_an_argument_of_another_type_is_named(name: str, argument: str, value: Any) -> None:
    if name == "TensorBoard":
        pytest.importorskip("tensorboard")
    make = getattr(callbacks, name)
    make(**CALLBACKS[name])
    with pytest.raises(KplugError, match=argument) as caught:
        make(**{**CALLBACKS[name], argument: value})
    assert name.lower().replace("_", "") in str(caught.value).lower().replace("_", "")
