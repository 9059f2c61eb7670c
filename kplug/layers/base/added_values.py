"""What ``add_loss`` and ``add_metric`` of a layer do not take."""

from __future__ import annotations

from kplug.errors import ContractError, GraphError, KplugError
from kplug.graph import is_symbolic
from kplug.registry.quoting import name_type


def refuse_added(layer_name: str, method: str, value: object) -> KplugError:
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
