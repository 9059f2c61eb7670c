"""BackupAndRestore: an interrupted run and its continuation are one run, to the bit."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug.callbacks import BackupAndRestore, Callback, LambdaCallback, SwapEMAWeights
from kplug.errors import ArgumentValueError
from kplug.layers import Dense, Dropout

EPOCHS = 5
X = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


class Interruption(KeyboardInterrupt):
    """Ends a run in these tests."""


def raise_interruption(logs: Any) -> None:
    raise Interruption


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
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if self.epoch == last and batch == 1:
                os.kill(os.getpid(), getattr(signal, sys.argv[4]))

    history = model.fit(x, x[:, :1], batch_size=8, epochs=5, verbose=0,
                        callbacks=[kplug.callbacks.BackupAndRestore(folder), Kill()])
    np.savez(to_file, *model.get_weights(), epoch=history.epoch, loss=history.history["loss"])
"""


def run_script(folder: Path, to_file: Path, last: int, name: str = "SIGKILL") -> Any:
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), str(to_file), str(last)]
    return subprocess.run([*command, name], check=False, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_a_process_that_was_killed_is_continued_by_a_new_one(tmp_path: Path, name: str) -> None:
    files = [tmp_path / "whole.npz", tmp_path / "resumed.npz"]
    assert run_script(tmp_path / "unused", files[0], -1).returncode == 0
    killed = run_script(tmp_path / "backup", files[1], 2, name)
    assert killed.returncode == -getattr(signal, name)
    path = str(tmp_path / "backup" / "training.state")
    told = f"BackupAndRestore: SIGTERM; the state after step 2 of epoch 3 is in {path!r}\n"
    assert killed.stdout == (told if name == "SIGTERM" else "")
    assert not files[1].exists()
    assert run_script(tmp_path / "backup", files[1], -1).returncode == 0
    whole, resumed = (dict(np.load(file)) for file in files)
    assert resumed.pop("epoch").tolist() == [2, 3, 4]
    assert whole.pop("epoch").tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(resumed.pop("loss"), whole.pop("loss")[2:])
    for name, values in whole.items():
        np.testing.assert_array_equal(resumed[name], values)


class SignalAt(kplug.callbacks.Callback):
    """Sends a signal to this process in a hook of the third epoch."""

    def __init__(self, hook: str, number: signal.Signals = signal.SIGINT) -> None:
        self.epoch = 0
        self.number = number
        setattr(self, hook, self.send)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def send(self, place: int, logs: Any = None) -> None:
        if self.epoch == 2 and place == (2 if self.is_of_epoch else 1):
            signal.raise_signal(self.number)

    @property
    def is_of_epoch(self) -> bool:
        return "on_epoch_end" in vars(self)


@pytest.mark.parametrize(
    ("hook", "when", "first"),
    [
        ("on_train_batch_end", "after step 2 of epoch 3", 2),
        ("on_train_batch_begin", "after step 2 of epoch 3", 2),
        ("on_test_batch_begin", "before the validation of epoch 3", 2),
        ("on_epoch_end", "after epoch 3", 3),
    ],
)
def test_an_interrupt_waits_for_the_step_and_is_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], hook: str, when: str, first: int
) -> None:
    def fit(*callbacks: Any) -> tuple[Any, Any]:
        model = make_model("adam")
        data = {"validation_data": (X[:20], Y[:20]), "verbose": 0}
        history = model.fit(X, Y, 8, EPOCHS, callbacks=list(callbacks), **data)
        return model, history

    whole, expected = fit()
    folder = tmp_path / "backup"
    with pytest.raises(KeyboardInterrupt):
        fit(BackupAndRestore(folder, save_freq=1000), SignalAt(hook))
    path = str(folder / "training.state")
    assert capsys.readouterr().out == f"BackupAndRestore: SIGINT; the state {when} is in {path!r}\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    resumed, history = fit(BackupAndRestore(folder))
    assert history.epoch == list(range(first, EPOCHS))
    assert history.history == {name: log[first:] for name, log in expected.history.items()}
    for one, other in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_handler_of_the_program_is_called_after_the_save_and_may_go_on(tmp_path: Path) -> None:
    path = tmp_path / "backup" / "training.state"
    seen: list[bool] = []
    earlier = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(path.is_file()))
    try:
        stop = SignalAt("on_train_batch_end", signal.SIGTERM)
        _, history = train("adam", [BackupAndRestore(tmp_path / "backup"), stop])
    finally:
        signal.signal(signal.SIGTERM, earlier)
    assert seen == [True]
    assert history.epoch == list(range(EPOCHS))
    assert not path.exists()


