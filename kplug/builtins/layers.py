"""The built-in layers."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_LAYERS = "kplug.layers"


@hookimpl
def kplug_layers() -> dict[str, Component | str]:
    """Offer the layers of ``kplug.layers``."""
    return {
        "InputLayer": Component(
            "InputLayer", f"{_LAYERS}.input:InputLayer", summary="An input of a model."
        ),
        "Dense": Component(
            "Dense",
            f"{_LAYERS}.dense:Dense",
            summary="Each output is a weighted sum of all inputs.",
        ),
        "Activation": Component(
            "Activation",
            f"{_LAYERS}.core:Activation",
            summary="An activation as a layer of its own.",
        ),
        "Flatten": Component(
            "Flatten", f"{_LAYERS}.core:Flatten", summary="Turns each sample into one row."
        ),
        "Reshape": Component(
            "Reshape", f"{_LAYERS}.core:Reshape", summary="Gives each sample another shape."
        ),
        "Dropout": Component(
            "Dropout",
            f"{_LAYERS}.regularization:Dropout",
            summary="Drops a random part of the inputs in training.",
        ),
        "Conv2D": Component(
            "Conv2D",
            f"{_LAYERS}.convolutional:Conv2D",
            aliases=("Convolution2D",),
            summary="Slides filters over images.",
        ),
        "MaxPooling2D": Component(
            "MaxPooling2D",
            f"{_LAYERS}.pooling:MaxPooling2D",
            aliases=("MaxPool2D",),
            summary="The largest value of each window.",
        ),
        "UpSampling2D": Component(
            "UpSampling2D",
            f"{_LAYERS}.resizing:UpSampling2D",
            summary="Enlarges images by whole factors.",
        ),
    }
