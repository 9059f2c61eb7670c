"""Constraints and regularizers that Keras 1's layers keep in attributes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from kplug.errors import KplugError, WeightsError


def taking_components(build: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``build`` so that the layer's ``constraints`` and ``regularizers`` take effect."""

    @functools.wraps(build)
    def build_and_take(self: Any, *args: Any, **kwargs: Any) -> None:
        build(self, *args, **kwargs)
        for weight, constraint in dict(getattr(self, "constraints", None) or {}).items():
            _apply(self, weight, "constraint", constraint)
        for regularizer in list(getattr(self, "regularizers", None) or ()):
            weight = vars(regularizer).pop("p", None)
            if weight is not None:
                _apply(self, weight, "regularizer", regularizer)

    return build_and_take


def note_weight(self: Any, weight: Any) -> None:
    """Set a regularizer's weight; it takes effect once in a layer's ``regularizers``."""
    self.p = weight


def _apply(layer: Any, weight: Any, kind: str, component: Any) -> None:
    """Give a weight of a layer a component.

    Raises:
        KplugError: The tensor is no weight of the layer.
    """
    try:
        layer.set_weight_component(layer.find_weight_of(weight), kind, component)
    except WeightsError as error:
        raise KplugError(
            f"layer {layer.name!r}: its {kind}s name a tensor of shape {tuple(weight.shape)}, which is no "
            "weight of the layer",
            hint=f"Put it into trainable_weights first, or write add_weight(…, {kind}=…).",
        ) from error