@pytest.mark.parametrize("save_freq", ["epoch", 4])
def test_an_error_says_which_state_is_kept(tmp_path: Path, save_freq: Any) -> None:
    class OutOfMemory(kplug.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if self.model.optimizer.iterations == 10:
                raise torch.OutOfMemoryError("CUDA out of memory")

    backup = BackupAndRestore(tmp_path / "b", save_freq)
    with pytest.raises(torch.OutOfMemoryError) as caught:
        train("adam", [backup, OutOfMemory()])
    when = "after epoch 1" if save_freq == "epoch" else "after step 3 of epoch 2"
    path = str(tmp_path / "b" / "training.state")
    assert getattr(caught.value, "__notes__", []) == [
        f"BackupAndRestore: {path!r} has the state {when}, from which the same call of fit goes on."
    ]


def test_an_error_before_the_first_save_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(Interruption) as caught:
        train("adam", [BackupAndRestore(tmp_path / "b"), interrupt_after(0, 1)])
    assert not hasattr(caught.value, "__notes__")


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


WITH_WORKERS = """
    import os, subprocess, sys, threading, time, traceback
    import torch
    import kplug

    folder, place = sys.argv[1:]
    data = torch.arange(24.0)[:, None]

    class Samples(torch.utils.data.Dataset):
        def __len__(self):
            return 24

        def __getitem__(self, index):
            if place == "data" and index == 12:
                time.sleep(600)
            return data[index], data[index]

    def end():  # from another process, as a scheduler does
        command = ["kill", "-TERM", f"-{os.getpgrp()}"]
        subprocess.run(command, start_new_session=True)

    def end_when_it_waits(main):
        while "dataloader.py" not in {each.filename.rpartition("/")[2] for each in
                                      traceback.extract_stack(sys._current_frames()[main])}:
            time.sleep(0.05)
        end()

    class End(kplug.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2 and place == "step":
                end()
                time.sleep(1)  # the workers end now
            elif batch == 2:
                main = threading.get_ident()
                threading.Thread(target=end_when_it_waits, args=[main]).start()

    kplug.utils.set_random_seed(1)
    model = kplug.Sequential([kplug.layers.Dense(1, input_dim=1)])
    model.compile("sgd(1e-3)", "mse")
    loader = torch.utils.data.DataLoader(Samples(), 4, num_workers=2, prefetch_factor=1)
    model.fit(loader, verbose=0, callbacks=[kplug.callbacks.BackupAndRestore(folder), End()])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ends a group of processes")
@pytest.mark.parametrize(("place", "when"), [("step", "after step 3 of"), ("data", "within")])
def test_a_signal_that_ends_the_workers_too_is_saved(tmp_path: Path, place: str, when: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(WITH_WORKERS), str(tmp_path / "b"), place]
    ended = subprocess.run(
        command, check=False, capture_output=True, text=True, start_new_session=True
    )
    path = str(tmp_path / "b" / "training.state")
    told = f"BackupAndRestore: SIGTERM; the state {when} epoch 1 is in {path!r}\n"
    assert (ended.stdout, ended.returncode) == (told, -signal.SIGTERM), ended.stderr
    model = kplug.Sequential([Dense(1, input_dim=1)])
    model.compile("sgd(1e-3)", "mse")
    assert model.load_state(path) == 0
    assert model.resumed_position is not None
    assert model.resumed_position.steps == 3


class Counter(Callback):
    """Counts steps over interruptions, unless it is stateless."""

    def __init__(self, is_stateless: bool = False) -> None:
        self.is_stateless, self.steps = is_stateless, 0

    def state_dict(self) -> dict[str, Any]:
        return {} if self.is_stateless else {"steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.steps = state["steps"]

    def on_train_begin(self, logs: Any = None) -> None:
        self.steps = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1


@pytest.mark.parametrize("save_freq", ["epoch", pytest.param(1, marks=pytest.mark.slow)])
def test_the_state_of_callbacks_goes_on(save_freq: Any, tmp_path: Path) -> None:
    path = tmp_path / "backup"
    interrupted = [interrupt_after(3, 2), Counter(), Counter(is_stateless=True), Counter()]
    with pytest.raises(Interruption):
        train("sgd", [BackupAndRestore(path, save_freq), *interrupted])
    resumed = [Counter(), Counter(is_stateless=True), Counter(), Counter()]
    train("sgd", [BackupAndRestore(path, save_freq), *resumed])
    steps = 5 * EPOCHS
    rest = 2 * 5 if save_freq == "epoch" else steps - (3 * 5 + 2)
    assert [one.steps for one in resumed] == [steps, rest, steps, rest]


@pytest.mark.slow
def test_a_backup_is_the_last_of_those_that_are_called_last(tmp_path: Path) -> None:
    class Last(Counter):
        call_rank = 1

    path = tmp_path / "backup"
    with pytest.raises(Interruption):
        train("sgd", [BackupAndRestore(path, 1), Last(), interrupt_after(1, 2)])
    resumed = Last()
    train("sgd", [BackupAndRestore(path, 1), resumed])
    assert resumed.steps == 5 * EPOCHS


def make_plateau() -> list[Any]:
    """Callbacks whose decisions depend on the epochs before."""
    return [
        kplug.callbacks.EarlyStopping("loss", min_delta=10, patience=3, restore_best_weights=True),
        kplug.callbacks.ReduceLROnPlateau("loss", min_delta=10, patience=2, cooldown=1),
    ]


@pytest.mark.parametrize(
    "place", [(1, 2), *(pytest.param(place, marks=pytest.mark.slow) for place in ((2, 4), (3, 1)))]
)
def test_patience_goes_on(place: tuple[int, int], tmp_path: Path) -> None:
    whole, record = train("sgd(0.05)", make_plateau())
    assert len(record.epoch) < EPOCHS
    path = tmp_path / "backup"
    with pytest.raises(Interruption):
        train("sgd(0.05)", [BackupAndRestore(path, 1), *make_plateau(), interrupt_after(*place)])
    resumed, rest = train("sgd(0.05)", [BackupAndRestore(path, 1), *make_plateau()])
    assert rest.epoch == record.epoch[place[0] :]
    assert rest.history["learning_rate"] == record.history["learning_rate"][place[0] :]
    for own, expected in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(own, expected)


def test_a_run_that_had_been_stopped_is_not_trained_on(tmp_path: Path) -> None:
    whole, _ = train("sgd(0.05)", make_plateau())
    path = tmp_path / "backup"
    end = LambdaCallback(on_train_end=raise_interruption)
    with pytest.raises(Interruption):
        train("sgd(0.05)", [end, BackupAndRestore(path), *make_plateau()])
    resumed, rest = train("sgd(0.05)", [BackupAndRestore(path), *make_plateau()])
    assert rest.epoch == []
    for own, expected in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(own, expected)


def test_the_best_value_of_a_checkpoint_goes_on(tmp_path: Path) -> None:
    def make() -> Any:
        return kplug.callbacks.ModelCheckpoint(
            tmp_path / "{epoch}.keras", "loss", save_best_only=True, mode="max"
        )

    path = tmp_path / "backup"
    with pytest.raises(Interruption):
        train("sgd(0.05)", [BackupAndRestore(path), make(), interrupt_after(2, 0)])
    train("sgd(0.05)", [BackupAndRestore(path), make()])
    assert [each.name for each in tmp_path.glob("*.keras")] == ["1.keras"]
