"""Layers: what models are made of."""

from __future__ import annotations

from typing import Any

from kplug.graph import Node, SymbolicTensor
from kplug.layers.base import Layer
from kplug.layers.convolutional import Conv2D
from kplug.layers.core import Activation, Flatten, Reshape
from kplug.layers.dense import Dense
from kplug.layers.input import Input, InputLayer
from kplug.layers.input_spec import InputSpec
from kplug.layers.pooling import MaxPooling2D
from kplug.layers.regularization import Dropout
from kplug.layers.resizing import UpSampling2D
from kplug.layers.slots import Slot
from kplug.layers.torch_module import TorchModule
from kplug.registry import resolve_object

Convolution2D = Conv2D
MaxPool2D = MaxPooling2D


def get(identifier: object) -> Any:
    """Return the layer that an identifier means.

    Args:
        identifier: Text such as ``"dense(units=3)"``, a dict, a class or an instance.

    Returns:
        A ``Layer``.
    """
    return resolve_object("layer", identifier)


__all__ = [
    "Activation",
    "Conv2D",
    "Convolution2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "MaxPool2D",
    "MaxPooling2D",
    "Node",
    "Reshape",
    "Slot",
    "SymbolicTensor",
    "TorchModule",
    "UpSampling2D",
    "get",
]
