"""Callbacks that change the learning rate between epochs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from typing_extensions import override

from kplug.callbacks.base.callback import Callback, Logs
from kplug.callbacks.base.learning_rates import (
    get_learning_rate,
    rated_optimizers,
    read_rates,
    set_learning_rate,
)
from kplug.callbacks.base.monitoring import MonitoringCallback, say
from kplug.components.arguments import is_number, require_integer, require_number
from kplug.components.contracts import check_call
from kplug.errors import ArgumentValueError, ContractError
from kplug.registry import named
from kplug.registry.quoting import quote

_SCHEDULE = "A schedule is a function (epoch) or (epoch, learning_rate) that returns a number."


class LearningRateScheduler(Callback):
    """Set the learning rate at the start of each epoch.

    Args:
        schedule: ``schedule(epoch, learning_rate) -> float`` or ``schedule(epoch) -> float``, with
            epochs counted from 0.
        verbose: 1 to print each new learning rate.

    Raises:
        ContractError: If ``schedule`` is no function of one argument or two.

    Example:
        >>> halve = LearningRateScheduler(lambda epoch, rate: rate * 0.5)
        >>> halve.next_rate(0, 0.5)
        0.25

    Reference:
        ``keras.callbacks.LearningRateScheduler``.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise ContractError(
                f"LearningRateScheduler: schedule is {quote(schedule)}", hint=_SCHEDULE
            )
        if not _takes_two(schedule):
            check_call(schedule, (0,), {}, "the schedule of LearningRateScheduler", _SCHEDULE)
        self.schedule, self.verbose = schedule, verbose

    def next_rate(self, epoch: int, rate: float) -> float:
        """Return the schedule's rate for this epoch.

        Raises:
            ContractError: If it is no number.
        """
        arguments = (epoch, rate) if _takes_two(self.schedule) else (epoch,)
        result: Any = self.schedule(*arguments)
        try:
            return float(result)
        except (TypeError, ValueError):
            raise ContractError(
                f"the schedule of LearningRateScheduler returned {result!r} for epoch {epoch}; "
                "it must return a number"
            ) from None

    @override
    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Call the schedule and set the rate, separately for each optimizer of a ``MultiOptimizer``."""
        for name, optimizer in rated_optimizers(self.model.optimizer).items():
            rate = self.next_rate(epoch, get_learning_rate(optimizer))
            set_learning_rate(optimizer, rate)
            if self.verbose:
                say(f"Epoch {epoch + 1}: {name} is now {rate:g}")

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs.update(read_rates(self.model.optimizer))


def _takes_two(schedule: Callable[..., Any]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except (TypeError, ValueError):
        return False
    return True


@named("reduce_lr_on_plateau")
class ReduceLROnPlateau(MonitoringCallback):
    """Multiply the learning rate by ``factor`` when a log has stopped improving.

    Args:
        monitor: The log to watch.
        factor: The new rate is ``factor`` times the old one, 0 <= factor < 1.
        patience: Epochs without improvement before the rate is reduced, >= 0.
        verbose: 1 to print each reduction.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        min_delta: A change smaller than this is no improvement, >= 0.
        cooldown: Epochs to wait after a reduction before counting again, >= 0.
        min_lr: The rate never goes below this, >= 0.

    Raises:
        ArgumentValueError: If a number is outside its range.

    Example:
        >>> ReduceLROnPlateau(factor=0.5, patience=5).factor
        0.5

    Reference:
        ``keras.callbacks.ReduceLROnPlateau``; ``torch.optim.lr_scheduler.ReduceLROnPlateau`` is stepped by
        hand.
    """

    _state_names = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not is_number(factor) or not 0 <= factor < 1:
            raise ArgumentValueError(self.label, "factor", factor, "a number >= 0 and < 1")
        self.factor, self.verbose = factor, verbose
        epochs = "a number of epochs >= 0"
        self.patience = require_integer(self.label, "patience", patience, epochs, at_least=0)
        self.cooldown = require_integer(self.label, "cooldown", cooldown, epochs, at_least=0)
        self.min_lr = require_number(self.label, "min_lr", min_lr, "a number >= 0", at_least=0.0)
        self._reset()

    def _reset(self) -> None:
        self.best: float | None = None
        self.wait, self.cooldown_counter = 0, 0

    @override
    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs.update(read_rates(self.model.optimizer))
        value = self.find_value(logs)
        if value is None:
            return
        if self.cooldown_counter:
            self.cooldown_counter, self.wait = self.cooldown_counter - 1, 0
        if self.is_improvement(value, self.best):
            self.best, self.wait = value, 0
        elif not self.cooldown_counter:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        for name, optimizer in rated_optimizers(self.model.optimizer).items():
            rate = get_learning_rate(optimizer)
            if rate <= self.min_lr:
                continue
            rate = max(rate * self.factor, self.min_lr)
            set_learning_rate(optimizer, rate)
            if self.verbose:
                say(f"Epoch {epoch + 1}: {name} is reduced to {rate:g}")
            self.cooldown_counter, self.wait = self.cooldown, 0
