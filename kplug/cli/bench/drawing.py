"""Draws random inputs and targets that fit a model and its losses."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug.backend import to_dtype
from kplug.errors import KplugError
from kplug.layers import Embedding
from kplug.layers.base.shapes import is_shape
from kplug.models import Model
from kplug.training.data.samples import Samples, map_arrays
from kplug.training.step.forward import split_outputs

# For axes whose length the model leaves open.
_LENGTH = 32


def draw_inputs(model: Model, count: int) -> Any:
    """Return inputs of the model's shapes: normal numbers, or rows of an Embedding.

    Raises:
        KplugError: If the model does not know its input shape.
    """
    shapes = model.find_input_shape()
    if shapes is None:
        raise KplugError(
            f"model {model.name!r} does not know its input shape, and the file defines no 'x'",
            hint="Define x and y in the file, or give the first layer an input_shape.",
        )
    tables = [layer.input_dim for layer in model.modules() if isinstance(layer, Embedding)]

    def draw(shape: Any) -> Tensor:
        sizes = (count, *(length or _LENGTH for length in shape[1:]))
        if tables:  # inputs cannot be matched to tables; the smallest limits all
            return torch.randint(min(tables), sizes)
        return torch.randn(sizes)

    if is_shape(shapes):
        return draw(shapes)
    if isinstance(shapes, dict):
        return {name: draw(shape) for name, shape in shapes.items()}
    return [draw(shape) for shape in shapes]


def draw_targets(model: Model, samples: Samples) -> list[Tensor] | Tensor | None:
    """Return targets for the losses: the first kind of numbers that all of them accept.

    Raises:
        KplugError: If a loss accepts none.
    """
    compiled = model.compiled
    if compiled is None or not compiled.losses:
        return None
    model.eval()
    with torch.no_grad():
        few = map_arrays(samples.x, lambda array: array[:1].to(to_dtype(None)))
        outputs = split_outputs(model, model(few), compiled.output_names)
    found: list[Any] = [None] * len(outputs)
    for entry in compiled.output_losses:
        found[entry.index] = _draw_for(entry.given.object, outputs[entry.index], len(samples))
    return found[0] if len(found) == 1 else found


def _draw_for(loss: Any, output: Tensor, count: int) -> Tensor:
    sizes = (count, *output.shape[1:])
    classes = torch.randint(max(2, sizes[-1]), sizes[:-1])
    kinds = {
        "sparse": lambda: classes,
        "categorical": lambda: torch.nn.functional.one_hot(classes, sizes[-1]).float(),
        "binary": lambda: torch.randint(2, sizes).float(),
        "": lambda: torch.randn(sizes),
    }
    name = str(loss.name)
    likely = next(kind for kind in kinds if kind in name)
    for kind in (likely, *kinds):
        targets = kinds[kind]()
        try:
            value = loss(targets, output.expand(count, *output.shape[1:]), None)
        except Exception:  # noqa: BLE001, S112 - a loss may refuse in any way
            continue
        if bool(value.isfinite().all()):
            return targets
    raise KplugError(
        f"the loss {name!r} takes no random targets of shape {tuple(sizes)}",
        hint="Define x and y in the file.",
    )
