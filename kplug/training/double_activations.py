"""Warns of a loss from logits on an output that already has a softmax or sigmoid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kplug.layers import Flatten, Identity, Layer, Permute, Reshape
from kplug.registry.user_warnings import warn
from kplug.training.compile_slots import NamedMetric, OutputLoss

# Components that take probabilities, by the activation that computes them.
_TAKERS = {
    "softmax": "'categorical_crossentropy' for one-hot targets or 'sparse_categorical_crossentropy' for "
    "class ids",
    "sigmoid": "'binary_crossentropy'",
}
_KEEPING_VALUES = (Flatten, Identity, Permute, Reshape)


def warn_of_double_activations(model: Any, users: Iterable[OutputLoss | NamedMetric]) -> None:
    """Warn of each loss and metric that takes logits, on an output of a softmax or a sigmoid.

    The outputs of a model with its own ``call`` are not analyzed.
    """
    for user in users:
        component = user.filled.object
        if not getattr(component, "from_logits", getattr(component, "takes_logits", False)):
            continue
        found = _find_in_layer(model, user.index)
        if found is None:
            continue
        layer, activation = found
        instead = "from_logits=False" if hasattr(component, "from_logits") else _TAKERS[activation]
        warn(
            f"{user.filled.slot}: {component.name!r} takes logits and makes probabilities of them, and "
            f"layer {layer!r} has made probabilities already, with a {activation}: what is compared with "
            f"the targets went through both. Leave out the activation of {layer!r}, or take {instead}"
        )


def _find_in_layer(layer: Any, index: int = 0) -> tuple[str, str] | None:
    """Return the layer and its final activation if an output comes from a softmax or sigmoid; else None."""
    if getattr(layer, "is_functional", False):
        return _find_in_graph(layer.outputs[index])
    if getattr(layer, "lists_layers", False):
        last = (one for one in reversed(layer.layers) if not isinstance(one, _KEEPING_VALUES))
        inner = next(last, None)
        return None if inner is None else _find_in_layer(inner)
    activation = layer.find_output_activation() if isinstance(layer, Layer) else None
    return (layer.name, activation) if activation in _TAKERS else None


def _find_in_graph(tensor: Any) -> tuple[str, str] | None:
    while isinstance(tensor.layer, _KEEPING_VALUES) and tensor.node.input_tensors:
        tensor = tensor.node.input_tensors[0]
    return _find_in_layer(tensor.layer, tensor.index)
