"""Variables and values: creates variables, reads them into NumPy, and assigns to them."""
# ruff: noqa: A001 - Keras's name: K.eval

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch

from kplug.backend.convert import TensorLike, to_shape, to_tensor
from kplug.backend.dtypes import DTypeLike, dtype_name, to_dtype
from kplug.errors import ArgumentValueError, WeightsError

NumpyArray: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


def variable(
    value: TensorLike,
    dtype: DTypeLike = None,
    name: str | None = None,
    constraint: Callable[[torch.Tensor], torch.Tensor] | None = None,
) -> torch.Tensor:
    """Return a leaf tensor that accumulates gradients, with a copy of ``value``.

    ``name`` is kept as its attribute ``label``, and ``constraint`` as ``constraint``; an optimizer of
    kplug applies it.
    """
    tensor = to_tensor(value, to_dtype(dtype)).detach().clone()
    if tensor.is_floating_point():
        tensor.requires_grad_()
    vars(tensor).update(label=name, constraint=constraint)
    return tensor


def constant(
    value: TensorLike,
    dtype: DTypeLike = None,
    shape: Sequence[int] | None = None,
    name: str | None = None,
) -> torch.Tensor:
    """Return a tensor without gradient; with ``shape`` the value fills it.

    Example:
        >>> constant(3.0, shape=(2,))
        tensor([3., 3.])
    """
    tensor = to_tensor(value, to_dtype(dtype)).detach()
    if shape is not None:
        tensor = tensor.expand(to_shape(shape)).clone()
    if name is not None:
        vars(tensor).update(label=name)
    return tensor


def identity(x: TensorLike, name: str | None = None) -> torch.Tensor:
    """Return a copy of ``x``, through which gradients flow; ``name`` is ignored."""
    del name
    return to_tensor(x).clone()


def get_value(x: object) -> NumpyArray:
    """Return a copy of a tensor, a number or an array in NumPy; bfloat16, which NumPy lacks, as float32.

    Example:
        >>> get_value(torch.tensor([1.0, 2.0]))
        array([1., 2.], dtype=float32)
        >>> get_value(0.5).item()
        0.5
    """
    if not isinstance(x, torch.Tensor):
        return np.array(x)
    return np.array(to_numpy(x), order="C")


def to_numpy(tensor: torch.Tensor) -> NumpyArray:
    """Return a tensor's values as an array, sharing memory where it can; bfloat16 becomes float32."""
    values = tensor.detach()
    if values.dtype is torch.bfloat16:
        values = values.float()
    array: NumpyArray = values.cpu().numpy()
    return array


def set_value(x: object, value: TensorLike) -> None:
    """Write ``value`` into a tensor or an object with an ``assign`` method, such as an optimizer's ``lr``.

    A tensor keeps its type and device.

    Raises:
        WeightsError: The shapes differ; nothing was written.
    """
    _check_fit(x, value)
    if isinstance(x, torch.Tensor):
        with torch.no_grad():
            x.copy_(to_tensor(value))
    else:
        x.assign(value)  # type: ignore[attr-defined]


def _check_fit(x: object, value: TensorLike) -> None:
    if not isinstance(x, torch.Tensor):
        if not hasattr(x, "assign"):
            raise ArgumentValueError("set_value", "x", x, "a tensor, or an optimizer's lr")
        return
    given = to_tensor(value)
    if given.shape != x.shape:
        raise WeightsError(
            f"set_value: the variable has shape {tuple(x.shape)}, "
            f"the value has shape {tuple(given.shape)}; nothing was written"
        )


def batch_get_value(ops: Sequence[object]) -> list[NumpyArray]:
    """Return ``get_value`` of each."""
    return [get_value(one) for one in ops]


def batch_set_value(tuples: Sequence[tuple[object, TensorLike]]) -> None:
    """Write each value into its variable; if one does not fit, write none."""
    for x, value in tuples:
        _check_fit(x, value)
    for x, value in tuples:
        set_value(x, value)


def eval(x: object) -> NumpyArray:
    """Return the value in NumPy; the same as ``get_value``, since torch computes at once."""
    return get_value(x)


def update(x: torch.Tensor, new_x: TensorLike) -> torch.Tensor:
    """Write ``new_x`` into ``x`` and return ``x``."""
    set_value(x, new_x)
    return x


def update_add(x: torch.Tensor, increment: TensorLike) -> torch.Tensor:
    """Add to ``x`` in place and return it."""
    with torch.no_grad():
        return x.add_(to_tensor(increment))


def update_sub(x: torch.Tensor, decrement: TensorLike) -> torch.Tensor:
    """Subtract from ``x`` in place and return it."""
    with torch.no_grad():
        return x.sub_(to_tensor(decrement))


def moving_average_update(x: torch.Tensor, value: TensorLike, momentum: float) -> torch.Tensor:
    """Set x ← x·momentum + value·(1 − momentum) in place and return ``x``."""
    with torch.no_grad():
        return x.mul_(momentum).add_(to_tensor(value) * (1.0 - momentum))


def cast_to_floatx(x: TensorLike) -> torch.Tensor | NumpyArray:
    """Return ``x`` as ``floatx()``: a tensor for a tensor, a NumPy array for anything else."""
    if isinstance(x, torch.Tensor):
        return x.to(to_dtype(None))
    name = dtype_name(None)
    return np.asarray(x, dtype="float32" if name == "bfloat16" else name)


def shape(x: TensorLike) -> tuple[int, ...]:
    """Return the sizes of ``x``."""
    return tuple(to_tensor(x).shape)


def int_shape(x: object) -> tuple[int | None, ...]:
    """Return the sizes of ``x``; unknown ones, such as the batch, are ``None``."""
    sizes = getattr(x, "shape", None)
    return tuple(np.shape(x) if sizes is None else sizes)  # type: ignore[call-overload]


def ndim(x: object) -> int:
    """Return the number of axes."""
    return len(int_shape(x))


def dtype(x: object) -> str:
    """Return the name of the number type.

    Example:
        >>> dtype(torch.zeros(2, dtype=torch.int32))
        'int32'
    """
    return dtype_name(getattr(x, "dtype", None) or to_tensor(x).dtype)  # type: ignore[arg-type]


def count_params(x: object) -> int:
    """Return the number of elements, ignoring unknown sizes."""
    return math.prod(size for size in int_shape(x) if size is not None)


def is_tensor(x: object) -> bool:
    """Return whether ``x`` is a torch tensor."""
    return isinstance(x, torch.Tensor)


def is_keras_tensor(x: object) -> bool:
    """Return whether ``x`` is a symbolic tensor: an ``Input``, or the output of a layer on one."""
    return bool(getattr(x, "is_symbolic", False))


def is_placeholder(x: object) -> bool:
    """Return whether ``x`` is the symbolic tensor of an ``Input``."""
    return bool(getattr(getattr(x, "node", None), "is_input", False))


def is_sparse(tensor: object) -> bool:
    """Return whether ``tensor`` is a sparse tensor of torch."""
    return isinstance(tensor, torch.Tensor) and tensor.layout is not torch.strided


def to_dense(tensor: TensorLike) -> torch.Tensor:
    """Return a sparse tensor with its zeros written out; a dense one as it is."""
    tensor = to_tensor(tensor)
    return tensor.to_dense() if is_sparse(tensor) else tensor


def print_tensor(x: TensorLike, message: str = "") -> torch.Tensor:
    """Print the tensor after ``message`` and return it unchanged."""
    tensor = to_tensor(x)
    print(message, tensor)  # noqa: T201 - printing is what it is for
    return tensor
