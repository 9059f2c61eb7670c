"""Losses and metrics that use tensors of the model's graph besides their arguments.

Keras 2 calls such a function once, in ``compile``, with symbolic tensors. Here losses are called with each
batch. So ``compile`` also calls a function with symbolic tensors. If the result depends on tensors of the
model, it is computed for each batch from the values of the model's own run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from torch import Tensor

import kplug
from kplug.errors import NotBuiltError
from kplug.graph import Node, Plan, SymbolicTensor, sort_nodes
from kplug.layers import Input
from kplug.models import Functional
from kplug.support.nested import find_leaves, map_leaves
from kplug.support.weak_links import WeakLink
from kplug_keras2.models.graph_names import asks_for_history
from kplug_keras2.symbolic.connecting import FunctionLayer


@kplug.non_mutating
class _Note(FunctionLayer):
    """Calls a function with a run's tensors themselves; watched layers would get copies."""


def _note(model: Any, tensor: SymbolicTensor) -> list[Tensor]:
    """Make a model record a tensor's value in each run, and return the record."""
    kept: list[Tensor] = []

    def note(value: Tensor) -> Tensor:
        kept[:] = [value]
        return value.new_zeros(())

    def note_input(_model: Any, args: Any) -> None:
        note(args[0])

    def note_output(_layer: Any, _args: Any, made: Any) -> None:
        note(list(find_leaves(made, Tensor))[tensor.node.output_tensors.index(tensor)])

    if isinstance(model, Functional):
        model.add_loss(_Note(note)(tensor))
    elif tensor.node.is_input:
        model.register_forward_pre_hook(note_input)
    else:
        tensor.layer.register_forward_hook(note_output)
    return kept


def follow_losses(model: Any, losses: Any) -> Any:
    """Adapt the losses of ``compile``; one may be a constant if there are others."""
    has_several = isinstance(model, Functional) and len(model.outputs) > 1
    allow = functools.partial(_allow_constant, WeakLink(model), has_several)
    return map_leaves(follow_graph(model, losses), FunctionType, allow)


def _allow_constant(
    model: WeakLink[Any], has_several: bool, function: Callable[..., Any]
) -> Callable[..., Any]:
    """Allow a constant loss, such as ``K.zeros_like(y_pred)``, beside other outputs or ``add_loss``."""
    if _is_library(function):
        return function

    @functools.wraps(function)
    def compute(y_true: Any, y_pred: Any) -> Any:
        value = function(y_true, y_pred)
        if not isinstance(value, Tensor) or value.requires_grad:
            return value
        if (has_several and y_pred.requires_grad) or _has_added(model()):
            return value + value.new_zeros((), requires_grad=True)
        return value

    return compute


def _has_added(model: Any) -> bool:
    """Return whether the run that has just made the outputs added losses that train."""
    layers = [each for each in model.modules() if isinstance(each, kplug.layers.Layer)]
    return any(one.requires_grad for each in layers for one in each.activity_penalties)


def follow_graph(model: Any, functions: Any) -> Any:
    """Adapt the losses or metrics of ``compile``: those that use the graph become functions of a batch.

    Args:
        model: The model.
        functions: One function, several, or lists or a dict by output. Other values are unchanged.
    """
    if functions is None or not _has_graph(model):
        return functions
    if isinstance(functions, dict):
        outputs = dict(zip(model.output_names, model.outputs, strict=True))
        return {
            name: _follow(model, one, outputs[name]) if name in outputs else one
            for name, one in functions.items()
        }
    found = [_follow(model, one, output) for one, output in _pair(functions, model.outputs)]
    is_same = all(one == functions for one in found)
    return functions if is_same else found if len(found) > 1 else found[0]


def _has_graph(model: Any) -> bool:
    """Return whether a model's tensors are known: a chain's are, once its input shape is."""
    if isinstance(model, Functional):
        return True
    try:
        return isinstance(model, kplug.Sequential) and bool(model.outputs)
    except NotBuiltError:
        return False


def _is_library(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).partition(".")[0] in ("kplug", "torch")


def _pair(functions: Any, outputs: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Return the functions for each output: one element of a list of equal length, or all."""
    is_each = isinstance(functions, (list, tuple)) and len(functions) == len(outputs) > 1
    return list(zip(functions if is_each else [functions] * len(outputs), outputs, strict=True))


def _follow(model: Any, function: Any, output: SymbolicTensor) -> Any:
    if isinstance(function, (list, tuple)):
        return [_follow(model, one, output) for one in function]
    is_object = isinstance(function, (type, kplug.Loss, kplug.Metric))
    if not callable(function) or is_object or _is_library(function):
        return function
    model.ensure_built()  # views of weights that have no values yet would never have any
    target = Input(batch_shape=output.shape, dtype=output.dtype, name="y_true")
    try:
        found, is_bound = asks_for_history(function, target, output)
    except Exception:  # noqa: BLE001 - what it computes need not be possible without values
        return function
    return _compute_from_run(model, function, [target, output], found, is_bound)


def _compute_from_run(
    model: Any,
    function: Callable[..., Any],
    given: list[SymbolicTensor],
    found: Any,
    is_bound: bool,
) -> Callable[..., Any]:
    """Return the function itself, or one that computes a symbolic result from a run's values.

    A function uses the graph if it reads its tensors, or the layer of an output.
    """
    used = _find_used(model, given, found) if isinstance(found, SymbolicTensor) else []
    if not used and not (is_bound and isinstance(found, SymbolicTensor)):
        return function
    _require_current_weights(function, sort_nodes([found], given=set(given)))
    kept = [_note(model, tensor) for tensor in used]
    plan = Plan([*given, *used], [found])

    @functools.wraps(function)
    def compute(y_true: Any, y_pred: Any) -> Any:
        return plan.run([y_true, y_pred, *(value for (value,) in kept)])[0]

    return compute


def _require_current_weights(function: Callable[..., Any], nodes: Sequence[Node]) -> None:
    """Refuse values that were computed from weights in this one call; views follow the weights.

    Raises:
        KplugError: A step of the graph uses one.
    """
    given = find_leaves([(node.args, node.kwargs) for node in nodes], Tensor)
    if any(one.grad_fn is not None and one._base is None for one in given):
        raise kplug.KplugError(
            f"compile: {function.__name__} computes with weights beside tensors of the graph, as in "
            "K.square(layer.kernel), and the value would stay what it is now",
            hint="Compute it in a layer's call and give it to self.add_loss, or give the weight to "
            "add_weight with a regularizer.",
        )


def _find_used(model: Any, given: list[SymbolicTensor], found: SymbolicTensor) -> list[Any]:
    """Return the tensors of a model that a symbolic result uses."""
    of_model = {*sort_nodes(model.outputs), *(tensor.node for tensor in model.inputs)}
    others = [node for node in sort_nodes([found], given=set(given)) if node not in of_model]
    tensors = [found, *(tensor for node in others for tensor in node.input_tensors)]
    return [one for one in dict.fromkeys(tensors) if one.node in of_model and one not in given]
