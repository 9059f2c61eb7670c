"""``keras.utils`` of Keras 2 and its submodules: helpers that kplug's ``utils`` lacks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from kplug import utils
from kplug_keras2.custom_objects import (
    CustomObjectScope as CustomObjectScope,
    custom_object_scope as custom_object_scope,
    get_custom_objects as get_custom_objects,
)
from kplug_keras2.keras import former_utils
from kplug_keras2.progress import Progbar as Progbar
from kplug_keras2.symbolic.fixed_inputs import find_input
from kplug_keras2.warning import warn_once

__all__ = [
    *former_utils.__all__,
    "CustomObjectScope",
    "Progbar",
    "conv_input_length",
    "conv_output_length",
    "convert_all_kernels_in_model",
    "custom_object_scope",
    "deconv_length",
    "get_custom_objects",
    "get_source_inputs",
    "has_arg",
    "multi_gpu_model",
    "normalize_data_format",
    "normalize_padding",
    "normalize_tuple",
    "to_list",
    "transpose_shape",
    "unpack_singleton",
]


def get_source_inputs(tensor: Any, layer: Any = None, node_index: int | None = None) -> list[Any]:
    """Return the inputs that a symbolic tensor depends on."""
    del layer, node_index
    own = find_input(tensor)
    if own is not None:
        return [own]
    return utils.get_source_inputs(tensor)


def multi_gpu_model(
    model: Any,
    gpus: int | list[int] | None = None,
    cpu_merge: bool = True,  # noqa: ARG001 - Keras's arguments
    cpu_relocation: bool = False,  # noqa: ARG001
) -> Any:
    """Return the model itself: here several processes train it, not several replicas in one."""
    warn_once(
        "multi_gpu_model",
        f"multi_gpu_model(gpus={gpus}) is the model itself; `torchrun --nproc-per-node N` trains it on "
        "several GPUs",
    )
    return model


def convert_all_kernels_in_model(model: Any) -> None:
    """Do nothing: kernels have the same orientation for all backends here."""


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """Return n integers, from one or from a sequence of n.

    Raises:
        ValueError: It is neither.
    """
    found = (value,) * n if isinstance(value, int) else tuple(value)
    if len(found) != n:
        raise ValueError(f"{name} is an integer or {n} of them, got {value!r}")
    return tuple(int(one) for one in found)


def normalize_padding(value: str) -> str:
    """Return a padding in lower case.

    Raises:
        ValueError: It is not ``valid``, ``same``, ``causal`` or ``full``.
    """
    padding = value.lower()
    if padding not in ("valid", "same", "causal", "full"):
        raise ValueError(f"padding is valid, same, causal or full, got {value!r}")
    return padding


def normalize_data_format(value: str | None) -> str:
    """Return a data format; the session's for None."""
    from kplug import backend

    return str(backend.normalize_data_format(value))


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Return the length of a convolution's output; None for an unknown one.

    Example:
        >>> conv_output_length(10, 3, "valid", 2)
        4
    """
    if input_length is None:
        return None
    reach = (filter_size - 1) * dilation
    length = input_length + {"valid": -reach, "full": reach}.get(padding, 0)
    return (length + stride - 1) // stride


def conv_input_length(
    output_length: int | None, filter_size: int, padding: str, stride: int
) -> int | None:
    """Return the input length for a convolution's output length; None for an unknown one."""
    if output_length is None:
        return None
    pad = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}[padding]
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_length(
    dim_size: int | None,
    stride_size: int,
    kernel_size: int,
    padding: str,
    output_padding: int | None = None,
    dilation: int = 1,
) -> int | None:
    """Return the length of a transposed convolution's output; None for an unknown one."""
    if dim_size is None:
        return None
    kernel = kernel_size + (kernel_size - 1) * (dilation - 1)
    if output_padding is None:
        extra = {"valid": max(kernel - stride_size, 0), "full": -(stride_size + kernel - 2)}
        return dim_size * stride_size + extra.get(padding, 0)
    pad = {"same": kernel // 2, "valid": 0, "full": kernel - 1}[padding]
    return (dim_size - 1) * stride_size + kernel - 2 * pad + output_padding


def transpose_shape(
    shape: tuple[Any, ...], target_format: str, spatial_axes: tuple[int, ...]
) -> tuple[Any, ...]:
    """Convert a channels-last shape to ``target_format``."""
    if target_format == "channels_last":
        return tuple(shape)
    return (*shape[: spatial_axes[0]], shape[-1], *(shape[axis] for axis in spatial_axes))


def has_arg(fn: Callable[..., Any], name: str, accept_all: bool = False) -> bool:
    """Return whether a function takes an argument by name."""
    parameters = inspect.signature(fn).parameters
    if accept_all and any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        return True
    return name in parameters


def to_list(x: Any, allow_tuple: bool = False) -> list[Any]:
    """Return a list itself, and anything else in a list."""
    if isinstance(x, list) or (allow_tuple and isinstance(x, tuple)):
        return list(x)
    return [x]


def unpack_singleton(x: Any) -> Any:
    """Return the one element of a sequence; a longer one itself."""
    return x[0] if len(x) == 1 else x


globals().update({name: getattr(former_utils, name) for name in former_utils.__all__})
