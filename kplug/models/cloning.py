"""Clones models: the same architecture with new weights."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any, cast

from kplug.errors import ArgumentError, ArgumentValueError
from kplug.graph import SymbolicTensor, is_symbolic
from kplug.layers import InputLayer, Layer
from kplug.layers.base.building import draw_again
from kplug.layers.serialization import require_arguments
from kplug.models.functional import Functional
from kplug.models.model import Model
from kplug.models.sequential import Sequential
from kplug.registry.quoting import quote
from kplug.support.nested import find_leaves, map_leaves


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
) -> Any:
    """Return a model of the same architecture with newly initialized weights.

    It is not compiled. Without further arguments it is a copy, so your own layers and unregistered
    functions are copied as they are.

    Args:
        model: The model.
        input_tensors: Symbolic tensors in the place of the inputs; for several inputs a list.
        clone_function: Creates a layer from one of the model's; a layer that it returns unchanged is
            shared. ``None`` recreates it from its configuration.

    Returns:
        The model, of the same class unless a further argument is given.

    Raises:
        ArgumentError: The value is no model; or a further argument is given for a model without a graph.
        ContractError: A layer has to be made again, and its ``get_config`` leaves out what it was made with.
        ArgumentValueError: ``input_tensors`` are no symbolic tensors, or too few or many.

    Example:
        >>> from kplug import Sequential
        >>> from kplug.layers import Dense
        >>> model = Sequential([Dense(2, input_dim=3)])
        >>> clone = clone_model(model)
        >>> clone.output_shape, clone.layers[0] is model.layers[0]
        ((None, 2), False)

    Reference:
        ``keras.models.clone_model``, which makes layers from their configurations only.
    """
    if not isinstance(model, Model):
        raise ArgumentError(
            f"clone_model: model is {quote(model)}, no model",
            hint="A layer is made again with type(layer).from_config(layer.get_config()).",
        )
    if clone_function is not None and not callable(clone_function):
        raise ArgumentValueError(
            "clone_model", "clone_function", clone_function, "a function (layer) -> layer"
        )
    if input_tensors is None and clone_function is None:
        clone = copy_untrained(model)
        clone.forget_compilation()
        return clone
    if not isinstance(model, (Functional, Sequential)):
        raise ArgumentError(
            f"clone_model cannot take model {model.name!r} apart: it is a {type(model).__name__}, no graph",
            hint="Leave out input_tensors and clone_function, and the model is copied.",
        )
    make = clone_function or _make_again
    if isinstance(model, Sequential):
        return _clone_chain(model, input_tensors, make)
    return _clone_graph(model, input_tensors, make)


def copy_untrained(model: Model) -> Any:
    """Return a copy of a model with newly initialized weights, compiled if the model is.

    Args:
        model: The model, which does not change.

    Returns:
        The copy. Its optimizer starts at the first step.

    Example:
        >>> from kplug import Sequential
        >>> from kplug.layers import Dense
        >>> model = Sequential([Dense(2, input_dim=3)])
        >>> model.compile("adam", "mse")
        >>> clone_model(model).compiled is None, copy_untrained(model).compiled is None
        (True, False)

    Reference:
        ``clone_model`` does not copy the compilation, as in Keras.
    """
    clone = copy.deepcopy(model)
    clone.built_optimizer = None
    draw_again(clone, f"model {clone.name!r}")
    for module in clone.modules():
        reset: Any = getattr(module, "reset_parameters", None)  # torch's name for it
        if reset is not None and not isinstance(module, Layer):
            reset()
    return clone


def _make_again(layer: Layer) -> Layer:
    config = layer.get_config()
    require_arguments(layer, config)
    return type(layer).from_config(config)


def _clone_chain(model: Sequential, given: Any, make: Callable[[Layer], Layer]) -> Sequential:
    clone = Sequential(name=model.name)
    inputs = model.inputs if model.find_input_shape() is not None else []
    for tensor in _list_tensors(given, inputs) if given is not None else map(_make_input, inputs):
        clone.add(tensor)
    for layer in model.layers:
        clone.add(make(layer))
    return clone


def _clone_graph(model: Functional, given: Any, make: Callable[[Layer], Layer]) -> Functional:
    fresh = map(_make_input, model.inputs) if given is None else _list_tensors(given, model.inputs)
    made: dict[SymbolicTensor, SymbolicTensor] = dict(zip(model.inputs, fresh, strict=True))
    layers: dict[Any, Layer] = {}

    def find(structure: Any) -> Any:
        return map_leaves(structure, SymbolicTensor, made.__getitem__)

    for node in model.nodes:
        if isinstance(node.layer, InputLayer):
            continue
        if node.layer not in layers:
            layers[node.layer] = make(cast("Layer", node.layer))
        outputs = layers[node.layer](*find(node.args), **find(node.kwargs))
        made |= zip(node.output_tensors, find_leaves(outputs, SymbolicTensor), strict=True)
    return Functional(find(model.input), find(model.output), name=model.name)


def _make_input(tensor: SymbolicTensor) -> SymbolicTensor:
    again = _make_again(cast("Layer", tensor.layer))
    return again.inbound_nodes[0].output_tensors[0]


def _list_tensors(given: Any, inputs: list[SymbolicTensor]) -> Iterable[SymbolicTensor]:
    tensors = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(tensors) == len(inputs) and all(map(is_symbolic, tensors)):
        return tensors
    allowed = f"{len(inputs)} symbolic tensors, as Input makes them"
    raise ArgumentValueError("clone_model", "input_tensors", given, allowed)
