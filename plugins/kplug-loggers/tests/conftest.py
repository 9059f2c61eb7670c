"""A small training in an empty folder, with libraries that send nothing to their makers."""

from __future__ import annotations

import atexit
import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug
from kplug.callbacks import Callback
from kplug.layers import Dense

OF_LIBRARIES = tempfile.mkdtemp()
atexit.register(shutil.rmtree, OF_LIBRARIES, ignore_errors=True)
os.environ |= {
    "CLEARML_CACHE_DIR": OF_LIBRARIES,  # this and the next are read by ClearML when it is imported
    "CLEARML_OFFLINE_MODE": "1",
    "COMET_DISABLE_ANNOUNCEMENT": "1",
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "TRACKIO_DIR": OF_LIBRARIES,  # which it reads when it is imported
    "WANDB_CACHE_DIR": OF_LIBRARIES,
    "WANDB_CONFIG_DIR": OF_LIBRARIES,
    "WANDB_DATA_DIR": OF_LIBRARIES,
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_SILENT": "true",
}

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


class PowerCut(Callback):
    """Ends a training in the middle of its third epoch."""

    is_cut = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.is_cut = epoch == 2

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.is_cut and batch == 2:
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def train() -> Callable[..., Any]:
    """Return a function that trains with callbacks for three epochs and returns model and history."""

    def run(*callbacks: Any) -> tuple[Any, dict[str, list[float]]]:
        kplug.backend.clear_session()
        kplug.utils.set_random_seed(1)
        model = kplug.Sequential([Dense(4, "relu", input_dim=3), Dense(1, name="score")])
        model.compile("sgd(lr=0.125)", "huber(delta=2.0)", metrics=["mae"])
        options: dict[str, Any] = {"batch_size": 8, "epochs": 3, "verbose": 0}
        history = model.fit(X, Y, validation_data=(X, Y), callbacks=list(callbacks), **options)
        return model, history.history

    return run


@pytest.fixture
def train_with_power_cut(train: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that trains with a backup and a callback by name, is interrupted, and goes on."""

    def run(name: str) -> tuple[Any, dict[str, list[float]]]:
        backup = "backup_and_restore('backup', save_freq=1)"
        with pytest.raises(KeyboardInterrupt):
            train(name, backup, PowerCut())
        found: tuple[Any, dict[str, list[float]]] = train(name, backup)
        return found

    return run


class FullDisk(Callback):
    """Lets this process write nothing during the second epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0 if epoch == 1 else most, most))


@pytest.fixture
def full_disk() -> Iterator[Callback]:
    """Return a callback that lets this process write nothing during the second epoch."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield FullDisk()
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def data() -> Any:
    """Return the inputs."""
    return X
