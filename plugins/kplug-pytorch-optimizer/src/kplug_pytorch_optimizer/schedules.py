"""Adapts schedulers to schedules, which give the rate of each step."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import pytorch_optimizer
import torch

from kplug.schedules import LearningRateSchedule

#: Arguments that apply only to a running optimizer: the optimizer, the last epoch, the momentum.
_LEFT_OUT = (
    "optimizer",
    "last_epoch",
    "scale_fn",
    "scale_mode",
    "cycle_momentum",
    "base_momentum",
    "max_momentum",
    "kwargs",
)


class SchedulerCurve(LearningRateSchedule):
    """The rates of a scheduler, one per step.

    Step k has the rate of an optimizer after k calls of ``scheduler.step()``. The scheduler lazily drives a
    private optimizer, so several optimizers can share one schedule.

    Args:
        arguments: The scheduler's arguments by name; ``lr`` is the initial rate.
    """

    original: ClassVar[Callable[..., Any]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        bound = inspect.signature(type(self)).bind(*args, **kwargs)
        bound.apply_defaults()
        vars(self).update(bound.arguments)
        self._start()  # the scheduler checks its arguments

    def _start(self) -> None:
        arguments = self.get_config()
        rate = arguments.pop("lr", 1.0)
        # Python's numbers avoid the rounding of a one-element tensor.
        self._optimizer = torch.optim.SGD([torch.zeros(1)], lr=rate)
        if "cycle_momentum" in inspect.signature(self.original).parameters:
            arguments["cycle_momentum"] = False
        self._scheduler = self.original(self._optimizer, **arguments)
        self._optimizer.step()  # torch warns once about a scheduler that is ahead of its optimizer
        self._rates = [self._read()]

    def _read(self) -> float:
        return float(self._optimizer.param_groups[0]["lr"])

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_config, (self.get_config(),)  # a copy starts its own scheduler

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        while len(self._rates) <= int(step):
            self._scheduler.step()
            self._rates.append(self._read())
        return self._rates[int(step)]


def _curve(original: Any, *, starts_at: float | None = None, **further: Any) -> Any:
    """Create the schedule class of a scheduler.

    Args:
        original: The class of the scheduler, or a factory of it.
        starts_at: Default of ``lr``; None for a scheduler that sets every rate itself.
        further: Undeclared arguments, with their defaults.
    """
    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [
        parameter.replace(kind=keyword)
        for name, parameter in inspect.signature(original).parameters.items()
        if name not in _LEFT_OUT
    ]
    hidden = [
        inspect.Parameter(name, keyword, default=default) for name, default in further.items()
    ]
    rate = [] if starts_at is None else [inspect.Parameter("lr", keyword, default=starts_at)]
    required = [parameter for parameter in (*own, *hidden) if parameter.default is parameter.empty]
    optional = [
        parameter for parameter in (*own, *hidden) if parameter.default is not parameter.empty
    ]
    name = "".join(part.capitalize() for part in original.__name__.removeprefix("get_").split("_"))
    name = original.__name__ if isinstance(original, type) else name

    def start(self: SchedulerCurve, *args: Any, **kwargs: Any) -> None:
        SchedulerCurve.__init__(self, *args, **kwargs)

    # Not on the class: instances would inherit it, and their calls take a step.
    myself = inspect.Parameter("self", keyword)
    signature = inspect.Signature([myself, *required, *optional, *rate])
    start.__signature__ = signature  # type: ignore[attr-defined]
    members = {
        "original": staticmethod(original),
        "__doc__": (original.__doc__ or "").partition("Example:")[0].rstrip(),  # of another class
        "__init__": start,
        "__module__": __name__,
    }
    return type(name, (SchedulerCurve,), members)


_EMPTY = inspect.Parameter.empty
_WARMUP: dict[str, Any] = {
    "t_max": _EMPTY,
    "max_lr": _EMPTY,
    "min_lr": 0.0,
    "init_lr": 0.0,
    "warmup_steps": 0,
}

ChebyshevSchedule = _curve(pytorch_optimizer.get_chebyshev_schedule, starts_at=0.001)
ConstantLR = _curve(torch.optim.lr_scheduler.ConstantLR, starts_at=0.001)
CosineAnnealingLR = _curve(torch.optim.lr_scheduler.CosineAnnealingLR, starts_at=0.001)
CosineAnnealingWarmRestarts = _curve(
    torch.optim.lr_scheduler.CosineAnnealingWarmRestarts, starts_at=0.001
)
CosineAnnealingWarmupRestarts = _curve(pytorch_optimizer.CosineAnnealingWarmupRestarts)
CosineScheduler = _curve(pytorch_optimizer.CosineScheduler)
CyclicLR = _curve(torch.optim.lr_scheduler.CyclicLR)
LinearScheduler = _curve(pytorch_optimizer.LinearScheduler)
MultiStepLR = _curve(torch.optim.lr_scheduler.MultiStepLR, starts_at=0.001)
OneCycleLR = _curve(torch.optim.lr_scheduler.OneCycleLR)
PolyScheduler = _curve(pytorch_optimizer.PolyScheduler, **_WARMUP)
REXScheduler = _curve(pytorch_optimizer.REXScheduler)
StepLR = _curve(torch.optim.lr_scheduler.StepLR, starts_at=0.001)
WsdSchedule = _curve(pytorch_optimizer.get_wsd_schedule, starts_at=0.001)
