"""Access to a model's compiled side, and to its optimizer built for the current weights."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.errors import NotCompiledError
from kplug.locking import find_required_lock, read_lock
from kplug.optimizers.adapt import build_optimizer
from kplug.registry.user_warnings import warn
from kplug.training.compiled import Compiled
from kplug.training.locked_components import require_locked
from kplug.training.model_protocol import TrainableModel


def require_compiled(model: TrainableModel, method: str) -> Compiled:
    """Return the compiled side of a model.

    Raises:
        NotCompiledError: If ``compile`` was not called.
    """
    if model.compiled is None:
        raise NotCompiledError(
            f"{method}: model {model.name!r} is not compiled, so it has no loss and no optimizer",
            hint=f"Call model.compile(optimizer='adam', loss='mean_squared_error') before {method}.",
        )
    return model.compiled


def find_precision(model: TrainableModel) -> torch.dtype | None:
    """Return the reduced type that a model computes in; None if there is none, or it is not compiled."""
    return None if model.compiled is None else model.compiled.precision


def prepare_optimizer(model: TrainableModel, method: str) -> torch.optim.Optimizer | None:
    """Return the model's optimizer, built for the trainable parameters.

    Returns:
        None if the model has nothing to train.

    Raises:
        LockError: It is built here, and what is installed differs from the lock that ``KPLUG_LOCK`` names.
    """
    parameters: list[Tensor] = [
        parameter for parameter in model.parameters() if parameter.requires_grad
    ]
    if not parameters:
        warn(
            f"{method}: model {model.name!r} has no trainable weights, so nothing will change; "
            "`trainable` counts when a step runs, as in Keras 3, not when compile is called, as in Keras 2. "
            f"Set trainable = True before {method}, and False before another model trains that contains this "
            "one"
        )
        return None
    if model.built_optimizer is None:
        compiled = require_compiled(model, method)
        if (lock := find_required_lock()) is not None:
            require_locked(model, compiled, read_lock(lock))
        names = {weight: name for name, weight in model.named_weights()}
        model.built_optimizer = build_optimizer(compiled.optimizer, parameters, names)
        model.optimized = parameters
    known = {id(parameter) for parameter in model.optimized}
    missing = sum(id(parameter) not in known for parameter in parameters)
    if missing:
        warn(
            f"{method}: {missing} weights of model {model.name!r} became trainable after it was "
            "compiled, and the optimizer does not train them; call compile again"
        )
    return model.built_optimizer
