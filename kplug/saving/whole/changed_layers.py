"""Refuses models with settings changed after building, if a file would rebuild other weights."""

from __future__ import annotations

from typing import Any

import torch

from kplug.errors import ContractError, KplugError
from kplug.layers import Layer
from kplug.saving.protocols import LayeredModel


def require_remakable(model: LayeredModel) -> None:
    """Refuse a model with a layer that its configuration would rebuild with other weights.

    Only layers with a setting that was assigned after building are rebuilt, without values.

    Raises:
        ContractError: With the layer, its weights, and those of the rebuilt layer.
    """
    # Rebuilding draws random values; a save must not affect the training after it.
    with torch.random.fork_rng(devices=[]):
        for layer in model.modules():
            if isinstance(layer, Layer) and layer.is_changed_since_built:
                _require_same_weights(layer)


def _require_same_weights(layer: Layer) -> None:
    try:
        made = _list_shapes(_remake(layer))
    except KplugError as error:
        found = error.message
    except Exception:  # noqa: BLE001 - a user's constructor may need what is not there now
        return
    else:
        kept = _list_shapes(layer)
        if made == kept:
            return
        name, shape, other = next(
            (name, kept.get(name), made.get(name))
            for name in {**kept, **made}
            if kept.get(name) != made.get(name)
        )
        found = f"its {name!r} has the shape {shape}, and what would be made has {other}"
    raise ContractError(
        f"layer {layer.name!r} was changed after it was built, so no file can stand for it: {found}",
        hint="Set it back, or make a new layer with the setting; weights alone can be saved by "
        "model.save_weights.",
    )


def _remake(layer: Layer) -> Layer:
    made = type(layer).from_config(layer.get_config())
    made.declare_for(layer.built_shape)
    return made


def _list_shapes(layer: Layer) -> dict[str, Any]:
    # Not `named_weights`, which would draw values.
    return {name: tuple(weight.shape) for name, weight in layer._walk()}
