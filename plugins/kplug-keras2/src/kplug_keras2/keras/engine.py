"""``keras.engine``: the base classes, under all their old module names."""

from kplug.layers import InputSpec as InputSpec, Node as Node
from kplug_keras2.keras.layers import (  # type: ignore[attr-defined]
    Input as Input,
    InputLayer as InputLayer,
    Layer as Layer,
)
from kplug_keras2.keras.models import Model as Model, Sequential as Sequential
from kplug_keras2.keras.utils import get_source_inputs as get_source_inputs

Container = Network = Model
__all__ = [
    "Container",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "Model",
    "Network",
    "Node",
    "Sequential",
    "get_source_inputs",
]
