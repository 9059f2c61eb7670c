"""Undocumented names of ``keras.backend`` that packages import."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from kplug import backend

_T = TypeVar("_T")


def is_variable(x: Any) -> bool:
    """Return whether a value is an eager tensor."""
    return isinstance(x, Tensor)


def cast_to_floatx(x: Any) -> Any:
    """Convert to ``floatx()``; a single value becomes a number, which also multiplies tensors."""
    found = backend.cast_to_floatx(x)
    return found[()] if isinstance(found, np.ndarray) else found


def size(x: Any, name: str | None = None) -> int:
    """Return the number of elements of a tensor."""
    del name
    return int(backend.to_tensor(x).numel())


def get_variable_shape(x: Any) -> tuple[int, ...]:
    """Return the shape of a variable."""
    return tuple(x.shape)


def control_dependencies(control_inputs: Any) -> nullcontext[None]:
    """Return a null context: torch executes operations in order."""
    del control_inputs
    return nullcontext()


def leave(function: _T) -> _T:
    """Return a function unchanged; Keras 2.3 decorates graph functions."""
    return function


def _to_tensor(x: Any, dtype: Any = None) -> Tensor:
    tensor: Tensor = backend.to_tensor(x)
    return tensor if dtype is None else backend.cast(tensor, dtype)


def _preprocess_padding(padding: str) -> str:
    return padding.upper()


def _preprocess_input(x: Any, data_format: Any = None, **_options: Any) -> tuple[Any, str]:
    del data_format
    return x, "NHWC"


def _list_gpus() -> list[str]:
    return [f"/device:GPU:{number}" for number in range(torch.cuda.device_count())]


def _is_current_explicit_device(device_type: str) -> bool:
    del device_type
    return False


def _normalize_axis(axis: Any, ndim: int) -> Any:
    if isinstance(axis, (tuple, list)):
        return [one % ndim for one in axis]
    return None if axis is None else axis % ndim


NAMES: dict[str, Any] = {
    "_BACKEND": "tensorflow",
    "_get_available_gpus": _list_gpus,
    "_is_current_explicit_device": _is_current_explicit_device,
    "_normalize_axis": _normalize_axis,
    "_preprocess_conv1d_input": _preprocess_input,
    "_preprocess_conv2d_input": _preprocess_input,
    "_preprocess_conv3d_input": _preprocess_input,
    "_preprocess_padding": _preprocess_padding,
    "_regular_normalize_batch_in_training": backend.normalize_batch_in_training,
    "_to_tensor": _to_tensor,
    "cast_to_floatx": cast_to_floatx,
    "control_dependencies": control_dependencies,
    "eager": leave,
    "get_variable_shape": get_variable_shape,
    "is_variable": is_variable,
    "manual_variable_initialization": leave,
    "lesser": backend.less,
    "lesser_equal": backend.less_equal,
    "py_all": builtins.all,
    "py_any": builtins.any,
    "py_slice": builtins.slice,
    "py_sum": builtins.sum,
    "size": size,
    "symbolic": leave,
}

# Names of arguments in Keras 1 and 2.0.
_RENAMED = {
    "X": "x",
    "border_mode": "padding",
    "dim": "axis",
    "dim_ordering": "data_format",
    "filter_dilation": "dilation_rate",
    "high": "maxval",
    "low": "minval",
    "std": "stddev",
}
_IDLE = frozenset(("filter_shape", "image_shape", "volume_shape"))
_VALUES = {"tf": "channels_last", "th": "channels_first"}
_OLD = frozenset(_RENAMED) | _IDLE


def taking_old_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a backend function to accept the old names of its arguments too."""

    def called(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not _OLD.isdisjoint(kwargs):
            kwargs = {
                _RENAMED.get(name, name): _VALUES.get(one, one) if isinstance(one, str) else one
                for name, one in kwargs.items()
                if name not in _IDLE
            }
        return function(*args, **kwargs)

    called.__name__ = getattr(function, "__name__", "function")
    called.__doc__ = function.__doc__
    called.__wrapped__ = function  # type: ignore[attr-defined]
    return called
