"""Arguments of the architectures: their effects and their refusals."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from kplug_applications import VGG16, MobileNet, MobileNetV2, MobileNetV3Small, ResNet50

from kplug import config
from kplug.errors import ArgumentError, ArgumentValueError, KplugError
from kplug.layers import Input, Rescaling

SMALL: dict[str, Any] = {"input_shape": (32, 32, 3), "alpha": 0.25, "classes": 4, "weights": None}


def test_a_symbolic_tensor_stands_in_the_place_of_the_input() -> None:
    pixels = Input((32, 32, 3), name="pixels")
    model = MobileNet(input_tensor=Rescaling(1 / 255)(pixels), **SMALL)
    assert model.input_names == ["pixels"]
    assert model.output_shape == (None, 4)


def test_without_the_top_pictures_may_have_any_size() -> None:
    model = MobileNet(alpha=0.25, include_top=False, weights=None, pooling="max")
    assert model.input_shape == (None, None, None, 3)
    assert model.predict(np.zeros((1, 40, 33, 3)), verbose=0).shape == (1, 256)


def test_channels_may_come_first() -> None:
    config.set_image_data_format("channels_first")
    try:
        model = MobileNet(**{**SMALL, "input_shape": (3, 32, 32)})
    finally:
        config.set_image_data_format("channels_last")
    assert model.input_shape == (None, 3, 32, 32)
    assert model.output_shape == (None, 4)


def test_a_file_of_keras_is_loaded(tmp_path: Path) -> None:
    theirs = keras.applications.MobileNet(**SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, about Keras's variables
        theirs.save_weights(tmp_path / "their.weights.h5")
    ours = MobileNet(**{**SMALL, "weights": tmp_path / "their.weights.h5"})
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    with torch.no_grad():
        expected = theirs(x).numpy()  # a tensor of torch
    np.testing.assert_allclose(ours.predict(x, verbose=0), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "file", "md5"),
    [
        (
            VGG16,
            "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "6d6bbae143d832006294945121d1f1fc",
        ),
        (MobileNet, "mobilenet_1_0_224_tf_no_top.h5", None),
        (
            MobileNetV3Small,
            "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
            "d3e8ec802a04aa4fc771ee12a9a9b836",
        ),
    ],
    ids=["vgg16", "mobilenet", "mobilenet_v3"],
)
def test_without_a_network_the_message_says_where_the_weights_belong(
    make: Any, file: str, md5: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("kplug_applications.base.architecture._ORIGIN", "http://127.0.0.1:9/")
    with pytest.raises(KplugError) as caught:
        make(include_top=False)
    place = f"copy the file to {tmp_path / 'models' / file}"
    assert (f"{place}; its md5 is {md5}" if md5 else f"{place}.") in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"weights": "nowhere.h5"},
            "argument 'weights' is 'nowhere.h5'; allowed: \"imagenet\", None, or the path",
        ),
        ({"weights": None, "input_shape": (8, 8, 3)}, "allowed: at least 32 pixels high and wide"),
        ({"weights": None, "input_shape": (8, 8)}, "allowed: three numbers, without the batch"),
        (
            {"weights": None, "input_shape": (None, 64, 3)},
            "allowed: sizes that are all known",
        ),
        (
            {"weights": None, "include_top": False, "pooling": "sum"},
            "is 'sum'; allowed: 'avg' or 'max'",
        ),
        (
            {"weights": None, "input_tensor": np.zeros(3)},
            "allowed: a symbolic tensor, as Input makes it",
        ),
    ],
    ids=str,
)
def test_wrong_values_are_refused(arguments: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        ResNet50(**arguments)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"classes": 10},
            "belong to 1000 classes, not 10\n  Pass include_top=False",
        ),
        ({"classifier_activation": "relu"}, "belong to a softmax, not to 'relu'"),
        ({"input_shape": (64, 64, 3)}, "with their top take (224, 224, 3), not (64, 64, 3)"),
        (
            {"include_top": False, "input_shape": (64, 64, 1)},
            "take 3 channels; input_shape is (64, 64, 1)",
        ),
    ],
    ids=str,
)
def test_what_the_weights_of_imagenet_do_not_fit_is_refused(arguments: Any, text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        ResNet50(**arguments)
    assert text in str(caught.value)


def test_widths_without_weights_are_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        MobileNetV2(alpha=0.6)
    assert "argument 'alpha' is 0.6; allowed: 0.35, 0.5, 0.75, 1.0, 1.3, 1.4" in str(caught.value)
    assert "Other values need weights=None." in str(caught.value)


def test_programs_for_keras_find_the_same_functions() -> None:
    names: dict[str, Any] = {}
    exec("import kplug as keras\nfrom kplug.applications.resnet50 import ResNet50", names)
    assert names["ResNet50"] is names["keras"].applications.ResNet50 is ResNet50
