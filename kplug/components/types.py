"""Types of arguments that take a component: a name, a spec, a dict, or the object itself.

For type checkers, a text with arguments is a spec: ``kplug.names.loss.huber(delta=2.0)``, or
``kplug.parse_spec(text)`` if the text is computed. Without the stubs that ``kplug stubs`` writes, any text
is a name, so a plain text passes as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypedDict

from typing_extensions import NotRequired

from kplug.names import (
    ActivationName,
    CallbackName,
    ConstraintName,
    InitializerName,
    LossName,
    MetricName,
    OptimizerName,
    RegularizerName,
    ScheduleName,
)
from kplug.registry import Resolved, Spec


class NamedDict(TypedDict):
    """kplug's dict form."""

    name: str
    args: NotRequired[Mapping[str, Any]]


class KerasDict(TypedDict):
    """Keras's dict form."""

    class_name: str
    config: NotRequired[Any]
    module: NotRequired[str | None]
    registered_name: NotRequired[str | None]
    build_config: NotRequired[Any]
    name: NotRequired[str | None]


class OptimizerObject(Protocol):
    """Structural type of optimizers, kplug's and torch's: they have ``step``."""

    @property
    def step(self) -> Callable[..., Any]:
        """Update the weights."""


class CallbackObject(Protocol):
    """Structural type of callbacks: they have ``on_epoch_end``."""

    @property
    def on_epoch_end(self) -> Callable[..., Any]:
        """Handle the end of an epoch."""


_Object: TypeAlias = Spec | Resolved | Callable[..., Any] | None
_Any: TypeAlias = _Object | Mapping[str, Any]
# A mapping may have a component for each output here, so types tell the forms of one component from it.
_AnyOfOutput: TypeAlias = _Object | NamedDict | KerasDict

InitializerLike: TypeAlias = InitializerName | _Any
RegularizerLike: TypeAlias = RegularizerName | _Any
ConstraintLike: TypeAlias = ConstraintName | _Any
ActivationLike: TypeAlias = ActivationName | _Any
ScheduleLike: TypeAlias = ScheduleName | float | _Any
LossLike: TypeAlias = LossName | _AnyOfOutput
MetricLike: TypeAlias = MetricName | _AnyOfOutput
OptimizerLike: TypeAlias = OptimizerName | OptimizerObject | _Any
CallbackLike: TypeAlias = CallbackName | CallbackObject | _Any

LossArgument: TypeAlias = LossLike | Sequence[LossLike] | Mapping[str, LossLike]
"""One loss, or one for each output: in a list, or in a dict by their names."""

_MetricsOfAnOutput: TypeAlias = MetricLike | Sequence[MetricLike]
MetricsArgument: TypeAlias = (
    _MetricsOfAnOutput | Sequence[_MetricsOfAnOutput] | Mapping[str, _MetricsOfAnOutput]
)
"""Metrics of all outputs, or of each output: in a list, or in a dict by their names."""

CallbacksArgument: TypeAlias = CallbackLike | Sequence[CallbackLike]
"""One callback, or several."""
