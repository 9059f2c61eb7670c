"""The shapes, types and names of an exported model's inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kplug.backend import to_dtype
from kplug.components.arguments import refusal
from kplug.errors import NotBuiltError
from kplug.graph import TensorSpec
from kplug.layers.base.shapes import is_shape
from kplug.support.nested import find_leaves, map_leaves
from kplug.training.model_protocol import TrainableModel

# Example sizes of axes that vary, by axis. None is 0 or 1, for which torch makes a graph of its own, and 32
# divides those of images, as the strides of most networks require.
_SIZES = (3, 96, 128, 160, 192)


def find_signature(model: TrainableModel, given: Any) -> Any:
    """Return a ``TensorSpec`` for each input, nested as the model takes them; a size that varies is None.

    Args:
        model: The model.
        given: The user's argument ``input_signature``; None is what the model knows.

    Raises:
        NotBuiltError: The model does not know its inputs, and nothing is given.
        ArgumentValueError: Something without a shape is given.
    """
    dtypes = model.find_input_dtype()
    if given is not None:
        is_wrapped = isinstance(given, (list, tuple)) and len(given) == 1
        return _read(given[0] if is_wrapped else given, dtypes)
    shape = model.find_input_shape()
    if shape is None:
        shape = getattr(model, "built_shape", None)
    if shape is None:
        raise NotBuiltError(
            f"model {model.name!r} cannot be exported: its input shape is unknown",
            hint="Call the model on data once, or give its inputs: "
            "model.export(…, input_signature=[kplug.Input((28, 28, 1))]).",
        )
    return _make_specs(shape, dtypes)


def _make_specs(shape: Any, dtypes: Any) -> Any:
    if is_shape(shape):
        return TensorSpec((None, *shape[1:]), to_dtype(dtypes))
    if isinstance(shape, dict):
        return {key: _make_specs(part, _pick(dtypes, key)) for key, part in shape.items()}
    return [_make_specs(part, _pick(dtypes, place)) for place, part in enumerate(shape)]


def _read(given: Any, dtypes: Any) -> Any:
    if isinstance(given, (Tensor, np.ndarray)):
        return TensorSpec((None, *given.shape[1:]), to_dtype(given.dtype))
    shape = getattr(given, "shape", None)
    if shape is not None:
        dtype = getattr(given, "dtype", None)
        return TensorSpec(tuple(shape), to_dtype(dtypes if dtype is None else dtype))
    if isinstance(given, dict):
        return {key: _read(part, _pick(dtypes, key)) for key, part in given.items()}
    if isinstance(given, (list, tuple)) and not is_shape(given):
        return [_read(part, _pick(dtypes, place)) for place, part in enumerate(given)]
    allowed = "results of kplug.Input, InputSpecs with a shape, or arrays, nested as the inputs are"
    raise refusal("export", "input_signature", given, allowed)


def _pick(dtypes: Any, key: Any) -> Any:
    if isinstance(dtypes, dict):
        return dtypes.get(key)
    if isinstance(dtypes, (list, tuple)):
        return dtypes[key] if isinstance(key, int) and key < len(dtypes) else None
    return dtypes


def list_shapes(signature: Any) -> Any:
    """Return the shapes of a signature, nested alike."""
    return map_leaves(signature, TensorSpec, lambda spec: spec.shape)


def make_examples(signature: Any, device: torch.device) -> Any:
    """Return zeros of the shapes of a signature, nested alike; sizes that vary have one of ``_SIZES``."""

    def make(spec: TensorSpec) -> Tensor:
        sizes = [
            _SIZES[min(axis, len(_SIZES) - 1)] if size is None else size
            for axis, size in enumerate(spec.shape)
        ]
        return torch.zeros(sizes, dtype=spec.dtype, device=device)

    return map_leaves(signature, TensorSpec, make)


def list_dynamic_axes(signature: Any) -> Any:
    """Return the axes that vary, for torch.export, nested as the signature is."""
    hint = torch.export.Dim.DYNAMIC

    def find(spec: TensorSpec) -> dict[int, Any]:
        return {axis: hint for axis, size in enumerate(spec.shape) if size is None}

    return map_leaves(signature, TensorSpec, find)


def name_inputs(model: TrainableModel, signature: Any) -> list[str]:
    """Return the names of the inputs: the model's, the keys of a dict, or ``inputs``."""
    names: Sequence[str] = getattr(model, "input_names", ())
    leaves = list(find_leaves(signature, TensorSpec))
    if len(names) == len(leaves) and not isinstance(signature, dict):
        return list(names)
    return ["_".join(path) for path in _list_paths(signature, ("inputs",))]


def _list_paths(signature: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(signature, TensorSpec):
        yield path
    elif isinstance(signature, dict):
        for key, part in signature.items():
            yield from _list_paths(part, (str(key),))
    else:
        for place, part in enumerate(signature):
            yield from _list_paths(part, (*path, str(place)))
