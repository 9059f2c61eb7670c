"""From whatever a person passes to ``fit`` to tensors that fit together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kplug.arguments import require_number
from kplug.backend import to_dtype
from kplug.errors import ArgumentValueError, DataError

_ENCODE = "Encode texts and categories as numbers first; pad rows of unequal length."
_HINTS = {
    "O": "If all of them are numbers, as in a table of bool and float columns, "
    f"np.asarray(x, dtype='float32') makes one type of them. {_ENCODE}",
    "c": "Pass real and imaginary part as columns of their own.",
}


@dataclass(frozen=True, slots=True)
class Samples:
    """Arrays that describe the same samples, one per row of the first axis.

    Args:
        x: Inputs, shape (N, …).
        y: Targets, shape (N,) or (N, …).
        weights: Weight of each sample, shape (N,) or broadcastable to the per-sample losses.
    """

    x: Tensor
    y: Tensor | None = None
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, start: int, stop: int) -> Samples:
        """Return the samples from ``start`` up to ``stop``, as views."""
        return Samples(*(None if each is None else each[start:stop] for each in self.arrays))  # type: ignore[arg-type]

    @property
    def arrays(self) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """``(x, y, weights)``."""
        return self.x, self.y, self.weights


def as_samples(method: str, x: Any, y: Any = None, sample_weight: Any = None) -> Samples:
    """Convert the arrays of one call and check that they have the same number of samples.

    Args:
        method: The method they were given to, for messages.
        x: Inputs: NumPy, torch, nested lists, or anything NumPy can read.
        y: Targets, or None.
        sample_weight: Weights, or None.

    Raises:
        DataError: If one is missing, empty or no array of numbers, or the counts differ.
    """
    if x is None:
        raise DataError(f"{method}: x is None", hint="Pass the inputs as the first argument.")
    named = {"x": _unwrap(x), "y": _unwrap(y), "sample_weight": sample_weight}
    tensors = {
        name: None if given is None else as_tensor(given, f"{method}: {name}")
        for name, given in named.items()
    }
    counts = {name: len(tensor) for name, tensor in tensors.items() if tensor is not None}
    if len(set(counts.values())) > 1:
        listing = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise DataError(
            f"{method}: the arrays have different numbers of samples: {listing}",
            hint="The first axis of every array counts the samples.",
        )
    weights = tensors["sample_weight"]
    if weights is not None and not weights.is_floating_point():
        weights = weights.to(to_dtype(None))
    inputs = tensors["x"]
    if inputs is None or not len(inputs):
        raise DataError(f"{method}: x has no samples")
    return Samples(inputs, tensors["y"], weights)


def as_tensor(array: Any, what: str) -> Tensor:
    """Return an array as a tensor, sharing memory where that is possible.

    Floating-point numbers get the type ``K.floatx()``; integers and booleans are kept.

    Raises:
        DataError: If it holds something else than numbers, or has no axis of samples.
    """
    tensor = array.detach() if isinstance(array, Tensor) else _from_numpy(array, what)
    if tensor.is_floating_point():
        tensor = tensor.to(to_dtype(None))
    if not tensor.ndim:
        raise DataError(f"{what} is the single number {tensor.item()!r}; an array is needed")
    return tensor


def _from_numpy(array: Any, what: str) -> Tensor:
    if isinstance(array, Mapping):
        raise DataError(
            f"{what} is a {type(array).__name__}; one array is needed",
            hint="Pass the array itself: a model of this kind has one input and one output.",
        )
    try:
        values = np.asarray(array)
    except (ValueError, TypeError) as error:
        raise _describe_ragged(array, what, error) from error
    if values.dtype.kind not in "fiub":
        raise DataError(
            f"{what} holds {values.dtype} values; numbers are needed",
            hint=_HINTS.get(values.dtype.kind, _ENCODE),
        )
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if values.dtype.kind == "u" and values.dtype.itemsize > 1:
        values = values.astype(np.int64)  # torch computes little with wider unsigned integers
    if values.dtype.kind == "f" and values.dtype.itemsize not in (2, 4, 8):
        values = values.astype(np.float64)
    if not values.flags.writeable or any(stride < 0 for stride in values.strides):
        values = values.copy()  # torch cannot share memory that is read-only or reversed
    return torch.from_numpy(values)


def _describe_ragged(array: Any, what: str, error: Exception) -> DataError:
    """Return the error for a sequence that NumPy cannot stack."""
    shapes = [tuple(getattr(each, "shape", ())) for each in array]
    if not all(shapes):
        return DataError(f"{what} cannot become an array: {error}", hint=_ENCODE)
    listing = ", ".join(map(str, shapes[:4])) + (", …" if len(shapes) > 4 else "")
    return DataError(
        f"{what} is a {type(array).__name__} of arrays of different shapes: {listing}",
        hint="Pass one array; inputs and targets are two arguments, as in fit(x, y).",
    )


def _unwrap(given: Any) -> Any:
    """Return the array of a list that holds just one, as Keras's list of inputs does."""
    if isinstance(given, (list, tuple)) and len(given) == 1 and hasattr(given[0], "shape"):
        return given[0]
    return given


