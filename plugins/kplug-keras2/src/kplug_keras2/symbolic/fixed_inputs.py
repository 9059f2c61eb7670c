"""Fixed inputs and targets: ``Input(tensor=x)`` and ``compile(target_tensors=…)``.

Callers do not pass fixed values; each batch is the whole tensor. A symbolic tensor as an input starts a
model, while functions of the graph still see its predecessors.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor

from kplug import backend, layers
from kplug.errors import NotBuiltError
from kplug.graph import SymbolicTensor
from kplug.support.nested import find_leaves
from kplug.support.weak_links import WeakLink

_values: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
_given: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # what has these values
_sources: WeakKeyDictionary[Any, SymbolicTensor] = WeakKeyDictionary()
_inputs: WeakKeyDictionary[SymbolicTensor, Any] = WeakKeyDictionary()
_targets: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()


def make_input_layer(tensor: Any, name: str | None = None) -> Any:
    """Return the layer of an input that is a tensor."""
    if isinstance(tensor, SymbolicTensor):
        return _make_bridge(tensor, name)
    value = backend.to_tensor(tensor).detach()
    dtype = str(value.dtype).rpartition(".")[2]
    layer = layers.InputLayer(tuple(value.shape[1:]), dtype=dtype, name=name)
    _values[layer], _given[layer] = value, tensor
    return layer


def _make_bridge(tensor: SymbolicTensor, name: str | None) -> Any:
    if tensor.node.is_input:
        return tensor.layer
    layer = layers.InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)
    _sources[layer], _inputs[tensor] = tensor, WeakLink(layer)
    return layer


def find_source(tensor: SymbolicTensor) -> SymbolicTensor | None:
    """Return the symbolic tensor behind an input, or ``None``."""
    return _sources.get(tensor.layer)


def find_input(tensor: Any) -> SymbolicTensor | None:
    """Return the input created for a symbolic tensor or a tensor with values, or ``None``."""
    if isinstance(tensor, SymbolicTensor):
        layer = _inputs[tensor]() if tensor in _inputs else None
    else:
        layer = next((one for one, given in _given.items() if given is tensor), None)
    return None if layer is None else layer.output


def find_value(tensor: SymbolicTensor) -> Any:
    """Return the fixed values of an input, or ``None``."""
    return _values.get(tensor.layer)


def note_targets(model: Any, targets: Any) -> None:
    """Set fixed targets of a model."""
    _targets.pop(model, None)
    if targets is not None:
        _targets[model] = [one.detach() for one in find_leaves(targets, Tensor)]


def complete(model: Any, x: Any) -> Any:
    """Add a model's fixed inputs to the given ones.

    Args:
        model: The model.
        x: The other inputs, as passed to its methods.
    """
    if not _values or not (fixed := _list_fixed(model)):
        return x
    if isinstance(x, Mapping):
        return {**x, **{one.layer.name: find_value(one) for one in fixed}}
    given = iter([] if x is None else list(x) if isinstance(x, (list, tuple)) else [x])
    found = [find_value(one) if one in fixed else next(given, None) for one in model.inputs]
    return found[0] if len(found) == 1 else found


def complete_targets(model: Any, y: Any) -> Any:
    """Return the given targets, or else those of ``compile``."""
    known = _targets.get(model) if y is None else None
    return y if known is None else known[0] if len(known) == 1 else known


def complete_batches(
    model: Any, x: Any, y: Any, steps: int | None
) -> tuple[Any, Any, dict[str, int]]:
    """Return inputs, targets and further arguments for a method that iterates over batches.

    Args:
        model: The model.
        x: Its other inputs.
        y: Its targets.
        steps: The number of batches.
    """
    inputs, targets = complete(model, x), complete_targets(model, y)
    if inputs is x:
        return x, targets, {}
    if steps is None:
        return inputs, targets, {"batch_size": len(find_value(_list_fixed(model)[0]))}
    return itertools.repeat((inputs,) if targets is None else (inputs, targets)), None, {}


def _list_fixed(model: Any) -> list[SymbolicTensor]:
    if not getattr(model, "lists_layers", False):
        return []
    try:
        return [one for one in model.inputs if find_value(one) is not None]
    except NotBuiltError:
        return []


OF_INPUT_LAYERS: dict[str, Any] = {
    "is_placeholder": property(lambda self: self not in _values and self not in _sources),
    "sparse": False,
}
