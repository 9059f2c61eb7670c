"""The keyword arguments common to all optimizers: documentation, signature, checked values."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any, Final, Literal, TypedDict, TypeVar, cast

from typing_extensions import Self

from kplug.components.arguments import (
    require_choice,
    require_flag,
    require_integer,
    require_nonnegative,
    require_positive,
)
from kplug.components.types import ScheduleLike
from kplug.errors import ArgumentError, ArgumentValueError
from kplug.optimizers.base.accumulation import MEANS, GradientAccumulation
from kplug.optimizers.base.clipping import Clipping
from kplug.optimizers.base.hyperparameters import Check, require_rho
from kplug.optimizers.base.loss_scaling import LossScaling
from kplug.optimizers.base.lr_and_learning_rate import SPELLINGS, merge_spellings
from kplug.optimizers.base.moving_average import MovingAverage
from kplug.registry.suggestions import unknown_argument

_Constructor = TypeVar("_Constructor", bound=Callable[..., None])


def _require_limit(owner: str, argument: str, value: object) -> float | None:
    return require_nonnegative(owner, argument, value) or None  # 0 switches it off


def _require_steps(owner: str, argument: str, value: object, at_least: int) -> int | None:
    if value == 0 and not isinstance(value, bool):
        return None
    allowed = f"an integer >= {at_least}, or None"
    return require_integer(owner, argument, value, allowed, at_least=at_least)


def _require_name(owner: str, argument: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ArgumentValueError(owner, argument, value, "a string, or None")
    return value


class ArgumentsBesideDecay(TypedDict, total=False):
    """The keywords of an optimizer that has a ``weight_decay`` of its own; see ``CommonArguments``."""

    learning_rate: ScheduleLike
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    gradient_accumulation_mean: Literal["samples", "steps"]
    name: str | None


class CommonArguments(ArgumentsBesideDecay, total=False):
    """The keywords of every optimizer.

    Args:
        learning_rate: The other spelling of ``lr``.
        clipnorm: Largest norm of each gradient.
        clipvalue: Largest magnitude of each gradient element.
        global_clipnorm: Largest norm of all gradients together. One of the three at most.
        weight_decay: w >= 0: before each update p ← p · (1 − w · lr_t), without touching the gradient.
        use_ema: Whether a moving average of the weights is kept. ``finalize_variable_values``, which
            ``fit`` calls at its end, assigns it to the weights.
        ema_momentum: μ in [0, 1]: average ← μ · average + (1 − μ) · p.
        ema_overwrite_frequency: The weights become their average every so many updates.
        loss_scale_factor: ``fit`` multiplies the loss with it, and the step divides the gradients by it.
        gradient_accumulation_steps: k >= 2: every k-th step updates, with the mean of k gradients.
        gradient_accumulation_mean: ``"samples"``: k batches train as one of all their samples, if ``weigh``
            is told of each, as ``fit`` does; ``"steps"``: each gradient counts alike, as in Keras.
        name: A name of your own.
    """

    weight_decay: float | None


def _argument(default: object, check: Check) -> Any:
    """Return the field of an argument with its default, and the check that returns the value to keep."""
    return dataclasses.field(default=default, metadata={"check": check})


@dataclasses.dataclass(frozen=True)
class CommonSettings:
    """The checked values of ``CommonArguments``, and the optimizer parts that they configure."""

    clipnorm: float | None = _argument(None, _require_limit)
    clipvalue: float | None = _argument(None, _require_limit)
    global_clipnorm: float | None = _argument(None, _require_limit)
    weight_decay: float | None = _argument(None, require_nonnegative)
    use_ema: bool = _argument(False, require_flag)
    ema_momentum: float = _argument(0.99, require_rho)
    ema_overwrite_frequency: int | None = _argument(None, partial(_require_steps, at_least=1))
    loss_scale_factor: float | None = _argument(None, require_positive)
    gradient_accumulation_steps: int | None = _argument(None, partial(_require_steps, at_least=2))
    gradient_accumulation_mean: str = _argument("samples", partial(require_choice, choices=MEANS))
    name: str | None = _argument(None, _require_name)

    @classmethod
    def from_arguments(cls, owner: str, common: Mapping[str, Any]) -> Self:
        """Check the given arguments; missing ones have their default."""
        checked = {
            each.name: each.metadata["check"](owner, each.name, common[each.name])
            for each in dataclasses.fields(cls)
            if each.name in common and not (common[each.name] is None and each.default is None)
        }
        limits = [f"{name}={common[name]:g}" for name in _LIMITS if common.get(name) is not None]
        if len(limits) > 1:
            raise ArgumentError(
                f"{owner}: only one way of clipping can be used at a time, given: {', '.join(limits)}",
                hint="clipnorm limits each gradient's norm, global_clipnorm the norm of all together, "
                "clipvalue each element.",
            )
        return cls(**checked)

    def get_config(self) -> dict[str, Any]:
        """Return the values that differ from their defaults."""
        return {
            name: getattr(self, name)
            for name, default in _DEFAULTS.items()
            if getattr(self, name) != default
        }

    @property
    def is_plain(self) -> bool:
        """Whether a step consists of clipping and the rule only."""
        beside = (
            self.weight_decay,
            self.use_ema,
            self.loss_scale_factor,
            self.gradient_accumulation_steps,
        )
        return not any(beside)

    @functools.cached_property
    def clipping(self) -> Clipping | None:
        """The gradient clipping."""
        limits = self.clipnorm, self.clipvalue, self.global_clipnorm
        return Clipping(*limits) if any(limits) else None

    @functools.cached_property
    def average(self) -> MovingAverage | None:
        """The moving average of the weights."""
        if not self.use_ema:
            return None
        return MovingAverage(self.ema_momentum, self.ema_overwrite_frequency)

    @functools.cached_property
    def scaling(self) -> LossScaling | None:
        """The static loss scaling."""
        return None if self.loss_scale_factor is None else LossScaling(self.loss_scale_factor)

    @functools.cached_property
    def accumulation(self) -> GradientAccumulation | None:
        """The gradient accumulation."""
        steps = self.gradient_accumulation_steps
        by_samples = self.gradient_accumulation_mean == "samples"
        return None if steps is None else GradientAccumulation(steps, by_samples)


# Descriptions of the arguments that all rules share, added to their docstrings.
SHARED_WORDS: Final = {
    "lr": "Learning rate, a number >= 0 or a schedule.",
    "decay": "Decrease of the learning rate per step, >= 0.",
    "beta_1": "β₁, in [0, 1).",
    "beta_2": "β₂, in [0, 1).",
    "rho": "ρ, in [0, 1].",  # noqa: RUF001 - the Greek letter is meant
    "epsilon": "ε >= 0; None is ``K.epsilon()``.",
    "common": "The keywords of every optimizer, see ``kplug.optimizers.CommonArguments``.",
}
_LIMITS: Final = ("clipnorm", "clipvalue", "global_clipnorm")
_DEFAULTS: Final = {each.name: each.default for each in dataclasses.fields(CommonSettings)}
_SHOWN: Final = {"learning_rate": None, **_DEFAULTS}
UNSET_ARGUMENTS: Final = {name: value for name, value in _SHOWN.items() if name != "name"}


def takes_common(constructor: _Constructor) -> _Constructor:
    """Add the keywords of ``CommonArguments`` to the signature of an optimizer's ``__init__``.

    The constructor takes them as ``**common: Unpack[CommonArguments]``; specs, error messages and
    ``help`` read them from the signature. Unknown keywords are refused, with the closest match.
    """
    signature = inspect.signature(constructor)
    own = {
        name: parameter
        for name, parameter in signature.parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD
    }
    annotations = CommonArguments.__annotations__
    shared = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotations[name]
        )
        for name, default in _SHOWN.items()
        if name not in own
    ]
    shown = signature.replace(parameters=[*own.values(), *shared])

    @functools.wraps(constructor)
    def construct(self: Any, *arguments: Any, **keywords: Any) -> None:
        refuse_unknown(self._owner(), keywords, list(shown.parameters)[1:])
        constructor(self, *arguments, **keywords)

    construct.__signature__ = shown  # type: ignore[attr-defined]
    return cast("_Constructor", construct)


def takes_both_spellings(constructor: _Constructor) -> _Constructor:
    """Make an optimizer's ``__init__`` accept both ``lr`` and ``learning_rate``.

    Applied to every subclass of ``Optimizer``, since a file may use either spelling.
    """
    signature = inspect.signature(constructor)
    names = list(signature.parameters)[1:]
    own = next((name for name in ("lr", "learning_rate") if name in names), None)
    if own is None:
        return constructor
    place = names.index(own)

    @functools.wraps(constructor)
    def construct(self: Any, *arguments: Any, **keywords: Any) -> None:
        positional = arguments[place : place + 1]
        keywords = merge_spellings(self._owner(), own, positional, keywords)
        constructor(self, *arguments, **keywords)

    construct.__signature__ = _with_keywords(signature, SPELLINGS)  # type: ignore[attr-defined]
    return cast("_Constructor", construct)


def _with_keywords(signature: inspect.Signature, names: Iterable[str]) -> inspect.Signature:
    """Return a signature with further keywords, unless it has ``**kwargs``."""
    own = signature.parameters
    if any(each.kind is each.VAR_KEYWORD for each in own.values()):
        return signature
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
        for name in names
        if name not in own
    ]
    return signature.replace(parameters=[*own.values(), *added])


def list_own_arguments(optimizer_class: type) -> list[str]:
    """Return the arguments specific to an optimizer class."""
    parameters = list(inspect.signature(optimizer_class.__init__).parameters.values())[1:]  # type: ignore[misc]
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        each.name
        for each in parameters
        if each.kind not in variadic
        and not (each.kind is each.KEYWORD_ONLY and each.name in (*_SHOWN, "lr"))
    ]


def refuse_unknown(owner: str, keywords: Iterable[str], known: Collection[str]) -> None:
    """Refuse keywords that an optimizer does not have.

    Raises:
        ArgumentError: For the first of them, with the closest match.
    """
    unknown = [key for key in keywords if key not in known]
    if unknown:
        raise unknown_argument(owner, unknown[:1], known)
