"""Sessions and placeholders of Keras 2: stubs whose errors name the replacement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from kplug.backend.dtypes import DTypeLike
from kplug.errors import KplugError


def placeholder(
    shape: Sequence[int | None] | None = None,
    ndim: int | None = None,
    dtype: DTypeLike = None,
    sparse: bool = False,
    name: str | None = None,
) -> NoReturn:
    """Raise an error: a torch tensor has its values from the start."""
    del ndim, dtype, sparse, name
    sizes = "shape" if shape is None else str(tuple(shape[1:]))
    raise KplugError(
        "placeholder: a tensor of torch has its values from the start",
        hint=f"kplug.layers.Input({sizes}) is the symbolic input of a model, which K.function takes "
        "too; what computes with tensors alone is a plain Python function.",
    )


def get_session() -> NoReturn:
    """Raise an error: torch has no sessions."""
    raise KplugError(
        "get_session: torch computes at once and has no sessions",
        hint="K.get_value(x) reads a tensor; K.function([...], [...]) evaluates a part of a model.",
    )


def set_session(session: object) -> NoReturn:
    """Raise an error: torch has no sessions."""
    del session
    raise KplugError(
        "set_session: torch computes at once and has no sessions",
        hint="Leave the call out. torch.set_num_threads and torch.cuda.set_per_process_memory_fraction "
        "say what a session's configuration said.",
    )


def manual_variable_initialization(value: bool) -> None:
    """Accept ``False`` alone: a variable always has its value from the start."""
    if value:
        raise KplugError(
            "manual_variable_initialization: variables have their values from the start",
            hint="K.set_value(variable, value) or model.set_weights(weights) writes others.",
        )


def backend() -> str:
    """Return ``'torch'``.

    Example:
        >>> backend()
        'torch'
    """
    return "torch"
