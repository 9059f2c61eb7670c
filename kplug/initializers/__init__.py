"""Initializers: the first values of weights.

The classes have Keras's names; each is also reachable under its lower-case names
(``initializers.he_normal(seed=1)``), and by name wherever an initializer is expected
(``kernel_initializer="he_normal"``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.initializers.adapt import FunctionInitializer, as_initializer, initial_values
from kplug.initializers.base import Initializer
from kplug.initializers.constant import Constant, Identity, Ones, Zeros
from kplug.initializers.fourier import STFT
from kplug.initializers.orthogonal import Orthogonal
from kplug.initializers.random import (
    RandomInitializer,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
)
from kplug.initializers.recipes import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
)
from kplug.initializers.scaling import VarianceScaling, compute_fans
from kplug.registry import resolve_object
from kplug.serialization import deserialize_component, serialize_component

# Keras's lower-case names of the classes.
zeros = zero = Zeros
ones = one = Ones
constant = Constant
identity = Identity
orthogonal = Orthogonal
random_normal = normal = RandomNormal
random_uniform = uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
stft = STFT


def get(identifier: object) -> Any:
    """Return the initializer for a name, spec, dict, function, class, array or instance.

    Example:
        >>> get("random_normal(stddev=0.01)")
        RandomNormal(mean=0.0, stddev=0.01, seed=None)
    """
    return resolve_object("initializer", identifier)


def serialize(initializer: object) -> dict[str, Any] | str | None:
    """Return an initializer as data: Keras's dict or name where Keras has it, else its spec as text."""
    return serialize_component("initializer", initializer)


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the initializer that `serialize`, or any Keras, has written."""
    return deserialize_component("initializer", config, custom_objects)


__all__ = [
    "STFT",
    "Constant",
    "FunctionInitializer",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "as_initializer",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "initial_values",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "one",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "uniform",
    "variance_scaling",
    "zero",
    "zeros",
]
