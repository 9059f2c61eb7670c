"""Losses and metrics added to a model as symbolic tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from kplug.errors import GraphError
from kplug.graph import Plan, SymbolicTensor
from kplug.layers import Layer


class AddedTensors:
    """The symbolic losses and metrics of ``add_loss`` and ``add_metric``.

    The run that computes the outputs computes them too, so that both share random draws.

    Args:
        outputs: The outputs of the model.

    Attributes:
        losses: The losses.
        metrics: The metrics, by name.
        is_empty: Whether nothing was added.
    """

    def __init__(self, outputs: Sequence[SymbolicTensor]) -> None:
        self._outputs = list(outputs)
        self.losses: list[SymbolicTensor] = []
        self.metrics: dict[str, SymbolicTensor] = {}
        self.is_empty = True
        self._plan: Plan | None = None

    def add_loss(self, model: Any, tensor: SymbolicTensor) -> None:
        """Add a loss to the model."""
        self._extend(model, [*self.losses, tensor], self.metrics)
        self.losses.append(tensor)

    def add_metric(self, model: Any, name: str, tensor: SymbolicTensor) -> None:
        """Add a metric to the model, or replace the one of the same name."""
        metrics = {**self.metrics, name: tensor}
        self._extend(model, self.losses, metrics)
        self.metrics = metrics

    def _extend(
        self, model: Any, losses: Sequence[SymbolicTensor], metrics: dict[str, SymbolicTensor]
    ) -> None:
        wanted = [*self._outputs, *losses, *metrics.values()]
        plan = Plan(model.inputs, wanted)
        _require_known_weights(model, plan)
        self._plan, self.is_empty = plan, False

    def run(self, model: Any, tensors: list[Any]) -> list[Tensor]:
        """Return the outputs of the model, and record the added losses and metrics."""
        assert self._plan is not None  # noqa: S101 - asked only if something was added
        values = self._plan.run(tensors)
        count = len(self._outputs)
        for loss in values[count : count + len(self.losses)]:
            model.note_loss(loss)
        for name, value in zip(self.metrics, values[count + len(self.losses) :], strict=True):
            model.note_metric(name, value)
        return values[:count]


def _require_known_weights(model: Any, plan: Plan) -> None:
    """Refuse a tensor that depends on another model's weights, which would be neither trained nor saved.

    Raises:
        GraphError: The message names the layer.
    """
    known = set(model.modules())
    for node in plan.nodes:
        layer: Any = node.layer
        if layer in known or not isinstance(layer, Layer):
            continue
        _ = node.output_specs  # declares its weights
        if next(nn.Module.parameters(layer), None) is not None:
            raise GraphError(
                f"what was added to model {model.name!r} depends on layer {layer.name!r}, which has weights "
                "and is not in the model",
                hint="Only what computes the outputs is trained and saved: make the model with a tensor of "
                "that layer among its outputs.",
            )
