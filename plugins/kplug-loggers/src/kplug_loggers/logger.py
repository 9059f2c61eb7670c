"""The `RunLogger` base class: what is logged when, and what happens if the library fails."""

from __future__ import annotations

import abc
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from torch import distributed
from typing_extensions import override

from kplug.callbacks import Callback
from kplug.components.arguments import (
    refusal,
    require_flag,
    require_integer,
    require_positive,
)
from kplug.errors import DataError, KplugWarning
from kplug.support.optional_libraries import import_extra
from kplug_loggers.description import (
    Signature,
    Table,
    find_signature,
    is_scalar,
    list_numbers,
    list_params,
    make_lock,
    tabulate_components,
)
from kplug_loggers.time_limit import call_within

Result = TypeVar("Result")

LOCK, TABLE, MODEL = "kplug.lock", "components", "model.keras"
_MOST_WORDS = 300
_PASSED_OVER = {"kplug", "kplug_loggers", "torch", "contextlib"}


class Run(Protocol):
    """A run in a library, as a logger needs it; each method may raise whatever the library raises."""

    @property
    def run_id(self) -> str:
        """The text from which the run can be continued."""

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log booleans, numbers and texts by name."""

    def log_metrics(self, metrics: Mapping[str, float], axis: str, number: int) -> None:
        """Log numbers by name, at a number of the axis ``"epoch"`` or ``"step"``."""

    def log_table(self, name: str, table: Table) -> None:
        """Log a table."""

    def log_file(self, file: Path) -> None:
        """Log a file, which is removed afterwards."""

    def log_model(self, file: Path, signature: Signature | None) -> None:
        """Log a model's file, which is removed afterwards, with its signature."""

    def finish(self, error: BaseException | None = None) -> None:
        """End the run, which an error may have ended, and wait until everything is written."""


