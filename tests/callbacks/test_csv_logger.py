"""One row for each epoch."""

from __future__ import annotations

import csv
from pathlib import Path

from kplug import callbacks as kc
from tests.callbacks.fake_run import drive


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
