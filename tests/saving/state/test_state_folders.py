"""Training states in folders; how several processes share them is in tests/training/distribution."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader
from torch.distributed.checkpoint.state_dict_loader import load

import kplug
from kplug import Sequential, layers
from kplug.callbacks import BackupAndRestore, Callback
from kplug.errors import ArgumentValueError, WeightsError
from kplug.saving.provenance import read_components
from kplug.saving.state import state_folders

pytestmark = pytest.mark.slow  # torch's checkpoints take seconds to import

X = np.random.default_rng(0).normal(size=(24, 6)).astype("float32")
Y = X[:, :1] * X[:, 1:2]
OPTIMIZERS = ["adam", "torch/adamw(lr=0.01)", "sgd(lr=0.01)", "adam(gradient_accumulation_steps=2)"]


def build(optimizer: Any = "adam", units: int = 8) -> Any:
    kplug.backend.clear_session()
    torch.manual_seed(7)
    model = Sequential(
        [
            layers.Dense(units, activation="relu", input_dim=6),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer, "mse")
    return model


def train(model: Any, start: int, end: int, *callbacks: Any) -> list[float]:
    options: dict[str, Any] = {"batch_size": 5, "verbose": 0, "callbacks": list(callbacks)}
    history = model.fit(X, Y, epochs=end, initial_epoch=start, **options)
    return list(history.history["loss"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the state of a model after two epochs."""
    model = build()
    train(model, 0, 2)
    model.save_state(tmp_path / "state", epoch=2, sharded=True)
    return tmp_path / "state"


def find_part(folder: Path) -> Path:
    (part,) = folder.glob("shards-*/*.safetensors")
    return part


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_five_epochs_are_two_and_three(optimizer: str, tmp_path: Path) -> None:
    whole, resumed = build(optimizer), build(optimizer)
    losses = train(whole, 0, 2)
    whole.save_state(tmp_path / "state", epoch=2, sharded=True)
    assert resumed.load_state(tmp_path / "state") == 2
    losses = train(whole, 2, 5)
    assert train(resumed, 2, 5) == losses
    for one, other in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
def test_the_parts_are_a_checkpoint_of_torch(folder: Path) -> None:
    model = build()
    model.load_state(folder)
    kernel = torch.zeros(6, 8)
    moment = torch.zeros(6, 8)
    read = {"weights/layers/dense/0": kernel, "optimizer/0/exp_avg": moment}
    load(read, storage_reader=HuggingFaceStorageReader(str(find_part(folder).parent)), no_dist=True)
    np.testing.assert_array_equal(kernel, model.get_weights()[0])
    first = model.optimizer.param_groups[0]["params"][0]
    assert torch.equal(moment, model.optimizer.state[first]["exp_avg"])


def test_the_folder_has_the_component_table_and_no_pickle(folder: Path) -> None:
    with h5py.File(folder / "kplug.state") as file:
        slots = [row["slot"] for row in read_components(file) or ()]
    assert slots == [row.slot for row in build().components]
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names == {"kplug.state", find_part(folder).name}


def test_a_second_save_replaces_the_first_and_what_a_killed_one_left(folder: Path) -> None:
    (folder / "shards-0123456789ab").mkdir()
    model = build()
    train(model, 0, 1)
    model.save_state(folder, epoch=7, sharded=True)
    assert len(list(folder.iterdir())) == 2
    assert build().load_state(folder) == 7


KILLED = """
import os, signal, sys
from kplug.saving.state import state_folders
from tests.saving.state.test_state_folders import build
state_folders.sync = lambda path: os.kill(os.getpid(), signal.SIGKILL)
build().save_state(sys.argv[1], epoch=9, sharded=True)
"""


def test_a_save_that_is_killed_leaves_the_state_before_it(folder: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(folder)]
    root = Path(__file__).parents[3]
    assert subprocess.run(command, cwd=root, check=False).returncode == -9
    assert len(list(folder.glob("shards-*"))) == 2
    assert build().load_state(folder) == 2


def test_a_save_that_fails_leaves_the_state_before_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state_folders, "sync", fail)
    with pytest.raises(OSError, match="No space left"):
        build().save_state(folder, epoch=9, sharded=True)
    assert len(list(folder.iterdir())) == 2
    assert build().load_state(folder) == 2


