"""Every error and warning of kplug in one place; all derive from ``KplugError`` or ``KplugWarning``."""

from __future__ import annotations

from collections.abc import Sequence

from kplug.registry.errors import (
    AmbiguousComponentError,
    ArgumentError,
    ArgumentValueError,
    ContractError,
    DeprecatedComponentWarning,
    DisabledComponentError,
    KplugError,
    KplugWarning,
    NotInstalledError,
    PluginLoadError,
    PolicyError,
    RegistrationError,
    ResolutionError,
    SeveralProblemsError,
    ShadowedComponentWarning,
    SpecError,
    SpecLimitError,
    SpecSyntaxError,
    UnknownComponentError,
    UnknownKindError,
    WrongKindError,
)


class DataError(KplugError, ValueError):
    """Arrays given to ``fit``, ``evaluate`` or ``predict`` that do not fit the model or each other."""


class WeightsError(KplugError, ValueError):
    """Weights whose number, shape or file layout does not fit the model; nothing was assigned."""


class GraphError(KplugError, ValueError):
    """Layers connected in a way that no model can have."""


class NotBuiltError(KplugError, RuntimeError):
    """Weights or shapes were asked for before the input shape was known."""


class NotCompiledError(KplugError, RuntimeError):
    """Training or evaluation was asked for before ``compile``."""


class LossWithoutGradientError(KplugError, RuntimeError):
    """A loss whose value does not depend on the model's parameters through differentiable steps."""


class NonFiniteLossWarning(KplugWarning):
    """The training loss became NaN or infinite; the message names the epoch and the step."""


def raise_problems(problems: Sequence[KplugError], what: str) -> None:
    """Raise a single problem itself, several together, and nothing if there is none.

    Args:
        problems: The problems of one model or layer.
        what: What could not be done, such as ``layer 'dense' cannot be built``.

    Raises:
        KplugError: The one problem.
        SeveralProblemsError: All of them, if there are several.
    """
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise SeveralProblemsError(problems, what)


__all__ = [
    "AmbiguousComponentError",
    "ArgumentError",
    "ArgumentValueError",
    "ContractError",
    "DataError",
    "DeprecatedComponentWarning",
    "DisabledComponentError",
    "GraphError",
    "KplugError",
    "KplugWarning",
    "LossWithoutGradientError",
    "NonFiniteLossWarning",
    "NotBuiltError",
    "NotCompiledError",
    "NotInstalledError",
    "PluginLoadError",
    "PolicyError",
    "RegistrationError",
    "ResolutionError",
    "SeveralProblemsError",
    "ShadowedComponentWarning",
    "SpecError",
    "SpecLimitError",
    "SpecSyntaxError",
    "UnknownComponentError",
    "UnknownKindError",
    "WeightsError",
    "WrongKindError",
]
