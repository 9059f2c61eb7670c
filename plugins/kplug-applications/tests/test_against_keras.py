"""Every architecture has Keras's layers and weights, and computes the same from the same weights."""

from __future__ import annotations

from typing import Any

import keras
import kplug_applications as applications
import numpy as np
import pytest
import torch

SMALL = (32, 32, 3)

# Smallest sizes; each is compared in numbers, with the top or without it.
CASES = [
    ("VGG16", {"input_shape": SMALL, "include_top": False}),
    ("ResNet50", {"input_shape": SMALL, "classes": 7}),
    ("ResNet50V2", {"input_shape": SMALL, "include_top": False, "pooling": "avg"}),
    ("InceptionV3", {"input_shape": (75, 75, 3), "classes": 7}),
    ("InceptionResNetV2", {"input_shape": (75, 75, 3), "include_top": False}),
    ("Xception", {"input_shape": (71, 71, 3), "classes": 7, "classifier_activation": None}),
    ("MobileNet", {"input_shape": SMALL, "alpha": 0.5, "classes": 7}),
    ("MobileNetV2", {"input_shape": (35, 35, 3), "alpha": 1.4, "classifier_activation": None}),
    ("MobileNetV2", {"include_top": False, "pooling": "max"}),
    ("MobileNetV3Small", {"input_shape": SMALL, "classes": 7}),
    ("MobileNetV3Large", {"include_top": False, "alpha": 0.75, "include_preprocessing": False}),
    ("MobileNetV3Large", {"input_shape": SMALL, "minimalistic": True, "alpha": 1.25, "classes": 7}),
    ("DenseNet121", {"input_shape": SMALL, "classes": 7}),
    ("EfficientNetB0", {"input_shape": (33, 33, 3), "classes": 7}),
    ("EfficientNetB1", {"include_top": False}),
    ("NASNetMobile", {"input_shape": SMALL, "include_top": False}),
]

# Those that differ from one above in their depths and widths only, with Keras's numbers of weights.
SIZES = {
    "VGG19": 143_667_240,
    "ResNet101": 44_707_176,
    "ResNet152": 60_419_944,
    "ResNet101V2": 44_675_560,
    "ResNet152V2": 60_380_648,
    "DenseNet169": 14_307_880,
    "DenseNet201": 20_242_984,
    "EfficientNetB2": 9_177_569,
    "EfficientNetB3": 12_320_535,
    "EfficientNetB4": 19_466_823,
    "EfficientNetB5": 30_562_527,
    "EfficientNetB6": 43_265_143,
    "EfficientNetB7": 66_658_687,
    "NASNetLarge": 88_949_818,
}


def _make_keras(name: str, arguments: Any) -> Any:
    if name == "NASNetMobile":  # Keras refuses it by this name on torch
        make = keras.src.applications.nasnet.NASNet
        widths = {"penultimate_filters": 1056, "num_blocks": 4, "stem_block_filters": 32}
        return make(weights=None, skip_reduction=False, default_size=224, **widths, **arguments)
    return getattr(keras.applications, name)(weights=None, **arguments)


def _list_layers(model: Any) -> list[tuple[str, list[tuple[int, ...]]]]:
    """Return the names and shapes of weights of the layers that have some, in order."""
    listed = []
    for layer in model.layers:
        shapes = [tuple(weight.shape) for weight in layer.weights]
        if shapes:
            is_automatic = layer.name.startswith(("conv2d", "batch_normalization", "normalization"))
            listed.append(("automatic" if is_automatic else layer.name, shapes))
    return listed


def _draw(weights: list[Any]) -> list[np.ndarray[Any, Any]]:
    """Return values that keep the sizes of activations, in float32."""
    generator = np.random.default_rng(0)
    drawn = []
    for weight in weights:
        shape = tuple(weight.shape)
        if len(shape) > 1:  # He's scale, from the inputs of one output
            is_depthwise = weight.name == "depthwise_kernel" or "depthwise" in weight.path
            inputs = np.prod(shape[:2]) if is_depthwise and len(shape) == 4 else np.prod(shape[:-1])
            values = generator.normal(0, np.sqrt(2 / inputs), shape)
        else:
            values = generator.uniform(0.5, 1.5, shape)
        drawn.append(values.astype("float32"))
    return drawn


@pytest.mark.slow
@pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
def test_outputs_are_those_of_keras(name: str, arguments: Any) -> None:
    theirs = _make_keras(name, arguments)
    ours = getattr(applications, name)(weights=None, **arguments)
    assert ours.count_params() == theirs.count_params()
    assert _list_layers(ours) == _list_layers(theirs)
    assert ours.output_shape == theirs.output_shape
    variables = [each for each in theirs.weights if "seed" not in each.path]
    values = _draw(variables)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    ours.set_weights(values)
    size = theirs.input_shape[1] or 40
    x = np.random.default_rng(1).uniform(-1, 1, (2, size, size, 3)).astype("float32")
    with torch.no_grad():
        expected = theirs(x, training=False).numpy()
    found = ours.predict(x, verbose=0)
    scale = np.abs(expected).max()
    assert 0 < scale < np.inf
    np.testing.assert_allclose(found / scale, expected / scale, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", SIZES)
def test_the_number_of_weights_is_that_of_keras(name: str) -> None:
    with torch.device("meta"):  # no weight is drawn
        model = getattr(applications, name)(weights=None)
    assert model.count_params() == SIZES[name]
