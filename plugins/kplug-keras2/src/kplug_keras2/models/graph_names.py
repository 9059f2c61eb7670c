"""Graph attributes of Keras 1 and 2: underscored names, depths, TensorFlow's shapes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from torch import nn

import kplug
from kplug.errors import GraphError
from kplug.graph import Node, SymbolicTensor, sort_nodes
from kplug.layers import Layer
from kplug.models import Functional
from kplug_keras2.symbolic.masks import find_mask
from kplug_keras2.symbolic.weight_components import note_weight

_shape_of_symbolic: Any = vars(SymbolicTensor)["shape"]
_history_of_symbolic: Any = vars(SymbolicTensor)["_keras_history"]
_layers_of_functional: Any = vars(Functional)["layers"]
_outputs_of_chain: Any = vars(kplug.Sequential)["outputs"]
_lists: WeakKeyDictionary[Any, tuple[list[Any], list[Any]]] = WeakKeyDictionary()


class TensorShape(tuple[Any, ...]):
    """A shape with TensorFlow's methods."""

    __slots__ = ()

    def as_list(self) -> list[Any]:
        """Return the sizes, ``None`` for the batch."""
        return list(self)

    @property
    def ndims(self) -> int:
        """The number of axes."""
        return len(self)


def _get_shape(tensor: Any) -> TensorShape:
    return TensorShape(tensor.shape)


def _alias(name: str) -> property:
    """Return an attribute under another name."""
    return property(lambda self: getattr(self, name), lambda self, one: setattr(self, name, one))


def _set_other(name: str) -> Callable[[Any, Any], None]:
    """Return the setter of an attribute under another name."""
    return lambda self, one: setattr(self, name, one)


def _list_own_parameters(layer: Any) -> list[Any]:
    """Return the layer's own weights; its class may add those of inner layers."""
    Layer.named_weights(layer)  # creates them, if the input shape is known
    return list(nn.Module.parameters(layer, recurse=False))


def _list_own_buffers(layer: Any) -> list[Any]:
    Layer.named_weights(layer)
    return list(nn.Module.buffers(layer, recurse=False))


def _ignore(*_args: Any, **_kwargs: Any) -> None:
    """Do nothing: the prepared objects are created on demand."""


def _list_empty(*_args: Any) -> list[Any]:
    return []


def _read_masks(tensors: Any) -> Any:
    found = [find_mask(one) for one in tensors]
    return found[0] if len(found) == 1 else found


def _read_input_mask_at(self: Any, node_index: int) -> Any:
    return _read_masks(self.inbound_nodes[node_index].input_tensors)


def _read_output_mask_at(self: Any, node_index: int) -> Any:
    return _read_masks(self.inbound_nodes[node_index].output_tensors)


def _get_history(tensor: Any) -> Any:
    """Return the history of a tensor, and record the access."""
    _asked.append(tensor)
    return _history_of_symbolic.fget(tensor)


_asked: list[Any] = []


def asks_for_history(function: Callable[..., Any], *args: Any) -> tuple[Any, bool]:
    """Call a function on symbolic tensors; return its result, and whether it read a tensor's history."""
    _asked.clear()
    found = function(*args)
    return found, bool(_asked)


def _read_at(self: Any, node_index: int, attribute: str, attribute_name: str = "") -> Any:
    del attribute_name
    found = getattr(self.inbound_nodes[node_index], attribute)
    return found[0] if len(found) == 1 else found


class _SeveralNodesError(GraphError, AttributeError):
    """It is an ``AttributeError``, as in Keras, so that ``hasattr(layer, "output")`` works."""


def _agreeing(what: str) -> property:
    """Return a property ``input`` or ``output``, on which several calls must agree."""
    first_call = vars(Layer)[what]

    def read(layer: Any) -> Any:
        found = first_call.__get__(layer)
        for place in range(1, len(layer.inbound_nodes)):
            if getattr(layer, f"get_{what}_at")(place) != found:
                raise _SeveralNodesError(
                    f"layer {layer.name!r} has several inbound nodes, so {what} has no single meaning",
                    hint=f"Use get_{what}_at(node_index).",
                )
        return found

    return property(read)


# -- models --------------------------------------------------------------------------------------


def _list_nodes(model: Any) -> list[Node]:
    return sort_nodes(model.outputs)


def group_by_depth(model: Any, layers: bool = False) -> dict[int, list[Any]]:
    """Group a model's nodes by their distance from the outputs, or its layers by their farthest node."""
    depths: dict[Node, int] = {}
    for node in reversed(_list_nodes(model)):
        depth = depths.setdefault(node, 0)
        for parent in node.parent_nodes:
            depths[parent] = max(depths.get(parent, 0), depth + 1)
    of: dict[Any, int] = {}
    for node, depth in depths.items():
        key = node.layer if layers else node
        of[key] = max(of.get(key, 0), depth)
    found: dict[int, list[Any]] = {}
    for key, depth in of.items():
        found.setdefault(depth, []).insert(0, key)
    return found


def _keep_list(model: Any) -> list[Any]:
    """Cache the list of layers while they are the same: programs pop its last element."""
    now = _layers_of_functional.fget(model)
    before, kept = _lists.get(model, ([], []))
    if before != now:
        kept = list(now)
        _lists[model] = now, kept
    return kept


