"""What every optimizer takes beside its own rule: the arguments, their checks, what they mean."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypedDict, TypeVar, cast

import torch

from kplug.arguments import require_flag, require_integer
from kplug.errors import ArgumentValueError
from kplug.optimizers.base.clipping import Clipping
from kplug.optimizers.base.hyperparameters import (
    Schedule,
    require_nonnegative,
    require_positive,
    require_rho,
)
from kplug.registry.suggestions import unknown_argument

_Constructor = TypeVar("_Constructor", bound=Callable[..., None])


class ArgumentsBesideDecay(TypedDict, total=False):
    """The keywords of an optimizer that has a ``weight_decay`` of its own; see ``CommonArguments``."""

    learning_rate: Any
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class CommonArguments(ArgumentsBesideDecay, total=False):
    """The keywords of every optimizer.

    Args:
        learning_rate: The other spelling of ``lr``.
        clipnorm: Largest norm of each gradient.
        clipvalue: Largest magnitude of each gradient element.
        global_clipnorm: Largest norm of all gradients together. One of the three at most.
        weight_decay: w >= 0: before each update p ← p · (1 − w · lr_t), without touching the gradient.
        use_ema: Whether a moving average of the weights is kept, and given to them by
            ``finalize_variable_values``, which ``fit`` calls at its end.
        ema_momentum: μ in [0, 1]: average ← μ · average + (1 − μ) · p.
        ema_overwrite_frequency: The weights become their average every so many updates.
        loss_scale_factor: ``fit`` multiplies the loss with it, and the step divides the gradients by it.
        gradient_accumulation_steps: k >= 2: every k-th step updates, with the mean of k gradients.
        name: A name of your own.
    """

    weight_decay: float | None


_DEFAULTS: Final[dict[str, Any]] = {
    **dict.fromkeys(
        (
            "learning_rate",
            "clipnorm",
            "clipvalue",
            "global_clipnorm",
            "weight_decay",
            "use_ema",
            "ema_momentum",
            "ema_overwrite_frequency",
            "loss_scale_factor",
            "gradient_accumulation_steps",
            "name",
        )
    ),
    "use_ema": False,
    "ema_momentum": 0.99,
}
_CLIPPING: Final = ("clipnorm", "clipvalue", "global_clipnorm")


def takes_common(constructor: _Constructor) -> _Constructor:
    """Show the keywords of ``CommonArguments`` in the signature of an optimizer's ``__init__``.

    The constructor takes them as ``**common: Unpack[CommonArguments]``; specs, error messages and
    ``help`` read them from the signature. A keyword that is not in it is refused with the closest one.
    """
    signature = inspect.signature(constructor)
    own = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD
    ]
    known = {parameter.name for parameter in own}
    shared = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_DEFAULTS[name],
            annotation=CommonArguments.__annotations__[name],
        )
        for name in _DEFAULTS
        if name not in known
    ]
    shown = signature.replace(parameters=[*own, *shared])

    @functools.wraps(constructor)
    def construct(self: Any, *arguments: Any, **keywords: Any) -> None:
        _check_keywords(self._owner(), keywords, shown)
        constructor(self, *arguments, **keywords)

    construct.__signature__ = shown  # type: ignore[attr-defined]
    return cast("_Constructor", construct)


def _check_keywords(owner: str, keywords: Mapping[str, Any], signature: inspect.Signature) -> None:
    for key in keywords:
        if key not in signature.parameters:
            raise unknown_argument(
                owner, [key], [name for name in signature.parameters if name != "self"]
            )


@dataclasses.dataclass(frozen=True)
class Extras:
    """What a step does beside clipping and the rule; an optimizer without any of it has no ``Extras``.

    The arguments are those of ``CommonArguments``.
    """

    weight_decay: float | None = None
    use_ema: bool = False
    ema_momentum: float = 0.99
    ema_overwrite_frequency: int | None = None
    loss_scale_factor: float | None = None
    gradient_accumulation_steps: int | None = None

    @classmethod
    def from_arguments(cls, owner: str, common: Mapping[str, Any]) -> Extras | None:
        """Return what is asked for, or None.

        Raises:
            ArgumentValueError: If a value is outside its range.
        """
        checks: dict[str, tuple[Callable[[str, str, object], Any], bool]] = {
            "weight_decay": (require_nonnegative, True),
            "use_ema": (require_flag, False),
            "ema_momentum": (require_rho, False),
            "ema_overwrite_frequency": (_require_frequency, True),
            "loss_scale_factor": (require_positive, True),
            "gradient_accumulation_steps": (_require_accumulation, True),
        }
        checked = {
            name: check(owner, name, common[name])
            for name, (check, is_optional) in checks.items()
            if name in common and not (is_optional and common[name] is None)
        }
        extras = cls(**checked)
        return None if extras == cls() else extras

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that differ from their defaults."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }


@dataclasses.dataclass(frozen=True)
class Shared:
    """The checked arguments of an optimizer's constructor that are no part of its rule."""

    rate: float
    schedule: Schedule | None
    clipping: Clipping | None
    extras: Extras | None
    name: str | None


def is_unset(name: str, value: object) -> bool:
    """Tell whether an argument that every optimizer takes has the value that it has when left out."""
    return name in _DEFAULTS and name != "name" and value == _DEFAULTS[name]


def check_clipping(owner: str, common: Mapping[str, Any]) -> Clipping | None:
    """Return the clipping that the keywords ask for."""
    return Clipping.from_arguments(owner, **{name: common.get(name) for name in _CLIPPING})


def check_name(owner: str, name: object) -> str | None:
    """Return a name, or None."""
    if name is not None and not isinstance(name, str):
        raise ArgumentValueError(owner, "name", name, "a text, or None")
    return name


def _require_frequency(owner: str, argument: str, value: object) -> int | None:
    if value == 0 and not isinstance(value, bool):
        return None
    return require_integer(owner, argument, value, "an integer >= 1, or None", at_least=1)


def _require_accumulation(owner: str, argument: str, value: object) -> int | None:
    if value == 0 and not isinstance(value, bool):
        return None
    return require_integer(owner, argument, value, "an integer >= 2, or None", at_least=2)


@dataclasses.dataclass
class Exclusions:
    """The parameters that weight decay leaves alone.

    Args:
        parameters: They themselves.
        patterns: Regular expressions that are looked for in the parameters' names.
    """

    parameters: list[torch.Tensor] = dataclasses.field(default_factory=list)
    patterns: list[str] = dataclasses.field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.parameters or self.patterns)

    def select(
        self, parameters: Iterable[torch.Tensor], names: Mapping[torch.Tensor, str]
    ) -> list[torch.Tensor]:
        """Return the parameters that decay."""
        if not self:
            return list(parameters)
        excluded = {id(parameter) for parameter in self.parameters}
        return [
            parameter
            for parameter in parameters
            if id(parameter) not in excluded
            and not any(re.search(each, names.get(parameter, "")) for each in self.patterns)
        ]
