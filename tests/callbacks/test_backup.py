"""BackupAndRestore: an interrupted run and its continuation are one run, to the bit."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug
from kplug.callbacks import BackupAndRestore, LambdaCallback, SwapEMAWeights
from kplug.errors import ArgumentValueError
from kplug.layers import Dense, Dropout

EPOCHS = 5
X = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


class Interruption(KeyboardInterrupt):
    """Ends a run in these tests."""


def make_model(optimizer: str) -> Any:
    kplug.utils.set_random_seed(1)
    model = kplug.Sequential([Dense(8, activation="relu", input_dim=6), Dropout(0.5), Dense(1)])
    model.compile(optimizer, "mse")
    return model


def train(optimizer: str, callbacks: list[Any]) -> tuple[Any, Any]:
    model = make_model(optimizer)
    history = model.fit(X, Y, batch_size=8, epochs=EPOCHS, callbacks=callbacks, verbose=0)
    return model, history


def interrupt_after(epoch: int, step: int) -> LambdaCallback:
    """Return a callback that ends the run in the middle of an epoch, both counted from 0."""
    running: list[int] = []

    def stop(batch: int, logs: Any) -> None:
        if running[-1] == epoch and batch == step:
            raise Interruption

    return LambdaCallback(
        on_epoch_begin=lambda number, logs: running.append(number), on_train_batch_end=stop
    )


@pytest.mark.parametrize("optimizer", ["adam", "sgd(momentum=0.9)", "torch/adamw(lr=0.01)"])
def test_epochs_after_an_interruption_are_those_of_a_run_without_one(
    optimizer: str, tmp_path: Path
) -> None:
    whole, expected = train(optimizer, [])
    backup = BackupAndRestore(tmp_path / "backup")
    with pytest.raises(Interruption):
        train(optimizer, [backup, interrupt_after(3, 2)])
    resumed, history = train(optimizer, [BackupAndRestore(tmp_path / "backup")])
    assert history.epoch == [3, 4]
    assert history.history["loss"] == expected.history["loss"][3:]
    for one, other in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize("is_first", [True, False])
def test_an_interrupted_run_with_averages_goes_on_with_its_weights(
    is_first: bool, tmp_path: Path
) -> None:
    optimizer = "adam(use_ema=True)"

    def list_callbacks() -> list[Any]:
        found = [BackupAndRestore(tmp_path / "backup"), SwapEMAWeights(swap_on_epoch=True)]
        return found if is_first else found[::-1]

    whole, expected = train(optimizer, [SwapEMAWeights(swap_on_epoch=True)])
    with pytest.raises(Interruption):
        train(optimizer, [*list_callbacks(), interrupt_after(3, 2)])
    resumed, history = train(optimizer, list_callbacks())
    assert history.history["loss"] == expected.history["loss"][3:]
    for one, other in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


SCRIPT = """
    import os, signal, sys
    import numpy as np
    import kplug
    from kplug.layers import Dense, Dropout

    folder, to_file, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
    kplug.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")
    model = kplug.Sequential([Dense(8, activation="relu", input_dim=6), Dropout(0.5), Dense(1)])
    model.compile("adam", "mse")

    class Kill(kplug.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == last:
                os.kill(os.getpid(), signal.SIGKILL)

    history = model.fit(x, x[:, :1], batch_size=8, epochs=5, verbose=0,
                        callbacks=[kplug.callbacks.BackupAndRestore(folder), Kill()])
    np.savez(to_file, *model.get_weights(), epoch=history.epoch, loss=history.history["loss"])
"""


def run_script(folder: Path, to_file: Path, last: int) -> int:
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), str(to_file), str(last)]
    return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.slow
def test_a_process_that_was_killed_is_continued_by_a_new_one(tmp_path: Path) -> None:
    files = [tmp_path / "whole.npz", tmp_path / "resumed.npz"]
    assert run_script(tmp_path / "unused", files[0], -1) == 0
    assert run_script(tmp_path / "backup", files[1], 2) == -signal.SIGKILL
    assert not files[1].exists()
    assert run_script(tmp_path / "backup", files[1], -1) == 0
    whole, resumed = (dict(np.load(file)) for file in files)
    assert resumed.pop("epoch").tolist() == [2, 3, 4]
    assert whole.pop("epoch").tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(resumed.pop("loss"), whole.pop("loss")[2:])
    for name, values in whole.items():
        np.testing.assert_array_equal(resumed[name], values)


def test_within_an_epoch_the_weights_are_kept_and_its_batches_start_anew(tmp_path: Path) -> None:
    seen: list[Any] = []
    first = make_model("adam")
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(first.get_weights()))
    backup = BackupAndRestore(tmp_path / "backup", save_freq=3)
    callbacks: list[Any] = [note, backup, interrupt_after(2, 3)]
    with pytest.raises(Interruption):  # 5 steps an epoch: saved after steps 3, 6, 9 and 12
        first.fit(X, Y, batch_size=8, epochs=EPOCHS, callbacks=callbacks, verbose=0)
    started: list[Any] = []
    model = make_model("adam")
    start = LambdaCallback(on_epoch_begin=lambda epoch, logs: started.append(model.get_weights()))
    again = BackupAndRestore(tmp_path / "backup", save_freq=3)
    history = model.fit(X, Y, batch_size=8, epochs=EPOCHS, callbacks=[again, start], verbose=0)
    assert history.epoch == [2, 3, 4]
    for one, other in zip(started[0], seen[11], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_complete_run_leaves_what_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    train("sgd", [BackupAndRestore(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_the_file_can_be_kept_and_then_nothing_is_left_to_do(tmp_path: Path) -> None:
    first, _ = train("sgd", [BackupAndRestore(tmp_path / "kept", delete_checkpoint=False)])
    assert (tmp_path / "kept").is_dir()
    second, history = train("sgd", [BackupAndRestore(tmp_path / "kept", delete_checkpoint=False)])
    assert history.epoch == []
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("",), "'backup_dir' is ''; allowed: the name of a folder"),
        (("x", 0), "'save_freq' is 0; allowed: 'epoch' or a number of steps >= 1"),
        (("x", "batch"), "'save_freq' is 'batch'; allowed: 'epoch' or a number of steps >= 1"),
    ],
)
def test_wrong_arguments_are_refused(arguments: tuple[Any, ...], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        BackupAndRestore(*arguments)
    assert str(caught.value) == f"BackupAndRestore: argument {text}"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_epoch_has_one_row_wherever_the_run_is_killed(tmp_path: Path, place: int) -> None:
    log = tmp_path / "log.csv"

    def run(*others: kplug.Callback) -> None:
        logger = kplug.callbacks.CSVLogger(log, append=True)
        callbacks: list[Any] = [BackupAndRestore(tmp_path / "b"), logger]
        callbacks[place:place] = others
        try:
            train("adam", callbacks)
        finally:
            logger.on_train_end()  # closes the file, as the end of a process does

    def stop(epoch: int, logs: Any) -> None:
        if epoch == 2:
            raise Interruption

    with pytest.raises(Interruption):
        run(LambdaCallback(on_epoch_end=stop))
    log.write_bytes(log.read_bytes() + b"3,0.")  # a row that was being written
    run()
    run()  # a run of its own
    rows = [line.split(",") for line in log.read_text().splitlines()]
    assert [row[0] for row in rows] == ["epoch", *"01234", *"01234"]
    assert rows[1:6] == rows[6:]


def test_a_killed_save_does_not_keep_the_folder(tmp_path: Path) -> None:
    (tmp_path / "b" / ".training.state.0123456789ab.tmp").mkdir(parents=True)
    train("adam", [BackupAndRestore(tmp_path / "b", delete_checkpoint=True)])
    assert not (tmp_path / "b").exists()
