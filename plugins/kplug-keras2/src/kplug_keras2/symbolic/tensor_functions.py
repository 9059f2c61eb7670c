"""Functions of Keras's old backends and of TensorFlow that kplug's ``K`` lacks."""

from __future__ import annotations

import functools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug import backend, ops
from kplug.graph import is_symbolic
from kplug_keras2.symbolic.function_layer import FunctionLayer


def moments(
    x: Any,
    axes: Any,
    shift: Any = None,
    keep_dims: bool = False,
    keepdims: bool = False,
    name: Any = None,
) -> tuple[Tensor, Tensor]:
    """Return mean and variance over axes."""
    del shift, name
    is_kept = keep_dims or keepdims
    return backend.mean(x, axes, is_kept), backend.var(x, axes, is_kept)


def depth_to_space(x: Any, scale: int, data_format: str | None = None, **_options: Any) -> Tensor:
    """Rearrange scale² channels of each pixel into a block of pixels.

    Example:
        >>> depth_to_space(torch.arange(4.0).reshape(1, 1, 1, 4), 2).tolist()
        [[[[0.0], [1.0]], [[2.0], [3.0]]]]
    """
    is_last = (data_format or backend.image_data_format()) in ("NHWC", "channels_last")
    tensor = backend.to_tensor(x)
    image = tensor.movedim(-1, 1) if is_last else tensor
    batch, channels, height, width = image.shape
    split = image.reshape(batch, scale, scale, channels // scale**2, height, width)
    made = split.permute(0, 3, 4, 1, 5, 2).reshape(
        batch, channels // scale**2, height * scale, width * scale
    )
    return made.movedim(1, -1) if is_last else made


def extract_image_patches(
    x: Any,
    ksizes: Any,
    strides: Any = None,
    rates: Any = (1, 1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    **_options: Any,
) -> Tensor:
    """Return the patches of images, (N, rows, columns, height · width · channels).

    Args:
        x: Images with their channels last.
        ksizes: Height and width of a patch, or (1, height, width, 1).
        strides: Steps between patches, likewise.
        rates: Steps between the pixels of a patch, likewise.
        padding: ``valid`` or ``same``.
        data_format: Must be ``channels_last``.
    """
    del data_format
    size, step, rate = (_read_pair(one) for one in (ksizes, strides or ksizes, rates))
    image = backend.to_tensor(x).movedim(-1, 1)
    if padding.lower() == "same":
        image = _pad_same(image, size, step, rate)
    channels = image.shape[1]
    rows, columns = (
        (length - (one - 1) * each - 1) // by + 1
        for length, one, each, by in zip(image.shape[2:], size, rate, step, strict=True)
    )
    found = F.unfold(image, size, dilation=rate, stride=step)
    split = found.reshape(image.shape[0], channels, size[0] * size[1], rows, columns)
    return split.permute(0, 3, 4, 2, 1).reshape(image.shape[0], rows, columns, -1)


def _read_pair(value: Any) -> tuple[int, int]:
    sizes = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    first, second = sizes[1:3] if len(sizes) == 4 else sizes
    return int(first), int(second)


def _pad_same(image: Tensor, size: Any, step: Any, rate: Any) -> Tensor:
    margins: list[int] = []
    for length, one, by, each in zip(image.shape[2:], size, step, rate, strict=True):
        total = max((-(-length // by) - 1) * by + (one - 1) * each + 1 - length, 0)
        margins = [total // 2, total - total // 2, *margins]
    return F.pad(image, margins)


def pattern_broadcast(x: Any, broadcastable: Any) -> Any:
    """Return the tensor itself; only Theano needed explicit broadcast axes."""
    del broadcastable
    return x


def slice(x: Any, start: Any, size: Any) -> Tensor:  # noqa: A001 - Keras's name
    """Return a slice of a tensor; a size of −1 extends to the end.

    Example:
        >>> slice(torch.arange(6).reshape(2, 3), (0, 1), (2, -1)).tolist()
        [[1, 2], [4, 5]]
    """
    tensor = backend.to_tensor(x)
    for axis, (first, count) in enumerate(zip(start, size, strict=True)):
        # Where shapes are inferred, a start has no value; the shape depends on the size alone.
        begin = 0 if isinstance(first, Tensor) and first.is_meta else int(first)
        length = tensor.shape[axis] - begin if int(count) == -1 else int(count)
        tensor = tensor.narrow(axis, begin, length)
    return tensor


def rnn(step_function: Any, inputs: Any, initial_states: Any, *args: Any, **kwargs: Any) -> Any:
    """Run a step along the time axis; return the last output, all of them, and a list of states.

    They are symbolic if an argument is.
    """
    if not is_symbolic((inputs, initial_states, args, kwargs)):
        return backend.rnn(step_function, inputs, initial_states, *args, **kwargs)

    @functools.wraps(backend.rnn)
    def run(*given: Any, **named: Any) -> list[Tensor]:
        last, outputs, states = backend.rnn(step_function, *given, **named)
        return [last, outputs, *states]

    layer = FunctionLayer(run)
    layer.output_count = 2 + len(initial_states)
    last, outputs, *states = layer(inputs, list(initial_states), *args, **kwargs)
    return last, outputs, states


def gather_nd(params: Any, indices: Any) -> Tensor:
    """Gather slices of a tensor by rows of indices."""
    rows = backend.to_tensor(indices).long()
    return backend.to_tensor(params)[tuple(rows.unbind(-1))]


def where(condition: Any, x: Any = None, y: Any = None) -> Tensor:
    """Select from two values element by element; without them, return the true positions."""
    chosen = backend.to_tensor(condition).bool()
    if x is None:
        return torch.argwhere(chosen)
    return torch.where(chosen, backend.to_tensor(x), backend.to_tensor(y))


def gather(params: Any, indices: Any, axis: int = 0) -> Tensor:
    """Gather slices of a tensor by indices along an axis.

    Example:
        >>> gather(torch.eye(3), [0, 2], axis=1).tolist()
        [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    """
    tensor, wanted = backend.to_tensor(params), backend.to_tensor(indices).long()
    found = tensor.index_select(axis, wanted.flatten())
    first = axis % tensor.ndim
    return found.reshape(*tensor.shape[:first], *wanted.shape, *tensor.shape[first + 1 :])


def add_all(inputs: Any) -> Any:
    """Return the sum of several tensors."""
    return sum(inputs[1:], inputs[0])


def boolean_mask(tensor: Any, mask: Any) -> Tensor:
    """Return the slices of a tensor where a mask is true."""
    return backend.to_tensor(tensor)[backend.to_tensor(mask).bool()]


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: float = 0) -> Tensor:
    """Pad a tensor, with a pair for each axis.

    Example:
        >>> pad(torch.ones(2), [[1, 0]]).tolist()
        [0.0, 1.0, 1.0]
    """
    if mode.upper() == "CONSTANT":
        margins = [int(one) for pair in reversed(list(paddings)) for one in pair]
        return F.pad(backend.to_tensor(tensor), margins, value=constant_values)
    pairs = [(int(first), int(last)) for first, last in paddings]
    found: Tensor = ops.pad(backend.to_tensor(tensor), pairs, mode.lower())
    return found


def resize(images: Any, size: Any, method: Any = "bilinear") -> Tensor:
    """Resize images as TensorFlow 1 does.

    Args:
        images: (N, height, width, channels).
        size: Height and width.
        method: ``bilinear`` or ``nearest``, or TensorFlow's number for it.
    """
    name = {0: "bilinear", 1: "nearest"}.get(method, method)
    height, width = (int(one) for one in size)
    found: Tensor = ops.image.resize(backend.to_tensor(images), (height, width), interpolation=name)
    return found


def resize_to_nearest(images: Any, size: Any) -> Tensor:
    """Resize images by nearest neighbours."""
    return resize(images, size, "nearest")


def sigmoid_cross_entropy(_unused: Any = None, *, labels: Any, logits: Any) -> Tensor:
    """Return −t · log σ(x) − (1 − t) · log(1 − σ(x)), element by element."""
    del _unused
    wanted, found = backend.to_tensor(labels), backend.to_tensor(logits)
    return F.binary_cross_entropy_with_logits(found, wanted.to(found.dtype), reduction="none")


def softmax_cross_entropy(
    _unused: Any = None, *, labels: Any, logits: Any, axis: int = -1
) -> Tensor:
    """Return −Σ t · log softmax(x) over an axis."""
    del _unused
    wanted, found = backend.to_tensor(labels), backend.to_tensor(logits)
    return -(wanted * F.log_softmax(found, axis)).sum(axis)


def batch_dot(x: Any, y: Any, axes: Any = None) -> Tensor:
    """Return products of matrices, batch by batch.

    All axes except the last two are batch axes, as in Keras 2.2; tensors with fewer than three axes are
    batches of vectors.
    """
    left, right = backend.to_tensor(x), backend.to_tensor(y)
    if max(left.ndim, right.ndim) < 4 or min(left.ndim, right.ndim) < 3:
        return backend.batch_dot(left, right, axes)
    first, second = (
        (axes, axes) if isinstance(axes, int) else axes or (left.ndim - 1, right.ndim - 2)
    )
    has_vectors = right.ndim - left.ndim, left.ndim - right.ndim
    left, right = (
        one.reshape(*one.shape, *[1] * max(extra, 0))
        for one, extra in zip((left, right), has_vectors, strict=True)
    )
    if first != left.ndim - 1:
        left = left.mT
    if second == right.ndim - 1:
        right = right.mT
    product = left @ right
    for axis, extra in zip((-2, -1), has_vectors, strict=True):
        product = product.squeeze(axis) if extra > 0 else product
    return product
