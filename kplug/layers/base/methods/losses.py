"""What a layer adds to the training loss and to the logs: penalties, constraints, losses, metrics.

Each is a function whose first argument is the layer; ``Layer`` has them as its methods.
"""
# ruff: noqa: D417 - methods: self needs no words

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from kplug.arguments import require_choice
from kplug.errors import ArgumentValueError, ContractError, GraphError, KplugError
from kplug.graph import is_symbolic
from kplug.layers.base.methods.outermost_call import THREAD
from kplug.layers.base.methods.protocol import AnyLayer
from kplug.layers.base.weight_store import TensorFunction
from kplug.metrics import Mean
from kplug.registry.quoting import name_type


def weight_penalties(self: AnyLayer) -> list[tuple[TensorFunction, Tensor]]:
    """Return the regularizers and the weights that they are applied to, inner layers included.

    A frozen weight has no penalty, as in Keras 3.
    """
    return _collect(self, "regularizer")


def weight_constraints(self: AnyLayer) -> list[tuple[TensorFunction, Tensor]]:
    """Return the constraints and the weights that they are applied to after each update."""
    return _collect(self, "constraint")


def _collect(
    self: AnyLayer, role: Literal["regularizer", "constraint"]
) -> list[tuple[TensorFunction, Tensor]]:
    self._ensure_values()
    found: dict[tuple[int, int], tuple[TensorFunction, Tensor]] = {}
    for layer in self._flatten_layers():
        for component, weight in layer._store.find_components(role):
            found[id(component), id(weight)] = component, weight
    return list(found.values())


def regularization_losses(self: AnyLayer) -> list[Tensor]:
    """Return the penalty of each regularized weight as it is now, as 0-d tensors."""
    return [regularizer(weight) for regularizer, weight in self.weight_penalties()]


def add_loss(self: AnyLayer, loss: Any, inputs: Any = None) -> None:  # noqa: ARG001 - Keras 2's
    """Add to the training loss of this call; use it inside ``call``.

    Args:
        loss: A tensor, whose elements are summed as in Keras 3, or a list. It counts like an activity
            penalty, for one call of the outermost layer. Or a function without arguments that makes
            one, which each call of the layer calls; add it outside of ``call``.
        inputs: Ignored, as Keras 2 has it to say what a loss depends on.

    Raises:
        GraphError: It is a symbolic tensor.
        ContractError: It is no tensor.
    """
    if isinstance(loss, (list, tuple)):
        for one in loss:
            self.add_loss(one)
    elif isinstance(loss, Tensor):
        self.note_loss(loss)
    elif callable(loss) and not is_symbolic(loss):
        self._loss_functions = (*self._loss_functions, loss)
    else:
        raise _refuse_added(self.name, "add_loss", loss)


def note_loss(self: AnyLayer, loss: Tensor) -> None:
    """Add a tensor to the penalties of this call."""
    if loss.is_meta:
        return
    if THREAD.call is not self._noted_in_call:
        self.activity_penalties.clear()  # in place: a training step holds the list
        vars(self)["_noted_in_call"] = THREAD.call
    self.activity_penalties.append(loss.sum() if loss.ndim else loss)


def add_metric(
    self: AnyLayer, value: Any, name: str | None = None, aggregation: str = "mean"
) -> None:
    """Let a metric see a value; use it inside ``call``. It is in the logs of all models with this layer.

    Args:
        value: A tensor.
        name: The metric's name; each has a mean of its own.
        aggregation: ``"mean"``, over the batches of an epoch.

    Raises:
        GraphError: It is a symbolic tensor.
        ArgumentValueError: There is no name, or another aggregation is asked for.
    """
    if not isinstance(value, Tensor):
        raise _refuse_added(self.name, "add_metric", value)
    self.note_metric(self._name_metric(name, aggregation), value)


def name_metric(self: AnyLayer, name: str | None, aggregation: str) -> str:
    """Return the name of an added metric, if it has one and its aggregation is known."""
    owner = f"{type(self).__name__}.add_metric"
    require_choice(owner, "aggregation", aggregation, ("mean",))
    if not isinstance(name, str) or not name:
        raise ArgumentValueError(owner, "name", name, "a string that is not empty")
    return name


def note_metric(self: AnyLayer, name: str, value: Tensor) -> None:
    """Let the metric of this name see a value."""
    if value.is_meta:
        return
    if name not in self._added_metrics:
        self._added_metrics = {**self._added_metrics, name: Mean(name)}
    self._added_metrics[name].update_state(value.detach())


def clear_losses(self: AnyLayer) -> None:
    """Forget the activity penalties, inner layers included."""
    for layer in self._flatten_layers():
        layer.activity_penalties.clear()


def _refuse_added(layer_name: str, method: str, value: object) -> KplugError:
    """Return the error for a value that is no tensor."""
    if is_symbolic(value):
        return GraphError(
            f"layer {layer_name!r}: {method} got a symbolic tensor, which belongs to a graph and to no layer",
            hint=f"Add it to the model that has the graph: model.{method}(…) of Model(inputs, outputs).",
        )
    return ContractError(
        f"layer {layer_name!r}: {method} got {name_type(value)}, and takes a tensor",
        hint="Compute it in call from the inputs or the weights.",
    )
