"""Losses that a layer's ``call`` computes from tensors of the surrounding graph.

Keras 2 calls ``call`` with symbolic tensors. Here it gets eager tensors, which do not mix with tensors of the
graph. So a layer whose ``add_loss`` receives a symbolic tensor is called again with symbolic inputs, and the
model that contains it gets its losses.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from kplug.graph import Plan, SymbolicTensor, is_symbolic
from kplug.models import Functional
from kplug.support.nested import find_leaves, sort_keys

_given_to_models: WeakKeyDictionary[Any, set[int]] = WeakKeyDictionary()


class GraphLosses:
    """Mixin that collects a layer's symbolic losses, for each call on symbolic tensors."""

    _wants_graph = False
    _traced: Any = None
    _losses_of_nodes: Any = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer; trace symbolic losses as Keras 2 does."""
        outputs = super().__call__(*args, **kwargs)  # type: ignore[misc]
        if self._wants_graph and is_symbolic((args, kwargs)):
            self._trace(self.inbound_nodes[-1])  # type: ignore[attr-defined]
        return outputs

    def add_loss(self, loss: Any, inputs: Any = None) -> None:
        """Add to the training loss; tensors of the surrounding graph are allowed."""
        if not is_symbolic(loss):
            super().add_loss(loss, inputs)  # type: ignore[misc]
        elif self._traced is not None:
            self._traced.extend(find_leaves(loss, SymbolicTensor))
        elif torch.empty(()).is_meta:  # the call infers shapes
            vars(self)["_wants_graph"] = True
        else:
            super().add_loss(loss, inputs)  # type: ignore[misc]  # which refuses it

    def _trace(self, node: Any) -> None:
        """Trace ``call`` with symbolic tensors; later calls run the resulting graph."""
        vars(self).pop("call", None)
        losses: list[SymbolicTensor] = []
        vars(self)["_traced"] = losses
        try:
            outputs = self.call(*node.args, **node.kwargs)  # type: ignore[attr-defined]
        finally:
            vars(self)["_traced"] = None
        vars(self)["_losses_of_nodes"] = (*self._losses_of_nodes, (node, losses))
        several = isinstance(outputs, (list, tuple))
        plan = Plan(node.input_tensors, list(find_leaves(outputs, SymbolicTensor)))

        def run(*args: Any, **kwargs: Any) -> Any:
            made = plan.run(list(find_leaves(sort_keys((args, kwargs)), Tensor)))
            return made if several else made[0]

        vars(self)["call"] = run


def give_losses(model: Any) -> None:
    """Add the graph losses of layers to a model and its inner models."""
    for one in [each for each in model.modules() if isinstance(each, Functional)]:
        known = _given_to_models.setdefault(one, set())
        for layer in one.layers:
            for node, losses in getattr(layer, "_losses_of_nodes", ()):
                if node in one.nodes and id(node) not in known:
                    known.add(id(node))
                    one.add_loss(losses)
