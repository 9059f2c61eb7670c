"""Calls of Keras 2 about sessions and placeholders: what they are on torch, or what to do instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import torch

from kplug.arguments import require_choice
from kplug.backend.convert import TensorLike, to_tensor
from kplug.backend.dtypes import DTypeLike
from kplug.backend.settings import (
    DataFormat,
    image_data_format,
    set_image_data_format,
    standardize_data_format,
)
from kplug.errors import KplugError

_ORDERINGS = {"channels_first": "th", "channels_last": "tf"}


def placeholder(
    shape: Sequence[int | None] | None = None,
    ndim: int | None = None,
    dtype: DTypeLike = None,
    sparse: bool = False,
    name: str | None = None,
) -> NoReturn:
    """Refuse: a tensor of torch has its values from the start.

    Args:
        shape: Ignored, as are all arguments.
        ndim: Ignored.
        dtype: Ignored.
        sparse: Ignored.
        name: Ignored.

    Raises:
        KplugError: Always.
    """
    del ndim, dtype, sparse, name
    sizes = "shape" if shape is None else str(tuple(shape[1:]))
    raise KplugError(
        "placeholder: a tensor of torch has its values from the start",
        hint=f"kplug.layers.Input({sizes}) is the symbolic input of a model, which K.function takes "
        "too; what computes with tensors alone is a plain Python function.",
    )


def is_placeholder(x: object) -> bool:
    """Return whether ``x`` is the symbolic tensor of an ``Input``."""
    return bool(getattr(getattr(x, "node", None), "is_input", False))


def get_session() -> NoReturn:
    """Refuse: there are no sessions on torch.

    Raises:
        KplugError: Always.
    """
    raise KplugError(
        "get_session: torch computes at once and has no sessions",
        hint="K.get_value(x) reads a tensor; K.function([...], [...]) evaluates a part of a model.",
    )


def set_session(session: object) -> NoReturn:
    """Refuse: there are no sessions on torch.

    Raises:
        KplugError: Always.
    """
    del session
    raise KplugError(
        "set_session: torch computes at once and has no sessions",
        hint="Leave the call out. torch.set_num_threads and torch.cuda.set_per_process_memory_fraction "
        "say what a session's configuration said.",
    )


def manual_variable_initialization(value: bool) -> None:
    """Accept ``False``, which is how it is: a variable has its value from the start.

    Raises:
        KplugError: ``value`` is true.
    """
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


def normalize_data_format(value: str | None) -> DataFormat:
    """Return a valid layout name; ``None`` is ``image_data_format()``.

    Raises:
        ArgumentValueError: It is neither ``'channels_first'`` nor ``'channels_last'``.
    """
    return standardize_data_format(value, "normalize_data_format")


def image_dim_ordering() -> str:
    """Return Keras 1's name of the default layout: ``'tf'`` for channels last, else ``'th'``.

    Example:
        >>> image_dim_ordering()
        'tf'
    """
    return _ORDERINGS[image_data_format()]


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the default layout by Keras 1's name.

    Raises:
        ArgumentValueError: It is neither ``'tf'`` nor ``'th'``.
    """
    choices = {short: name for name, short in _ORDERINGS.items()}
    owner = "set_image_dim_ordering"
    set_image_data_format(require_choice(owner, "dim_ordering", dim_ordering, choices))


def is_sparse(tensor: object) -> bool:
    """Return whether ``tensor`` is a sparse tensor of torch."""
    return isinstance(tensor, torch.Tensor) and tensor.layout is not torch.strided


def to_dense(tensor: TensorLike) -> torch.Tensor:
    """Return a sparse tensor with its zeros written out; a dense one as it is."""
    tensor = to_tensor(tensor)
    return tensor.to_dense() if is_sparse(tensor) else tensor
