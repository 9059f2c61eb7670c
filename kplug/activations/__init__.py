"""Activations: functions of a layer's output, of any shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.activations.adapt import as_activation
from kplug.activations.normalizing import glu, log_softmax, softmax, sparsemax
from kplug.activations.rectifiers import (
    celu,
    elu,
    leaky_relu,
    linear,
    relu,
    relu6,
    selu,
    threshold,
)
from kplug.activations.smooth import (
    exponential,
    gelu,
    hard_shrink,
    hard_silu,
    mish,
    silu,
    soft_shrink,
    softplus,
    sparse_plus,
    squareplus,
    tanh_shrink,
)
from kplug.activations.squashing import (
    hard_sigmoid,
    hard_tanh,
    log_sigmoid,
    sigmoid,
    softsign,
    sparse_sigmoid,
    tanh,
)
from kplug.registry import resolve_object
from kplug.serialization import deserialize_component, serialize_component

swish = silu
hard_swish = hard_silu


def get(identifier: object) -> Any:
    """Return the activation for a name, spec, dict, function or module; `linear` for None.

    Example:
        >>> get(None).__name__
        'linear'
    """
    return resolve_object("activation", identifier)


def serialize(activation: object) -> dict[str, Any] | str | None:
    """Return an activation as data: Keras's dict or name where Keras has it, else its spec as text."""
    return serialize_component("activation", activation)


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the activation that `serialize`, or any Keras, has written."""
    return deserialize_component("activation", config, custom_objects)


__all__ = [
    "as_activation",
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