def adjust_inputs(samples: Samples, shape: Sequence[int | None], method: str, name: str) -> Samples:
    """Check the inputs against the shape that a model takes.

    A missing or surplus last axis of length 1 is added or dropped, as in Keras 3.

    Args:
        samples: The data.
        shape: The model's input shape with its batch axis, such as ``(None, 28, 28, 1)``.
        method: The method the data were given to.
        name: The model's name.

    Raises:
        DataError: If the inputs have another shape.
    """
    wanted, x = tuple(shape[1:]), samples.x
    if x.ndim == len(wanted) and wanted[-1:] == (1,):
        x = x.unsqueeze(-1)
    elif x.ndim == len(wanted) + 2 and x.shape[-1] == 1:
        x = x.squeeze(-1)
    given = tuple(x.shape[1:])
    if not _fits(given, wanted):
        raise DataError(
            f"{method}: x has samples of shape {tuple(samples.x.shape[1:])}, but model {name!r} "
            f"takes samples of shape {wanted}",
            hint=_suggest_shape(tuple(samples.x.shape), wanted),
        )
    return samples if x is samples.x else replace(samples, x=x)


def _suggest_shape(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> str | None:
    """Return what makes an array of this shape fit, if one step does and keeps its meaning."""
    given = shape[1:]
    if _fits(shape, wanted):
        return "The first axis counts the samples: for a single one, pass x[None]."
    if _fits(given, (*wanted[-1:], *wanted[:-1])):
        return "The channels come last: np.moveaxis(x, 1, -1) fits."
    is_known = None not in wanted and len(given) != len(wanted)
    if is_known and math.prod(given) == math.prod(length or 0 for length in wanted):
        return f"The numbers of elements agree: x.reshape(-1, {', '.join(map(str, wanted))}) fits."
    return None


def _fits(given: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(given) == len(wanted) and all(
        length in (None, have) for length, have in zip(wanted, given, strict=True)
    )


def split_samples(samples: Samples, fraction: float) -> tuple[Samples, Samples]:
    """Split off the last part for validation, before any shuffling.

    Args:
        samples: The data.
        fraction: Share of the validation part, 0 < fraction < 1; the training part has
            ⌊N · (1 − fraction)⌋ samples.

    Raises:
        ArgumentValueError: If the fraction is outside its range.
        DataError: If a part would be empty.
    """
    allowed = "a number > 0 and < 1"
    fraction = require_number("fit", "validation_split", fraction, allowed, above=0.0, below=1.0)
    count = len(samples)
    split = math.floor(count * (1.0 - fraction))
    if split in (0, count):
        empty = "training" if split == 0 else "validation"
        raise DataError(
            f"fit: validation_split={fraction} of {count} samples leaves the {empty} part empty",
            hint="Choose another fraction, or pass validation_data.",
        )
    return samples.rows(0, split), samples.rows(split, count)


def weigh_classes(samples: Samples, class_weight: Mapping[int, float]) -> Samples:
    """Return the samples with the weight of their class.

    Args:
        samples: Data whose targets are class ids, (N,) or (N, 1), or one-hot rows, (N, C).
        class_weight: Weight by class id; a class that is missing weighs 1.

    Raises:
        DataError: If there are sample weights as well, or no targets.
        ArgumentValueError: If a key is no class id or a weight is no finite number.
    """
    if samples.weights is not None:
        raise DataError(
            "fit: both class_weight and sample_weight were given",
            hint="Multiply them into one sample_weight.",
        )
    if samples.y is None:
        raise DataError("fit: class_weight needs targets, and y is None")
    table = _class_table(class_weight)
    classes = _class_ids(samples.y)
    weights = torch.ones(classes.shape, dtype=to_dtype(None), device=classes.device)
    for label, weight in table.items():
        weights[classes == label] = weight
    return replace(samples, weights=weights)


def _class_table(class_weight: Any) -> dict[int, float]:
    table: dict[int, float] = {}
    if isinstance(class_weight, Mapping):
        for label, weight in class_weight.items():
            try:
                table[int(label)] = float(weight)
            except (TypeError, ValueError):
                break
            if int(label) != label or not math.isfinite(float(weight)):
                break
        else:
            return table
    raise ArgumentValueError("fit", "class_weight", class_weight, "{class id: finite weight, …}")


def _class_ids(targets: Tensor) -> Tensor:
    if targets.ndim == 1:
        return targets.long()
    return targets.argmax(-1) if targets.shape[-1] > 1 else targets.squeeze(-1).long()
