"""Inputs as a model takes them: their shapes, their types, and a model that is built by the first ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from kplug.backend import to_dtype
from kplug.training.data.input_shapes import adjust_inputs
from kplug.training.data.matching import is_flat
from kplug.training.data.samples import Samples, list_arrays, map_arrays
from kplug.training.devices import place_model
from kplug.training.model_protocol import TrainableModel


def fit_to_model(model: TrainableModel, samples: Samples, method: str) -> Samples:
    """Check the inputs against the model, or build a model that had no input shape yet."""
    shapes = model.find_input_shape()
    if shapes is not None:
        if is_flat(shapes):
            samples = replace(samples, x=adjust_inputs(model, samples.x, shapes, method))
        model.ensure_built()
    elif model.built:
        model.ensure_built()
    else:
        # The batch is left open: a layer must not depend on how many samples came first.
        model.build_for(map_arrays(samples.x, lambda array: (None, *array.shape[1:])))
        place_model(model, None if model.compiled is None else model.compiled.device)
    return samples


def find_input_types(model: TrainableModel, x: Any) -> list[torch.dtype]:
    """Return the type that the model takes for each of its inputs, in their order.

    Integers and booleans become ``floatx`` unless the model's first layer takes integers.
    """
    wanted, arrays = model.find_input_dtype(), list_arrays(x)
    if wanted is None or isinstance(wanted, str):
        names = [wanted] * len(arrays)
    elif is_flat(model.find_input_shape()):
        names = list(wanted.values() if isinstance(wanted, dict) else wanted)
    else:
        names = [None] * len(arrays)  # the model casts what it takes itself
    return [
        array.dtype if name is None else to_dtype(name)
        for array, name in zip(arrays, names, strict=True)
    ]