def cut(folder: Path) -> None:
    part = find_part(folder)
    part.write_bytes(part.read_bytes()[:-8])


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change tensors of the part, and write down its size as a save would."""
    part = find_part(folder)
    tensors = load_file(part)
    change(tensors)
    offsets = {name: {"saved_offsets": [0] * one.ndim} for name, one in tensors.items()}
    save_file(tensors, part, {"format": "pt", "DCP_SHARDING_INFO": json.dumps(offsets)})
    with h5py.File(folder / "kplug.state", "a") as file:
        listing = {"folder": part.parent.name, "files": {part.name: part.stat().st_size}}
        file.attrs["kplug_shards"] = json.dumps(listing)


def lie(folder: Path, listing: Any) -> None:
    with h5py.File(folder / "kplug.state", "a") as file:
        file.attrs["kplug_shards"] = json.dumps(listing)


def scramble(folder: Path) -> None:
    part = find_part(folder)
    part.write_bytes(b"\xff" * part.stat().st_size)


def link(folder: Path) -> None:
    part = find_part(folder)
    part.rename(folder.parent / "elsewhere")
    part.symlink_to(folder.parent / "elsewhere")


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "cut": (cut, "bytes and was written with"),
    "missing": (lambda folder: find_part(folder).unlink(), "is missing"),
    "foreign": (lambda folder: (find_part(folder).parent / "b").touch(), "is none of the state"),
    "link": (link, "is none of the state"),
    "scrambled": (scramble, "the parts cannot be read"),
    "unnamed": (lambda folder: lie(folder, {}), "does not say which parts"),
    "outside": (
        lambda folder: lie(folder, {"folder": "../a", "files": {}}),
        "does not say which parts",
    ),
    "no state": (lambda folder: (folder / "kplug.state").unlink(), "has no file 'kplug.state'"),
    "lacking": (
        lambda folder: rewrite(folder, lambda one: one.pop("weights/layers/dense/0")),
        r"lacks weights of the model \('weights/layers/dense/0'\)",
    ),
    "surplus": (
        lambda folder: rewrite(folder, lambda one: one.update({"weights/a": torch.ones(1)})),
        r"holds weights that the model lacks \('weights/a'\)",
    ),
    "moment": (
        lambda folder: rewrite(folder, lambda one: one.update({"optimizer/9/a": torch.ones(1)})),
        "'optimizer/9/a' belongs to no weight",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_folder_is_refused_and_changes_nothing(name: str, folder: Path) -> None:
    damage, message = DAMAGE[name]
    damage(folder)
    model = build()
    before = model.get_weights()
    with pytest.raises(WeightsError, match=message):
        model.load_state(folder)
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert train(model, 0, 1) == train(build(), 0, 1)


def test_a_part_without_some_rows_is_refused(folder: Path) -> None:
    part = find_part(folder)
    tensors = load_file(part)
    rewrite(
        folder, lambda one: one.update({"optimizer/0/exp_avg": tensors["optimizer/0/exp_avg"][3:]})
    )
    text = part.read_bytes()
    at = text.index(b"exp_avg") + len(b"exp_avg")
    moved = text[:at] + text[at:].replace(b"[0, 0]", b"[3, 0]", 1)
    part.write_bytes(moved)
    with pytest.raises(WeightsError, match="parts of the state are missing"):
        build().load_state(folder)


def test_the_state_of_another_model_is_refused(folder: Path) -> None:
    message = r"'weights/layers/dense/0' is \(6, 4\) of float32, the state's is \(6, 8\) of float32"
    with pytest.raises(WeightsError, match=message):
        build(units=4).load_state(folder)


def test_what_is_no_folder_of_a_state_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(WeightsError, match="a sharded state is a folder"):
        build().save_state(tmp_path / "a", sharded=True)
    with pytest.raises(WeightsError, match="the folder has other files"):
        build().save_state(tmp_path, sharded=True)
    with pytest.raises(WeightsError, match=r"the folder .* does not exist"):
        build().save_state(tmp_path / "b" / "c", sharded=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


class PowerCut(Callback):
    """Ends a training in the middle of its third epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.is_cut = epoch == 2

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.is_cut and batch == 2:
            raise KeyboardInterrupt


def test_a_backup_in_parts_goes_on_within_an_epoch(tmp_path: Path) -> None:
    whole, backup = build(), BackupAndRestore(tmp_path / "b", 2, sharded=True)
    train(whole, 0, 4)
    with pytest.raises(KeyboardInterrupt):
        train(build(), 0, 4, backup, PowerCut())
    assert (tmp_path / "b" / "training.state" / "kplug.state").is_file()
    resumed = build()
    train(resumed, 0, 4, backup)
    for one, other in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not (tmp_path / "b").exists()


def test_a_backup_of_the_other_form_is_refused(tmp_path: Path) -> None:
    backup = BackupAndRestore(tmp_path, sharded=True, delete_checkpoint=False)
    train(build(), 0, 1, backup)
    with pytest.raises(ArgumentValueError, match="argument 'sharded' is False; allowed: True, as "):
        train(build(), 0, 1, BackupAndRestore(tmp_path))
