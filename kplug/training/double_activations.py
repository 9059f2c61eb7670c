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
    """Warn of each output of a softmax or a sigmoid with a loss or metrics that take logits.

    The outputs of a model with its own ``call`` are not analyzed.
    """
    by_output: dict[int, list[OutputLoss | NamedMetric]] = {}
    for user in users:
        component = user.filled.object
        if getattr(component, "from_logits", getattr(component, "takes_logits", False)):
            by_output.setdefault(user.index, []).append(user)
    for index, found_users in by_output.items():
        found = _find_in_layer(model, index)
        if found is None:
            continue
        layer, activation = found
        components = [user.filled.object for user in found_users]
        slots = ", ".join(user.filled.slot for user in found_users)
        names = dict.fromkeys(repr(one.name) for one in components)
        has_option = all(hasattr(one, "from_logits") for one in components)
        instead = "from_logits=False" if has_option else _TAKERS[activation]
        what = f"{' and '.join(names)} take logits and make"
        if len(names) == 1:
            what = f"{next(iter(names))} takes logits and makes"
        warn(
            f"{slots}: {what} probabilities of them, and layer {layer!r} has made probabilities already, "
            f"with a {activation}: what is compared with the targets went through both. Leave out the "
            f"activation of {layer!r}, or take {instead}"
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
