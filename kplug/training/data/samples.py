"""Converts the arguments of ``fit`` to tensors with matching sample counts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from kplug.backend import to_dtype
from kplug.backend.arrays import is_table, read_array
from kplug.errors import DataError
from kplug.training.data.lazy_arrays import find_lazy_array, read_all
from kplug.training.data.matching import (
    arrange_inputs,
    arrange_targets,
    arrange_weights,
    input_ports,
    list_output_names,
)
from kplug.training.data.texts import read_nested_texts
from kplug.training.model_protocol import TrainableModel
from kplug.training.overridden_steps import has_custom_step


@dataclass(frozen=True, slots=True)
class Samples:
    """Arrays that describe the same samples, one per row of the first axis.

    Args:
        x: Inputs, shape (N, …): a tensor, or tensors in a list or a dict by input name.
        y: Targets, shape (N,) or (N, …): a tensor; for several outputs a list with a tensor or None
            for each; or None.
        weights: Weight of each sample, shape (N,) or broadcastable to the per-sample losses; for
            several outputs a list like the targets; or None.
    """

    x: Any
    y: Any = None
    weights: Any = None

    def __len__(self) -> int:
        return int(list_arrays(self.x)[0].shape[0])

    def rows(self, start: int, stop: int) -> Samples:
        """Return the samples from ``start`` up to ``stop``, as views."""
        return self.map(lambda array: array[start:stop])

    def map(self, function: Callable[[Any], Any]) -> Samples:
        """Return the samples with ``function`` applied to each array."""
        return Samples(*(map_arrays(part, function) for part in self.arrays))

    @property
    def arrays(self) -> tuple[Any, Any, Any]:
        """``(x, y, weights)``."""
        return self.x, self.y, self.weights


def list_arrays(structure: Any) -> list[Any]:
    """Return the arrays in nested lists, tuples and dicts, from left to right.

    Example:
        >>> list_arrays({"a": 1, "b": [2, None]})
        [1, 2]
    """
    if isinstance(structure, Tensor):  # nearly always
        return [structure]
    if structure is None:
        return []
    if isinstance(structure, (list, tuple)):
        return [array for part in structure for array in list_arrays(part)]
    if isinstance(structure, Mapping):
        return list_arrays([*structure.values()])
    return [structure]


def map_arrays(structure: Any, function: Callable[[Any], Any]) -> Any:
    """Return a copy with ``function`` applied to each array; None stays."""
    if isinstance(structure, Tensor):  # nearly always
        return function(structure)
    if structure is None:
        return None
    if isinstance(structure, Mapping):
        return {name: map_arrays(part, function) for name, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [map_arrays(part, function) for part in structure]
    return function(structure)


def as_samples(
    model: TrainableModel, method: str, x: Any, y: Any = None, sample_weight: Any = None
) -> Samples:
    """Convert the arrays of one call, arrange them for a model, and count the samples.

    Args:
        model: The model that they are for.
        method: The method they were given to, for messages.
        x: Inputs: NumPy, torch, pandas, nested lists, or anything NumPy can read; several of them in
            a list, or in a dict by the names of the inputs.
        y: Targets, or None; several in a list, or in a dict by the names of the outputs.
        sample_weight: Weights, or None; likewise, or one array for all outputs.

    Raises:
        DataError: If one is missing, empty or no array of numbers, or the counts differ.
    """
    if x is None:
        raise DataError(f"{method}: x is None", hint="Pass the inputs as the first argument.")
    samples = Samples(
        arrange_inputs(model, _convert_inputs(model, x, f"{method}: x"), method),
        *_arrange_for_losses(model, method, y, sample_weight),
    )
    if not list_arrays(samples.x):
        raise DataError(f"{method}: x has no arrays in it")
    check_counts(model, samples, method)
    if samples.weights is None:
        return samples
    return replace(samples, weights=map_arrays(samples.weights, _to_float))


def _arrange_for_losses(
    model: TrainableModel, method: str, y: Any, sample_weight: Any
) -> tuple[Any, Any]:
    """Return targets and weights in the structure of the losses; custom steps get them unchanged."""
    if y is None and sample_weight is None:
        return None, None
    targets = convert(y, f"{method}: y")
    weights = convert(sample_weight, f"{method}: sample_weight")
    if has_custom_step(model):
        return targets, weights
    return arrange_targets(model, targets, method), arrange_weights(model, weights, method)


def _convert_inputs(model: TrainableModel, x: Any, what: str) -> Any:
    """Return inputs as ``convert`` does; a dict's entries beside the model's inputs stay unchanged."""
    if isinstance(x, Tensor):
        return as_tensor(x, what)
    shapes = model.find_input_shape()
    ports = input_ports(model, shapes)
    if shapes is not None and ports.count > 1 and is_table(x) and x.ndim == 2:
        raise DataError(
            f"{what} is one table, but {ports.describe()}",
            hint=f"Give each input its column: {what.partition(':')[0]}(dict(table)).",
        )
    x = read_nested_texts(model, x, ports.names)
    if is_array(x):
        return as_tensor(x, what)
    names = () if shapes is None or not isinstance(x, Mapping) else ports.names
    if not all(names) or not names:
        return convert(x, what)
    return {
        name: convert(part, f"{what}[{name!r}]") if name in names else part
        for name, part in x.items()
    }


def convert(given: Any, what: str) -> Any:
    """Return an argument as a tensor, or a list or dict of tensors; None stays.

    A large sparse matrix or array in a file becomes a ``LazyArray``.

    A list or tuple of arrays is several arrays; one of numbers, or of lists of them, is one array.

    Raises:
        DataError: If something in it is no array of numbers.
    """
    if given is None:
        return None
    if is_array(given):
        return as_tensor(given, what)
    rows = find_lazy_array(given, lambda part: as_tensor(part, what))
    if rows is not None:
        return rows
    if isinstance(given, Mapping):
        return {name: convert(part, f"{what}[{name!r}]") for name, part in given.items()}
    if inspect.isroutine(given):
        raise DataError(
            f"{what} is the function {given.__name__!r}, not data",
            hint=f"Call it, if it returns arrays or a generator: {given.__name__}().",
        )
    if isinstance(given, (list, tuple)) and any(map(_is_array, given)):
        return [convert(part, f"{what}[{index}]") for index, part in enumerate(given)]
    return as_tensor(given, what)


def is_array(given: object) -> bool:
    """Return whether data are one tensor or array in memory, as nearly always."""
    return isinstance(given, Tensor) or type(given) is np.ndarray


def _is_array(part: object) -> bool:
    """Return whether an element is an array, not a number or list of one array."""
    return bool(getattr(part, "shape", ()))


def check_counts(model: TrainableModel, samples: Samples, method: str) -> None:
    """Refuse arrays with different numbers of samples, or none.

    Raises:
        DataError: The message names the arrays and their counts.
    """
    x, y, weights = samples.arrays
    if y is None and weights is None and isinstance(x, Tensor) and x.shape[0]:
        return
    names = list(list_output_names(model))
    counts: dict[str, int] = {}
    for argument, part in zip(("x", "y", "sample_weight"), samples.arrays, strict=True):
        if isinstance(part, list):
            known = names if argument != "x" else list(getattr(model, "input_names", ()))
            keys: list[Any] = known if len(known) == len(part) else list(range(len(part)))
            part = dict(zip(keys, part, strict=True))
        entries = part.items() if isinstance(part, dict) else [(None, part)]
        for key, array in entries:
            if array is not None:
                counts[argument if key is None else f"{argument}[{key!r}]"] = len(array)
    if len(set(counts.values())) > 1:
        listing = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise DataError(
            f"{method}: the arrays have different numbers of samples: {listing}",
            hint="The first axis of every array counts the samples.",
        )
    if not any(counts.values()):
        raise DataError(f"{method}: x has no samples")


def _to_float(tensor: Any) -> Any:
    tensor = read_all(tensor)
    return tensor if tensor.is_floating_point() else tensor.to(to_dtype(None))


def as_tensor(array: Any, what: str) -> Tensor:
    """Return an array as a tensor, sharing memory if possible.

    Floating-point numbers get the type ``K.floatx()``; integers and booleans are kept.

    Raises:
        DataError: If it holds other things than numbers, or has no sample axis.
    """
    tensor = array.detach() if isinstance(array, Tensor) else read_array(array, what)
    if tensor.is_floating_point():
        tensor = tensor.to(to_dtype(None))
    if not tensor.ndim:
        raise DataError(f"{what} is the single number {tensor.item()!r}; an array is needed")
    return tensor