class RunLogger(Callback, abc.ABC):
    """Base of experiment loggers: logs each ``fit`` as a run of a library.

    At the start it logs the parameters, the component table and the lock of the packages that supply the
    components; after each epoch its logs and the learning rate; at the end the model. A run that
    `BackupAndRestore` resumes continues the run of the library. If an error ends training, the run ends as
    failed, where the library tells failures apart.

    A failure of the library, such as an unreachable server or a full disk, costs one warning. Training goes
    on, and nothing more is logged in that ``fit``. Of several processes the main one logs.

    A subclass states ``library`` and implements `start`.

    Args:
        params: Further parameters of the run, by name.
        update_freq: ``"epoch"``, or a number of steps >= 1 after which the logs of steps are logged, too, as
            ``batch/<log>``. Reading them synchronizes the step with the device.
        log_model: Whether the model is logged when ``fit`` ends.
        run_id: A run to continue; None begins one.
        timeout: The seconds that one call of the library may take, > 0.

    Attributes:
        run_id: The run's id in the library, once there is one.

    Raises:
        MissingLibraryError: The library is not installed.
        ArgumentValueError: An argument is out of its range.
    """

    library = ""
    """The name of the library: of its module and of the extra that installs it."""

    call_rank = 1  # callbacks may add logs, and restore the best weights at the end

    def __init__(
        self,
        params: Mapping[str, Any] | None = None,
        update_freq: str | int = "epoch",
        log_model: bool = True,
        run_id: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        owner = type(self).__name__
        self.import_library()  # so that it fails now, not in the run
        given: object = params
        if given is not None and not isinstance(given, Mapping):
            raise refusal(owner, "params", params, "None or a dict of values by name")
        continued: object = run_id
        if continued is not None and not (isinstance(continued, str) and continued):
            raise refusal(owner, "run_id", run_id, "None or the id of a run")
        self.extra_params = dict(params or {})
        self.update_freq: str | int = "epoch"
        if update_freq != "epoch":
            allowed = "'epoch' or a number of steps >= 1"
            self.update_freq = require_integer(
                owner, "update_freq", update_freq, allowed, at_least=1
            )
        self.log_model = require_flag(owner, "log_model", log_model)
        self.timeout = require_positive(owner, "timeout", timeout)
        self.given_run_id = self.run_id = run_id
        self._reset()

    def _reset(self) -> None:
        self.run_id = self.given_run_id
        self._run: Run | None = None
        self._has_failed, self._is_resumed = False, False
        self._steps, self._steps_before = 0, 0

    def import_library(self) -> Any:
        """Return the library's module."""
        return import_extra(type(self).__name__, self.library, self.library, "kplug-loggers")

    @abc.abstractmethod
    def start(self, run_id: str | None) -> Run:
        """Begin a run, or continue the one with this id."""

    @override
    def state_dict(self) -> Mapping[str, Any]:
        """Return the run's id and the number of steps."""
        if self.run_id is None:
            return {}
        return {"run_id": self.run_id, "steps": self._steps, "steps_before": self._steps_before}

    @override
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue the run of an interrupted training.

        Raises:
            DataError: The state is none of a logger.
        """
        if not state:  # of one that had no run, as W&B when it is disabled
            return
        run_id, counts = state.get("run_id"), (state.get("steps"), state.get("steps_before"))
        if not isinstance(run_id, str) or not all(type(one) is int for one in counts):
            raise DataError(
                f"{type(self).__name__}: the backup has the state {dict(state)!r:.80}, which is none of "
                "a logger",
                hint="Remove the backup to start anew.",
            )
        self.run_id, self._is_resumed = run_id, True
        self._steps, self._steps_before = state["steps"], state["steps_before"]

    @override
    def on_train_begin(self, logs: Any = None) -> None:
        """Forget the last run."""
        self._reset()

    @override
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin the run, or continue it: whether training is resumed is known by now."""
        if self._run is not None or not _is_main_process():
            return
        self._run = self._attempt(self.start, self.run_id)
        if self._run is None:
            return
        self.run_id = self._run.run_id
        if not self._is_resumed:
            self._attempt(self._describe, self._run)

    def _describe(self, run: Run) -> None:
        of_fit = {name: self.params.get(name) for name in ("epochs", "steps")}
        params = {**of_fit, **list_params(self.model), **self.extra_params}
        run.log_params(
            {str(name): value if is_scalar(value) else str(value) for name, value in params.items()}
        )
        run.log_table(TABLE, tabulate_components(self.model))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, LOCK)
            file.write_text(make_lock(self.model), encoding="utf-8")
            run.log_file(file)

    @override
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Log the logs of the epoch so far, if enough steps have passed."""
        before, self._steps = self._steps, self._steps_before + batch + 1
        if self.update_freq == "epoch" or self._run is None or self._has_failed:
            return
        # Several steps may have run together.
        if before // int(self.update_freq) != self._steps // int(self.update_freq):
            numbers = list_numbers(dict(logs or {}))
            named = {f"batch/{name}": number for name, number in numbers.items()}
            self._attempt(self._run.log_metrics, named, "step", self._steps)

    @override
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Log the logs of the epoch, and the learning rate."""
        self._steps_before = self._steps
        if self._run is not None:
            numbers = {**list_numbers(logs or {}), **_read_rate(self.model.optimizer)}
            self._attempt(self._run.log_metrics, numbers, "epoch", epoch)

    @override
    def on_train_end(self, logs: Any = None) -> None:
        """Log the model, and end the run."""
        run, self._run = None if self._has_failed else self._run, None
        if self.log_model and (run is not None or _is_one_of_several()):
            self._log_model(run)
        if run is not None:
            self._attempt(run.finish)

    @override
    def handle_error(self, error: BaseException) -> None:
        """End the run as failed; a training that is resumed continues it."""
        run, self._run = self._run, None
        if run is not None:
            self._attempt(run.finish, error)

    def _log_model(self, run: Run | None) -> None:
        """Save the model, in which each process has a part; one that cannot be saved is left out."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, MODEL)
                self.model.save(file)
                if run is not None:
                    self._attempt(run.log_model, file, find_signature(self.model))
        except Exception as error:  # noqa: BLE001 - nothing that is logged may end a training
            if run is not None:
                _warn(f"{type(self).__name__}: the model is not logged: {_quote(error)}")

    def _attempt(self, function: Callable[..., Result], *arguments: Any) -> Result | None:
        """Call the library; its first failure ends the logging of this run with a warning."""
        if self._has_failed:
            return None
        try:
            return call_within(self.timeout, function, *arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a library may raise anything
            self._has_failed = True
            run = "" if self.run_id is None else f" {self.run_id!r}"
            _warn(
                f"{type(self).__name__}: the run{run} is logged no further, and training goes on: "
                f"{_quote(error)}"
            )
        return None


def _read_rate(optimizer: Any) -> dict[str, float]:
    rate = getattr(optimizer, "learning_rate", None)
    if rate is None and (groups := getattr(optimizer, "param_groups", None)):
        rate = groups[0].get("lr")
    return {} if rate is None else {"learning_rate": float(rate)}


def _is_one_of_several() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def _is_main_process() -> bool:
    return not _is_one_of_several() or distributed.get_rank() == 0


def _quote(error: BaseException) -> str:
    words = " ".join(str(error).split()) or "no more"
    return f"{type(error).__name__}: {words[:_MOST_WORDS]}"


def _warn(message: str) -> None:
    """Attribute a warning to the line that trains."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in _PASSED_OVER:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, KplugWarning, stacklevel=level)
