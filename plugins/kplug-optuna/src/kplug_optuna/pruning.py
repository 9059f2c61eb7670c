"""The callback that stops trainings of trials that are not worth going on."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import BaseTrial
from typing_extensions import override

from kplug.callbacks import MonitoringCallback
from kplug.components.arguments import refusal
from kplug.errors import ArgumentValueError, ContractError
from kplug_optuna.current_trial import CURRENT

_WORDS = {
    StudyDirection.MINIMIZE: ("min", "minimizes"),
    StudyDirection.MAXIMIZE: ("max", "maximizes"),
}


class OptunaPruning(MonitoringCallback):
    """Report a log to a trial after each epoch, and prune the trial if its study's pruner says so.

    Training then ends as with ``early_stopping``, and ``fit`` raises ``optuna.TrialPruned`` when all other
    callbacks have finished. The components of the model become the trial's user attribute ``"components"``.

    Args:
        monitor: The log to report. Better is what the study's direction says.
        trial: The trial; by default the one from which a `SearchSpace` last suggested in this thread. With
            several processes, give each ``optuna.integration.TorchDistributedTrial``.

    Raises:
        ContractError: When training begins: there is no trial, or it has ended.
        ArgumentValueError: When training begins: larger values of the log are better, and the study
            minimizes, or the other way round.

    Example:
        >>> OptunaPruning("val_loss").monitor
        'val_loss'

    Reference:
        ``optuna_integration.KerasPruningCallback``, which raises in the middle of the other callbacks.
    """

    call_rank = 3  # after those that add logs, log runs, and keep backups

    def __init__(self, monitor: str = "val_loss", trial: Any = None) -> None:
        super().__init__(monitor)
        if trial is not None and not hasattr(trial, "should_prune"):
            raise refusal(self.label, "trial", trial, "None, or a trial of Optuna")
        self.trial = trial
        self._running: Any = None
        self._pruned_at: int | None = None

    @override
    def on_train_begin(self, logs: Any = None) -> None:
        """Find the trial, and give it the model's components."""
        self._running, self._pruned_at = self.trial or CURRENT.get(), None
        if self._running is None:
            raise ContractError(
                f"{self.label}: there is no trial to report {self.monitor!r} to",
                hint="Call SearchSpace(…).suggest(trial) in the objective, or give "
                "OptunaPruning(trial=trial).",
            )
        self._check_direction(self._running)
        rows = [
            {
                "slot": row.slot,
                "component": row.spec or row.written or row.name,
                "package": row.package,
            }
            for row in self.model.components
        ]
        try:
            self._running.set_user_attr("components", rows)
        except RuntimeError as error:  # Optuna's, of a trial that has ended
            raise ContractError(
                f"{self.label}: trial {self._running.number} cannot be reported to: {error}",
                hint="Leave the callback out of trainings after the study.",
            ) from error

    def _check_direction(self, trial: BaseTrial) -> None:
        directions = getattr(getattr(trial, "study", None), "directions", [])
        if len(directions) != 1 or directions[0] not in _WORDS:
            return
        direction, does = _WORDS[directions[0]]
        try:
            better = self.direction
        except ArgumentValueError:  # the name of the log does not say which
            return
        if better != direction:
            raise refusal(
                self.label, "monitor", self.monitor, f"a log that is better as the study {does} it"
            )

    @override
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report the log, and stop if the trial is to be pruned."""
        value = self.find_value(logs)
        if value is None:
            return
        self._running.report(value, epoch)
        if self._running.should_prune():
            self._pruned_at = epoch
            self.model.stop_training = True

    @override
    def on_train_end(self, logs: Any = None) -> None:
        """Tell Optuna that the trial is pruned.

        Raises:
            optuna.TrialPruned: It is.
        """
        if self._pruned_at is not None:
            raise optuna.TrialPruned(f"{self.monitor} after epoch {self._pruned_at + 1}")
