"""Strategies of hypothesis: shapes, values, and targets of each kind with predictions that suit them.

They need hypothesis: ``pip install "kplug-authoring[strategies]"``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, get_args

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from kplug.errors import ArgumentValueError

Target = Literal["real", "binary", "one_hot", "class_ids", "labels", "mask"]
TARGETS: tuple[Target, ...] = get_args(Target)


def shapes(
    *, least_rank: int = 1, most_rank: int = 4, least: int = 1, most: int = 5
) -> SearchStrategy[tuple[int, ...]]:
    """Draw shapes.

    Args:
        least_rank: The number of axes, at least.
        most_rank: The number of axes, at most.
        least: The size of an axis, at least; 0 draws empty batches too.
        most: The size of an axis, at most.

    Example:
        >>> from hypothesis import find
        >>> find(shapes(), lambda shape: len(shape) > 2)
        (1, 1, 1)
    """
    sizes = st.integers(least, most)
    return st.lists(sizes, min_size=least_rank, max_size=most_rank).map(tuple)


def values(
    shape: Sequence[int],
    *,
    low: float = -100.0,
    high: float = 100.0,
    dtype: torch.dtype = torch.float32,
) -> SearchStrategy[Tensor]:
    """Draw tensors of a shape.

    Args:
        shape: The shape.
        low: The least value, or the next larger one that the type has.
        high: The largest value, or the next smaller one.
        dtype: The type, of floats.

    Example:
        >>> from hypothesis import find
        >>> find(values((2, 2), low=0.0), lambda x: x.sum() > 0).shape
        torch.Size([2, 2])
    """
    count = math.prod(shape)
    coarse = dtype if dtype.itemsize < torch.float32.itemsize else torch.float32
    least, most = _round_inwards(low, math.inf, coarse), _round_inwards(high, -math.inf, coarse)
    numbers = st.floats(least, most, width=32, allow_nan=False)
    return st.lists(numbers, min_size=count, max_size=count).map(
        lambda drawn: torch.tensor(drawn, dtype=dtype).reshape(tuple(shape))
    )


def _round_inwards(bound: float, inwards: float, dtype: torch.dtype) -> float:
    """Return the number of a type that is nearest to a bound and not beyond it."""
    found = torch.tensor(bound, dtype=dtype)
    is_beyond = found.item() < bound if inwards > 0 else found.item() > bound
    return (torch.nextafter(found, torch.full_like(found, inwards)) if is_beyond else found).item()


def targets(target: Target, *, samples: int | None = None) -> SearchStrategy[tuple[Tensor, Tensor]]:
    """Draw targets of a kind, and predictions that suit them, as ``(y_true, y_pred)``.

    Args:
        target: ``"real"``: numbers, and others of one shape. ``"binary"``: 0 and 1, with one probability.
            ``"one_hot"``: one class a sample, ``"class_ids"``: its number, both with a probability for each.
            ``"labels"``: any number of classes a sample. ``"mask"``: images of 0 and 1, of one channel.
        samples: How many; None draws 1 to 5.

    Raises:
        ArgumentValueError: for another kind of targets.

    Example:
        >>> from hypothesis import find
        >>> y_true, y_pred = find(targets("one_hot"), lambda pair: True)
        >>> y_true.shape == y_pred.shape
        True
    """
    if target not in _DRAWN:
        raise ArgumentValueError("targets", "target", target, f"one of {', '.join(TARGETS)}")

    @st.composite
    def draw_pair(draw: DrawFn) -> tuple[Tensor, Tensor]:
        count = draw(st.integers(1, 5)) if samples is None else samples
        return _DRAWN[target](draw, count, draw(st.integers(2, 4)))

    return draw_pair()


def _draw_real(draw: DrawFn, samples: int, classes: int) -> tuple[Tensor, Tensor]:
    shape = (samples, classes)
    return draw(values(shape)), draw(values(shape))


def _draw_binary(draw: DrawFn, samples: int, _: int) -> tuple[Tensor, Tensor]:
    return _draw_bits(draw, (samples, 1)), draw(values((samples, 1), low=0.0, high=1.0))


def _draw_one_hot(draw: DrawFn, samples: int, classes: int) -> tuple[Tensor, Tensor]:
    ids, shares = _draw_class_ids(draw, samples, classes)
    return torch.nn.functional.one_hot(ids, classes).float(), shares


def _draw_class_ids(draw: DrawFn, samples: int, classes: int) -> tuple[Tensor, Tensor]:
    numbers = st.integers(0, classes - 1)
    ids = draw(st.lists(numbers, min_size=samples, max_size=samples))
    logits = draw(values((samples, classes), low=-20.0, high=20.0))
    return torch.tensor(ids, dtype=torch.int64), logits.softmax(-1)


def _draw_labels(draw: DrawFn, samples: int, classes: int) -> tuple[Tensor, Tensor]:
    shape = (samples, classes)
    return _draw_bits(draw, shape), draw(values(shape, low=0.0, high=1.0))


def _draw_mask(draw: DrawFn, samples: int, size: int) -> tuple[Tensor, Tensor]:
    shape = (samples, size, size, 1)
    return _draw_bits(draw, shape), draw(values(shape, low=0.0, high=1.0))


def _draw_bits(draw: DrawFn, shape: tuple[int, ...]) -> Tensor:
    count = math.prod(shape)
    bits = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    return torch.tensor(bits, dtype=torch.float32).reshape(shape)


_DRAWN: dict[str, Callable[[DrawFn, int, int], tuple[Tensor, Tensor]]] = {
    "real": _draw_real,
    "binary": _draw_binary,
    "one_hot": _draw_one_hot,
    "class_ids": _draw_class_ids,
    "labels": _draw_labels,
    "mask": _draw_mask,
}
