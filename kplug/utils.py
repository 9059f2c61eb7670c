"""Small helpers around training: seeds, class labels, normalization, pictures of models."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from kplug.backend import NumpyArray, TensorLike, to_tensor
from kplug.errors import ArgumentValueError, DataError
from kplug.models.diagram import plot_model


def set_random_seed(seed: int) -> None:
    """Seed Python, NumPy and torch, so that a run can be repeated.

    Args:
        seed: An integer in [0, 2³²).

    Raises:
        ArgumentValueError: ``seed`` is something else.

    Example:
        >>> set_random_seed(1)
        >>> first = torch.rand(1)
        >>> set_random_seed(1)
        >>> bool(torch.rand(1) == first)
        True
    """
    given: object = seed
    is_whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
    if not is_whole or not 0 <= seed < 2**32:
        raise ArgumentValueError("set_random_seed", "seed", seed, "an integer in [0, 2**32)")
    random.seed(int(seed))
    # The global generator is what code written for Keras draws from.
    np.random.seed(int(seed))
    torch.manual_seed(int(seed))


def to_categorical(x: TensorLike, num_classes: int | None = None) -> NumpyArray:
    """Return one-hot rows for class numbers.

    Args:
        x: Whole numbers in [0, num_classes), any shape; a last axis of size 1 is dropped.
        num_classes: Number of classes; ``None`` is the largest number plus 1.

    Returns:
        Float32 array of shape ``x.shape + (num_classes,)``.

    Raises:
        DataError: A number is negative, too large or not whole.

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32)
    """
    given = x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
    classes = given.astype(np.int64)
    if not np.array_equal(classes, given):
        raise DataError("to_categorical: class numbers must be whole numbers")
    if classes.ndim > 1 and classes.shape[-1] == 1:
        classes = classes[..., 0]
    largest = int(classes.max(initial=-1))
    count = largest + 1 if num_classes is None else num_classes
    if classes.size and (classes.min() < 0 or largest >= count):
        raise DataError(
            f"to_categorical: class numbers must be in [0, {count}), found "
            f"{int(classes.min())} to {largest}",
            hint="num_classes is the number of classes, one more than the largest number.",
        )
    rows = np.zeros((*classes.shape, count), dtype=np.float32)
    np.put_along_axis(rows, classes[..., None], 1.0, axis=-1)
    return rows


def normalize(x: TensorLike, axis: int = -1, order: float = 2) -> NumpyArray | torch.Tensor:
    """Return ``x`` divided by its norm along an axis; what has norm 0 stays 0.

    Args:
        x: Any shape.
        axis: The axis whose norm becomes 1.
        order: Of the norm: 2 is Euclid's, 1 the sum of absolute values, ``inf`` the largest one.

    Returns:
        A NumPy array, or a tensor if ``x`` is one; shape unchanged.

    Example:
        >>> normalize([[3.0, 4.0]])
        array([[0.6, 0.8]])
    """
    if isinstance(x, torch.Tensor):
        values = to_tensor(x)
        norms = torch.linalg.vector_norm(values, ord=order, dim=axis, keepdim=True)
        return values / torch.where(norms == 0, torch.ones_like(norms), norms)
    array = np.asarray(x)
    lengths = np.linalg.norm(array, ord=order, axis=axis, keepdims=True)
    return np.asarray(array / np.where(lengths == 0, 1, lengths))


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], object] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print a model's summary, as Keras 2 spells it: the same as ``model.summary(…)``.

    Args:
        model: The model.
        line_length: Width of the lines.
        positions: Ends of the columns, as shares of the width or as absolute columns.
        print_fn: Called with each line of plain text, instead of printing a table.
        expand_nested: Whether the layers of nested models are shown too.
        show_trainable: Whether a column says which layers are trained.
        layer_range: Names of the first and the last layer to show, or patterns for them.

    Example:
        >>> from kplug import Sequential
        >>> lines = []
        >>> print_summary(Sequential(name="empty"), print_fn=lines.append)
        >>> lines[0]
        'Model: "empty"'
    """
    model.summary(line_length, positions, print_fn, expand_nested, show_trainable, layer_range)


__all__ = ["normalize", "plot_model", "print_summary", "set_random_seed", "to_categorical"]
