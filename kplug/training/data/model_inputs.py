"""Checks inputs against a model's shapes and types; builds a model from its first inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from kplug.backend import to_dtype
from kplug.errors import DataError
from kplug.layers.base.shapes import is_shape
from kplug.training.data.matching import input_ports, is_flat
from kplug.training.data.samples import Samples, list_arrays, map_arrays
from kplug.training.devices import place_model
from kplug.training.model_protocol import TrainableModel
from kplug.training.overridden_steps import lacks_call


def fit_to_model(model: TrainableModel, samples: Samples, method: str) -> Samples:
    """Check the inputs against the model, or build a model that has no input shape yet."""
    if lacks_call(model):
        return samples
    shapes = model.find_input_shape()
    if shapes is not None:
        if is_flat(shapes):
            x = adjust_inputs(model, samples.x, shapes, method)
            samples = samples if x is samples.x else replace(samples, x=x)
        model.ensure_built()
    elif model.built:
        model.ensure_built()
    else:
        # The batch size stays None: a layer must not depend on the size of the first batch.
        model.build_for(map_arrays(samples.x, lambda array: (None, *array.shape[1:])))
        place_model(model, None if model.compiled is None else model.compiled.device)
    return samples


def find_input_types(model: TrainableModel, x: Any) -> list[torch.dtype]:
    """Return the dtype of each of the model's inputs, in their order.

    Integers and booleans become ``floatx`` unless the model's first layer takes integers.
    """
    wanted, arrays = None if lacks_call(model) else model.find_input_dtype(), list_arrays(x)
    if wanted is None or isinstance(wanted, str):
        names = [wanted] * len(arrays)
    elif is_flat(model.find_input_shape()):
        names = list(wanted.values() if isinstance(wanted, dict) else wanted)
    else:
        names = [None] * len(arrays)  # the model casts its inputs itself
    return [
        array.dtype if name is None else to_dtype(name)
        for array, name in zip(arrays, names, strict=True)
    ]


def adjust_inputs(model: TrainableModel, x: Any, shapes: Any, method: str) -> Any:
    """Check arranged inputs against a model's input shapes, which include the batch axis.

    Returns:
        The inputs, with a last axis of length 1 added or dropped where that makes them fit.

    Raises:
        DataError: If an input has another shape.
    """
    taker = f"model {model.name!r}"
    if is_shape(shapes):
        is_from_data = model.has_shape_of_data
        return adjust_input(x, shapes, f"{method}: x", taker, may_differ=is_from_data)
    ports = input_ports(model, shapes)
    keys = list(shapes) if isinstance(shapes, Mapping) else range(len(shapes))
    adjusted = [
        adjust_input(
            x[key],
            shapes[key],
            f"{method}: x{ports.label(index)}",
            f"input {(ports.names[index] or index)!r} of {taker}",
        )
        for index, key in enumerate(keys)
    ]
    return dict(zip(keys, adjusted, strict=True)) if isinstance(shapes, Mapping) else adjusted


def adjust_input(
    x: Tensor, shape: Sequence[int | None], what: str, taker: str, *, may_differ: bool = False
) -> Tensor:
    """Check one input against its expected shape, as ``adjust_inputs`` does for all.

    Sizes of axes may differ if a model took its shape from the first data; then its layers check
    the sizes.
    """
    wanted, fitted = tuple(shape[1:]), x
    if x.shape[1:] == wanted:
        return x
    if x.ndim == len(wanted) and wanted[-1:] == (1,):
        fitted = x.unsqueeze(-1)
    elif x.ndim == len(wanted) + 2 and x.shape[-1] == 1:
        fitted = x.squeeze(-1)
    if may_differ and x.ndim == len(shape):
        return fitted
    if not _fits(tuple(fitted.shape[1:]), wanted):
        raise DataError(
            f"{what} has samples of shape {tuple(x.shape[1:])}, but {taker} takes samples of shape "
            f"{wanted}",
            hint=_suggest_shape(tuple(x.shape), wanted),
        )
    return fitted


def _suggest_shape(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> str | None:
    """Return the one operation that makes an array of this shape fit and keeps its meaning, if any."""
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
