"""Of several processes that train together, only the main one writes and prints."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from kplug import callbacks as kc


@pytest.fixture
def _second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be the second of two processes that torchrun has started."""
    for name, value in {"TORCHELASTIC_RUN_ID": "1", "RANK": "1", "WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)


def drive(callback: Any) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    model = SimpleNamespace(optimizer=optimizer, layers=[], name="m", stop_training=False)
    callback.set_model(model)
    callback.set_params({})
    callback.on_train_begin({})
    callback.on_epoch_begin(0, {})
    callback.on_train_batch_end(0, {"loss": float("inf")})
    callback.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.5})
    callback.on_test_end({"loss": 0.5})
    callback.on_train_end({})


@pytest.mark.usefixtures("_second_process")
def test_the_second_process_writes_and_prints_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drive(kc.CSVLogger(tmp_path / "log.csv"))
    drive(kc.TensorBoard(tmp_path / "logs", update_freq=1, histogram_freq=1))
    drive(kc.RemoteMonitor("http://127.0.0.1:1"))  # a warning if it tried
    drive(kc.TerminateOnNaN())
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("_second_process")
def test_the_second_process_does_not_delete_the_backup(tmp_path: Path) -> None:
    callback = kc.BackupAndRestore(tmp_path)
    (tmp_path / "training.state").write_text("state")
    callback.on_train_end({})
    assert (tmp_path / "training.state").exists()
