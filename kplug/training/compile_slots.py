"""The slots of ``compile``: components, and losses and metrics paired with outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from inspect import isfunction
from typing import Any

from torch import Tensor

from kplug.backend.write_guard import WriteGuard
from kplug.errors import KplugError
from kplug.losses import Loss
from kplug.metrics import Metric
from kplug.registry import Resolved
from kplug.registry.component_facts import is_non_mutating


@dataclass(frozen=True, slots=True)
class FilledSlot:
    """A slot of ``compile`` and its component, which is resolved once.

    Args:
        slot: Where it was given, such as ``loss`` or ``metrics[score][0]``.
        resolved: The component.
        typed: The name that was typed, such as ``acc``; None if more than a name was given.
    """

    slot: str
    resolved: Resolved
    typed: str | None = None

    @property
    def object(self) -> Any:
        """The component's object."""
        return self.resolved.object


@dataclass(frozen=True, slots=True)
class OutputLoss:
    """The loss on one output, or a term of a sum there, with its factor in the total.

    Args:
        output: The name of the output, empty if it has none.
        index: The place of the output.
        loss: The loss.
        weight: Its factor in the total.
        filled: Its slot.
        whole: The slot of the sum that it is a term of; otherwise None.
        name: The name of a term in logs; otherwise empty.
        factor: The factor of a term in its sum.
    """

    output: str
    index: int
    loss: Loss
    weight: float
    filled: FilledSlot
    whole: FilledSlot | None = None
    name: str = ""
    factor: float = 1.0
    guard: WriteGuard | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "guard", _make_guard("loss", self.loss, self.filled.slot))

    @property
    def given(self) -> FilledSlot:
        """The slot that ``compile`` was given."""
        return self.whole or self.filled

    def compute(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None) -> Tensor:
        """Return the loss of a batch, without the factor; an error in it names the slot."""
        try:
            value: Tensor = (
                self.loss(y_true, y_pred, weights)
                if self.guard is None
                else self.guard.call(self.loss, (y_true, y_pred, weights), {})
            )
        except Exception as error:
            add_slot(error, self.filled.slot)
            raise
        return value


@dataclass(frozen=True, slots=True)
class NamedMetric:
    """A metric of a compiled model.

    Its name is its key in History: the text as it was typed, or the object's name; with several outputs the
    output's name comes in front.
    """

    name: str
    metric: Metric
    is_weighted: bool
    index: int
    filled: FilledSlot
    guard: WriteGuard | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "guard", _make_guard("metric", self.metric, self.filled.slot))

    def update(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None) -> None:
        """Update the metric with a batch; an error in it names the slot."""
        try:
            if self.guard is None:
                self.metric.update_state(y_true, y_pred, weights)
            else:
                self.guard.call(self.metric.update_state, (y_true, y_pred, weights), {})
        except Exception as error:
            add_slot(error, self.filled.slot)
            raise


def _make_guard(kind: str, component: Loss | Metric, slot: str) -> WriteGuard | None:
    """Return the guard that calls a component with a user's code; None for other components."""
    code = getattr(component, "module", None) or getattr(component, "function", component)
    code = code.func if isinstance(code, partial) else code
    code = type(getattr(code, "__self__", code)) if not isfunction(code) else code
    if is_non_mutating(code) or str(code.__module__).startswith("torch."):
        return None
    return WriteGuard(f"{kind} {str(component.name)!r}" + ("" if kind == slot else f" in {slot}"))


def add_slot(error: Exception, slot: str) -> None:
    """Add to an error the argument of ``compile`` whose code raised it.

    An error of another library keeps its type and text; from Python 3.11 on, the slot becomes a note
    below the traceback.
    """
    if isinstance(error, KplugError):
        error.at(slot)
    elif hasattr(error, "add_note"):
        error.add_note(f"kplug: raised by what was given to compile as {slot}")
