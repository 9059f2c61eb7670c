"""Every error and warning of kplug in one place; all derive from ``KplugError`` or ``KplugWarning``."""

from kplug.registry.errors import (
    AmbiguousComponentError as AmbiguousComponentError,
    ArgumentError as ArgumentError,
    ArgumentValueError as ArgumentValueError,
    ContractError as ContractError,
    DeprecatedComponentWarning as DeprecatedComponentWarning,
    DisabledComponentError as DisabledComponentError,
    KplugError as KplugError,
    KplugWarning as KplugWarning,
    MissingModuleError as MissingModuleError,
    NotInstalledError as NotInstalledError,
    PluginLoadError as PluginLoadError,
    PolicyError as PolicyError,
    RegistrationError as RegistrationError,
    ResolutionError as ResolutionError,
    SeveralProblemsError as SeveralProblemsError,
    ShadowedComponentWarning as ShadowedComponentWarning,
    SpecError as SpecError,
    SpecLimitError as SpecLimitError,
    SpecSyntaxError as SpecSyntaxError,
    UnknownComponentError as UnknownComponentError,
    UnknownKindError as UnknownKindError,
    WrongKindError as WrongKindError,
)


class DataError(KplugError, ValueError):
    """Arrays given to ``fit``, ``evaluate`` or ``predict`` that do not fit the model or each other."""


class WeightsError(KplugError, ValueError):
    """Weights whose number, shape or file layout does not fit the model; nothing was assigned."""


class FileWriteError(KplugError, OSError):
    """A file or folder that a callback cannot write, as the system refuses it."""


class LockError(KplugError, ValueError):
    """A lock that cannot be written or read, or an installation that differs from it.

    Args:
        message: What happened, in full sentences.
        hint: What to do about it.
        drift: Every difference between the installation and the lock.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, drift: tuple[object, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.drift = drift


class GraphError(KplugError, ValueError):
    """Layers connected in a way that no model can have."""


class ComputationError(KplugError, RuntimeError, IndexError):
    """A layer's computation that torch refuses for a reason other than the shape of its inputs."""


class SymbolicValueError(GraphError, TypeError):
    """Values were asked of a symbolic tensor, which has none until the model runs."""


class NotBuiltError(KplugError, RuntimeError):
    """Weights or shapes were asked for before the input shape was known."""


class NotCompiledError(KplugError, RuntimeError):
    """Training or evaluation was asked for before ``compile``."""


class LossWithoutGradientError(KplugError, RuntimeError):
    """A loss whose value does not depend on the model's parameters through differentiable steps."""


class MissingLibraryError(KplugError, ImportError):
    """A library that only a part of kplug needs, and that is not installed."""


class WorkerLostError(KplugError, RuntimeError):
    """A worker process, for training or for batches, that has ended or no longer answers."""


class ProcessMismatchError(KplugError, RuntimeError):
    """Distributed processes that were given different models, settings or data."""


class NonFiniteLossError(KplugError, RuntimeError):
    """The training loss became NaN or infinite, and a callback was asked to raise then."""


class EagerStepWarning(KplugWarning):
    """A step that was to be compiled runs eagerly; the message names the component and the line."""


class NonFiniteLossWarning(KplugWarning):
    """The training loss became NaN or infinite; the message names the epoch and the step."""


__all__ = sorted(name for name in globals() if not name.startswith("_"))
