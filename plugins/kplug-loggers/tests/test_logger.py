"""Loggers: the times at which they log, and failures of their library, with a library made for the tests."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import importlib_metadata
import kplug_loggers
import numpy as np
import pytest
from kplug_loggers import RunLogger, logger as module
from kplug_loggers.description import Signature, Table, TensorInfo
from typer.testing import CliRunner
from typing_extensions import override

import kplug
from kplug.callbacks import BackupAndRestore, Callback, EarlyStopping, LambdaCallback
from kplug.cli.app import app
from kplug.errors import ArgumentValueError, DataError, KplugWarning, MissingLibraryError
from kplug.layers import Dense
from kplug.locking import read_lock

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X[:, :1] - X[:, 1:2]
STEPS, EPOCHS = 5, 3
LOGGERS = [
    one
    for one in vars(kplug_loggers).values()
    if isinstance(one, type) and issubclass(one, RunLogger) and one is not RunLogger
]


class MadeUpRun:
    """Notes what is logged; raises or waits in one method."""

    def __init__(
        self, run_id: str, folder: Path, fails: str = "", action: Callable[[], None] | None = None
    ) -> None:
        self.run_id, self.folder, self.fails, self.action = run_id, folder, fails, action
        self.calls: list[str] = []
        self.params: dict[str, Any] = {}
        self.metrics: list[tuple[str, int, dict[str, float]]] = []
        self.tables: dict[str, Table] = {}
        self.signature: Signature | None = None

    def _note(self, name: str) -> None:
        self.calls.append(name)
        if name == self.fails and self.action is not None:
            self.action()

    def log_params(self, params: Mapping[str, Any]) -> None:
        self._note("params")
        self.params.update(params)

    def log_metrics(self, metrics: Mapping[str, float], axis: str, number: int) -> None:
        self._note("metrics")
        self.metrics.append((axis, number, dict(metrics)))

    def log_table(self, name: str, table: Table) -> None:
        self._note("table")
        self.tables[name] = table

    def log_file(self, file: Path) -> None:
        self._note("file")
        shutil.copy(file, self.folder)

    def log_model(self, file: Path, signature: Signature | None) -> None:
        self._note("model")
        self.signature = signature
        shutil.copy(file, self.folder)

    def finish(self, error: BaseException | None = None) -> None:
        self._note("finish" if error is None else f"finish {type(error).__name__}")


class MadeUp(RunLogger):
    """A logger whose library is a module that Python has."""

    library = "json"

    def __init__(
        self,
        folder: Path,
        *,
        prefix: str = "run",
        fails: str = "",
        action: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.folder, self.prefix, self.fails, self.action = folder, prefix, fails, action
        self.runs: list[MadeUpRun] = []

    @override
    def start(self, run_id: str | None) -> MadeUpRun:
        if self.fails == "start":
            self.action()
        name = run_id or f"{self.prefix}{len(self.runs)}"
        self.runs.append(MadeUpRun(name, self.folder, self.fails, self.action))
        return self.runs[-1]


def make_model() -> Any:
    kplug.backend.clear_session()
    kplug.utils.set_random_seed(1)
    model = kplug.Sequential([Dense(4, "relu", input_dim=3, name="body"), Dense(1, name="score")])
    model.compile("sgd(lr=0.125)", "huber(delta=2.0)", metrics=["mae"])
    return model


def train(*callbacks: Any, model: Any = None, **options: Any) -> tuple[Any, Any]:
    model = model or make_model()
    options = {"batch_size": 8, "epochs": EPOCHS, "verbose": 0, **options}
    return model, model.fit(X, Y, callbacks=list(callbacks), **options).history


def test_a_run_has_parameters_metrics_table_lock_and_model(tmp_path: Path) -> None:
    logger = MadeUp(tmp_path, params={"fold": 3, "sizes": [1, 2]})
    model, history = train(logger, validation_data=(X, Y))
    (run,) = logger.runs
    assert run.calls == ["params", "table", "file", *["metrics"] * EPOCHS, "model", "finish"]
    assert logger.run_id == "run0"

    assert run.params["epochs"] == EPOCHS
    assert run.params["steps"] == STEPS
    assert run.params["weights"] == 4 * 4 + 5
    assert run.params["optimizer"] == "kplug/sgd"
    assert run.params["loss"] == "kplug/huber"
    assert run.params["loss.delta"] == 2.0
    assert run.params["metrics/0"] == "kplug/mean_absolute_error"
    assert (run.params["fold"], run.params["sizes"]) == (3, "[1, 2]")

    for epoch, (axis, number, metrics) in enumerate(run.metrics):
        expected = {name: values[epoch] for name, values in history.items()}
        assert (axis, number) == ("epoch", epoch)
        assert metrics == {**expected, "learning_rate": 0.125}
        assert {"loss", "mae", "val_loss"} <= metrics.keys()

    table = run.tables["components"]
    shown = [row.split()[0] for row in repr(model.components).splitlines()[1:]]
    assert [row[0] for row in table.rows] == shown
    assert table.columns == ("slot", "kind", "component", "package", "version", "rule")

    assert run.signature == Signature(
        [TensorInfo(model.input_names[0], (None, 3), "float32")],
        [TensorInfo("score", (None, 1), "float32")],
    )
    loaded = kplug.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


def test_the_lock_is_that_of_the_model_file(tmp_path: Path) -> None:
    train(MadeUp(tmp_path))
    of_file = tmp_path / "other.lock"
    command = ["lock", str(tmp_path / "model.keras"), "--allow-unlocked", "--lock", str(of_file)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert read_lock(tmp_path / "kplug.lock") == read_lock(of_file)


def test_steps_are_logged_if_asked(tmp_path: Path) -> None:
    logger = MadeUp(tmp_path, update_freq=4, log_model=False)
    _, history = train(logger)
    (run,) = logger.runs
    of_steps = [(number, metrics) for axis, number, metrics in run.metrics if axis == "step"]
    assert [number for number, _ in of_steps] == [4, 8, 12]
    assert all(metrics.keys() == {"batch/loss", "batch/mae"} for _, metrics in of_steps)
    assert "model" not in run.calls
    each = MadeUp(tmp_path, update_freq=1, log_model=False)
    train(each)
    last = [metrics for axis, _, metrics in each.runs[0].metrics if axis == "step"][-1]
    # The logs of a step are the averages of the epoch so far.
    assert last["batch/loss"] == pytest.approx(history["loss"][-1])


def interrupt_after(step: int) -> Callback:
    steps = iter(range(10**6))

    def stop(batch: int, logs: Any) -> None:
        if next(steps) == step:
            raise KeyboardInterrupt

    return LambdaCallback(on_train_batch_end=stop)


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("save_freq", "interrupted_at"), [("epoch", 7), pytest.param(1, 7, marks=pytest.mark.slow)]
)
def test_a_resumed_training_continues_the_run(
    save_freq: Any, interrupted_at: int, is_first: bool, tmp_path: Path
) -> None:
    def make_callbacks(logger: MadeUp) -> list[Any]:
        found = [logger, BackupAndRestore(tmp_path / "backup", save_freq)]
        return found if is_first else found[::-1]

    first = MadeUp(tmp_path, update_freq=1)
    with pytest.raises(KeyboardInterrupt):
        train(interrupt_after(interrupted_at), *make_callbacks(first))
    second = MadeUp(tmp_path, prefix="another", update_freq=1)
    train(*make_callbacks(second))
    (run,) = second.runs
    assert run.run_id == second.run_id == "run0"
    assert first.runs[0].calls[-1] == "finish KeyboardInterrupt"
    assert "params" not in run.calls
    assert "table" not in run.calls
    assert [number for axis, number, _ in run.metrics if axis == "epoch"] == [1, 2]
    begins = 6 if save_freq == "epoch" else 8
    steps = [number for axis, number, _ in run.metrics if axis == "step"]
    assert steps == [*range(begins, STEPS * EPOCHS + 1)]
    assert run.calls[-2:] == ["model", "finish"]


def test_another_training_is_another_run_and_a_given_one_is_continued(tmp_path: Path) -> None:
    logger = MadeUp(tmp_path)
    train(logger)
    train(logger)
    assert [run.run_id for run in logger.runs] == ["run0", "run1"]
    given = MadeUp(tmp_path, run_id="abc")
    train(given)
    assert [run.run_id for run in given.runs] == ["abc"]
    assert "params" in given.runs[0].calls


def raise_full() -> None:
    raise OSError(28, "No space left on device")


def end_program() -> None:
    raise SystemExit(1)


CALLS = ["params", "table", "file", "metrics", "model", "finish"]


@pytest.mark.parametrize("fails", ["start", *CALLS])
def test_a_failure_costs_one_warning_and_no_training(fails: str, tmp_path: Path) -> None:
    _, expected = train()
    logger = MadeUp(tmp_path, fails=fails, action=raise_full)
    with pytest.warns(KplugWarning) as caught:
        _, history = train(logger)
    assert history == expected
    run = "" if fails == "start" else " 'run0'"
    assert [str(one.message) for one in caught] == [
        f"MadeUp: the run{run} is logged no further, and training goes on: OSError: [Errno 28] "
        "No space left on device"
    ]
    assert caught[0].filename == __file__
    if fails != "start":
        assert logger.runs[0].calls[-1] == fails  # nothing is attempted afterwards


def test_what_does_not_answer_is_waited_for_no_longer_than_allowed(tmp_path: Path) -> None:
    answer = threading.Event()
    try:
        logger = MadeUp(tmp_path, fails="metrics", action=answer.wait)
        shorten = LambdaCallback(on_epoch_end=lambda *_: setattr(logger, "timeout", 0.05))
        with pytest.warns(KplugWarning, match=r"TimeoutError: no answer within 0\.05 seconds"):
            _, history = train(logger, shorten)
        assert len(history["loss"]) == EPOCHS
        assert logger.runs[0].calls.count("metrics") == 1
    finally:
        answer.set()


def test_a_library_that_ends_the_program_does_not(tmp_path: Path) -> None:
    with pytest.warns(KplugWarning, match="SystemExit: 1"):
        train(MadeUp(tmp_path, fails="start", action=end_program))


def raise_interrupt() -> None:
    raise KeyboardInterrupt


def raise_error() -> None:
    raise ValueError("no such luck")


@pytest.mark.parametrize("end", [raise_interrupt, raise_error, end_program])
def test_a_run_that_an_error_ends_is_said_to_have_failed(end: Any, tmp_path: Path) -> None:
    logger = MadeUp(tmp_path)
    with pytest.raises(BaseException) as caught:
        train(LambdaCallback(on_epoch_end=lambda epoch, logs: epoch == 1 and end()), logger)
    assert logger.runs[0].calls[-2:] == ["metrics", f"finish {caught.type.__name__}"]
    train(logger)
    assert [run.calls[-1] for run in logger.runs[1:]] == ["finish"]


def test_a_library_that_fails_at_an_error_does_not_hide_it(tmp_path: Path) -> None:
    logger = MadeUp(tmp_path, fails="finish ValueError", action=raise_full)
    with (
        pytest.raises(ValueError, match="no such luck"),
        pytest.warns(KplugWarning, match="left on"),
    ):
        train(LambdaCallback(on_epoch_end=lambda epoch, logs: raise_error()), logger)


def test_a_model_that_cannot_be_saved_leaves_out_the_model_alone(tmp_path: Path) -> None:
    class Own(kplug.Model):
        def __init__(self, size: Any) -> None:
            super().__init__()
            self.dense = Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    model = Own(object())
    model.compile("sgd", "mse")
    logger = MadeUp(tmp_path)
    with pytest.warns(KplugWarning, match="MadeUp: the model is not logged: ") as caught:
        train(logger, model=model)
    assert len(caught) == 1
    assert logger.runs[0].calls[-2:] == ["metrics", "finish"]


def test_the_best_weights_are_logged_if_others_restore_them(tmp_path: Path) -> None:
    stopping = EarlyStopping("loss", mode="max", patience=5, restore_best_weights=True)
    model, history = train(MadeUp(tmp_path), stopping)
    assert history["loss"][0] == max(history["loss"])
    loaded = kplug.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


def test_logs_with_several_numbers_have_a_name_for_each(tmp_path: Path) -> None:
    logger = MadeUp(tmp_path)
    add = LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update(iou=[0.25, 0.75], note="good")
    )
    train(logger, add)
    _, _, metrics = logger.runs[0].metrics[0]
    assert (metrics["iou/0"], metrics["iou/1"]) == (0.25, 0.75)
    assert "note" not in metrics


def test_the_main_process_alone_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_is_main_process", lambda: False)
    logger = MadeUp(tmp_path)
    train(logger)
    assert logger.runs == []


@pytest.mark.parametrize("logger", LOGGERS)
def test_a_library_that_is_missing_is_named_when_the_callback_is_made(
    logger: type[RunLogger], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = logger.library
    monkeypatch.setitem(sys.modules, name, None)  # Python's way to say that it cannot be imported
    with pytest.raises(MissingLibraryError) as caught:
        logger()
    assert str(caught.value) == (
        f"{logger.__name__} needs the library {name}, which cannot be imported\n"
        f'  Install it with: pip install "kplug-loggers[{name}]".'
    )


def test_each_logger_has_a_name_and_an_extra() -> None:
    found = importlib_metadata.distribution("kplug-loggers")
    extras = found.metadata.get_all("Provides-Extra") or []
    assert {extra.replace("-", "_") for extra in extras} == {logger.library for logger in LOGGERS}
    declared = {
        one.name: one.load() for one in found.entry_points if one.group == "kplug.callbacks"
    }
    assert declared == {logger.library: logger for logger in LOGGERS}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"update_freq": 0}, "'update_freq' is 0; allowed: 'epoch' or a number of steps >= 1"),
        ({"params": [1]}, "'params' is [1]; allowed: None or a dict of values by name"),
        ({"run_id": ""}, "'run_id' is ''; allowed: None or the id of a run"),
        ({"timeout": 0}, "'timeout' is 0; allowed: a finite number > 0"),
        ({"log_model": "no"}, "'log_model' is 'no'; allowed: True or False"),
    ],
)
def test_a_wrong_argument_is_refused(options: dict[str, Any], text: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        MadeUp(tmp_path, **options)
    assert str(caught.value) == f"MadeUp: argument {text}"


@pytest.mark.parametrize(
    "state", [{"best": 0.5}, {"run_id": 3, "steps": 0, "steps_before": 0}, {"run_id": "a"}]
)
def test_a_state_of_another_callback_is_refused(state: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"MadeUp: the backup has the state .* none of a logger"):
        MadeUp(tmp_path).load_state_dict(state)


def test_a_state_of_a_logger_without_a_run_is_taken(tmp_path: Path) -> None:
    logger = MadeUp(tmp_path)
    logger.load_state_dict(logger.state_dict())
    assert logger.run_id is None


def test_a_run_costs_no_warning(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(MadeUp(tmp_path))
    assert json.dumps(MadeUp(tmp_path).state_dict()) == "{}"