def _cut_chain(model: Any, outputs: Any) -> None:
    """Remove the layers of a chain after one of its tensors.

    Raises:
        KplugError: The tensor does not belong to the chain.
    """
    wanted = outputs[0] if isinstance(outputs, (list, tuple)) else outputs
    if wanted is not model.inputs[0] and not any(layer.output is wanted for layer in model.layers):
        raise kplug.KplugError(
            f"outputs of model {model.name!r}: {wanted!r} is made by none of its layers",
            hint="Model(model.input, output) makes a model of any tensor.",
        )
    while model.layers and _outputs_of_chain.fget(model)[0] is not wanted:
        model.pop()


def _is_stateful(model: Any) -> bool:
    return any(getattr(layer, "stateful", False) for layer in model.layers)


_DEPTHS = {
    f"{start}{what}_by_depth": property(functools.partial(group_by_depth, layers=what == "layers"))
    for start in ("", "_")
    for what in ("layers", "nodes")
}
_INPUT_LAYERS = property(lambda self: [tensor.layer for tensor in self.inputs])
_OUTPUT_LAYERS = property(lambda self: [tensor.layer for tensor in self.outputs])
OF_MODELS: dict[str, Any] = {
    **_DEPTHS,
    **{f"_make_{what}_function": _ignore for what in ("predict", "test", "train")},
    "_check_trainable_weights_consistency": _ignore,
    "_collected_trainable_weights": _alias("trainable_weights"),
    "_feed_input_names": _alias("input_names"),
    "_feed_input_shapes": property(lambda self: [one.shape for one in self.inputs]),
    "_feed_inputs": _alias("inputs"),
    "_feed_output_names": _alias("output_names"),
    "_feed_output_shapes": property(lambda self: [one.shape for one in self.outputs]),
    "_feed_outputs": _alias("outputs"),
    "_input_layers": _INPUT_LAYERS,
    "_is_graph_network": _alias("is_functional"),
    "_network_nodes": property(_list_nodes),
    "_output_layers": _OUTPUT_LAYERS,
    "container_nodes": property(_list_nodes),
    "input_layers": _INPUT_LAYERS,
    "output_layers": _OUTPUT_LAYERS,
    "state_updates": property(_list_empty),
    "stateful": property(_is_stateful, _ignore),
}
OF_FUNCTIONAL: dict[str, Any] = {"layers": property(_keep_list)}
OF_CHAINS: dict[str, Any] = {
    "_feed_outputs": _alias("outputs"),
    "flattened_layers": _alias("layers"),
    "model": property(lambda self: self),
    "outputs": property(_outputs_of_chain.fget, _cut_chain),
}

# -- layers, nodes, tensors ----------------------------------------------------------------------

OF_LAYERS: dict[str, Any] = {
    "_get_node_attribute_at_index": _read_at,
    "_inbound_nodes": _alias("inbound_nodes"),
    "_losses": property(_list_empty),
    "_non_trainable_weights": property(_list_own_buffers, _set_other("non_trainable_weights")),
    "_outbound_nodes": _alias("outbound_nodes"),
    "_trainable_weights": property(_list_own_parameters, _set_other("trainable_weights")),
    "_updates": property(_list_empty),
    "_uses_learning_phase": False,
    "get_input_mask_at": _read_input_mask_at,
    "get_losses_for": lambda self, _inputs=None: self.losses,
    "get_output_mask_at": _read_output_mask_at,
    "get_updates_for": _list_empty,
    "input": _agreeing("input"),
    "input_mask": property(lambda self: _read_input_mask_at(self, 0)),
    "output": _agreeing("output"),
    "output_mask": property(lambda self: _read_output_mask_at(self, 0)),
    "stateful": False,
    "updates": property(_list_empty),
    "uses_learning_phase": False,
}
OF_REGULARIZERS: dict[str, Any] = {"set_layer": _ignore, "set_param": note_weight}
OF_NODES: dict[str, Any] = {
    "input_masks": property(lambda self: list(map(find_mask, self.input_tensors))),
    "output_masks": property(lambda self: list(map(find_mask, self.output_tensors))),
}
OF_SYMBOLIC_TENSORS: dict[str, Any] = {
    "_keras_history": property(_get_history, _ignore),
    "_keras_mask": property(find_mask, _ignore),
    "_keras_shape": property(_get_shape, _ignore),
    "_shape_val": property(_get_shape),
    "_uses_learning_phase": property(lambda _self: False, _ignore),
    "get_shape": _get_shape,
    "shape": property(lambda self: TensorShape(_shape_of_symbolic.fget(self))),
}


def _get_name(weight: Any) -> str | None:
    """Return TensorFlow's name of a weight, which includes the layer's name and so is unique."""
    name = getattr(weight, "path", None)
    return None if name is None else f"{name}:0"


OF_WEIGHTS: dict[str, Any] = {"name": property(_get_name)}
OF_TENSORS: dict[str, Any] = {
    "_keras_shape": property(_get_shape, _ignore),
    "_shape_val": property(_get_shape),
    "_uses_learning_phase": False,
    "get_shape": _get_shape,
}
