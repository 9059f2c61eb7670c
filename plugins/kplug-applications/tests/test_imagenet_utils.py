"""Preprocessing and decoding agree with Keras."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import kplug_applications as applications
import numpy as np
import pytest
import torch
from kplug_applications import imagenet_utils

from kplug.errors import ArgumentValueError, DataError
from kplug.layers import Input
from kplug.models import Model

DATA = np.random.default_rng(0)


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [3, 4])
@pytest.mark.parametrize("dtype", ["float32", "uint8", "float64"])
def test_pictures_are_prepared_as_keras_prepares_them(
    mode: str, data_format: str, rank: int, dtype: str
) -> None:
    shape = (3, 5, 4) if data_format == "channels_first" else (5, 4, 3)
    x = DATA.integers(0, 256, (2, *shape)[4 - rank :]).astype(dtype)
    given = x.copy()
    found = imagenet_utils.preprocess_input(x, data_format, mode)
    expected = keras.applications.imagenet_utils.preprocess_input(x.copy(), data_format, mode)
    assert np.array_equal(x, given)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    tensor = imagenet_utils.preprocess_input(
        torch.tensor(x, dtype=torch.float32), data_format, mode
    )
    np.testing.assert_allclose(tensor, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_pictures_are_prepared_inside_a_model(mode: str) -> None:
    inputs = Input((5, 4, 3))
    model = Model(inputs, imagenet_utils.preprocess_input(inputs, mode=mode))
    x = DATA.uniform(0, 255, (2, 5, 4, 3)).astype("float32")
    expected = imagenet_utils.preprocess_input(x, mode=mode)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-4)


_MODULES = [
    *(
        "densenet",
        "efficientnet",
        "inception_resnet_v2",
        "inception_v3",
        "mobilenet",
        "mobilenet_v2",
    ),
    *("mobilenet_v3", "nasnet", "resnet", "resnet50", "resnet_v2", "vgg16", "vgg19", "xception"),
]


@pytest.mark.parametrize("module", _MODULES)
def test_each_module_has_the_mode_of_its_weights(module: str) -> None:
    x = DATA.uniform(0, 255, (1, 4, 4, 3)).astype("float32")
    found = getattr(applications, module).preprocess_input(x)
    expected = getattr(keras.applications, module).preprocess_input(x.copy())
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_predictions_get_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = json.dumps({str(n): [f"n{n}", f"class_{n}"] for n in range(1000)}).encode()
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "imagenet_class_index.json").write_bytes(names)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    md5 = hashlib.md5(names).hexdigest()
    monkeypatch.setattr("kplug_applications.imagenet_utils._NAMES_MD5", md5)
    predictions = np.zeros((2, 1000))
    predictions[0, [3, 7]] = 0.25, 0.75
    predictions[1, 999] = 1
    for given in (predictions, torch.tensor(predictions)):
        found = imagenet_utils.decode_predictions(given, top=2)
        assert found[0] == [("n7", "class_7", 0.75), ("n3", "class_3", 0.25)]
        assert found[1][0] == ("n999", "class_999", 1.0)


def test_predictions_of_other_classes_are_refused() -> None:
    with pytest.raises(DataError) as caught:
        imagenet_utils.decode_predictions(np.zeros((2, 10)))
    assert str(caught.value) == (
        "decode_predictions got predictions of shape (2, 10)\n"
        "  Predictions of ImageNet have shape (samples, 1000)."
    )


@pytest.mark.parametrize("arguments", [{"mode": "x"}, {"data_format": "x"}], ids=str)
def test_other_modes_are_refused(arguments: Any) -> None:
    with pytest.raises(
        ArgumentValueError, match=r"preprocess_input: argument '(mode|data_format)' is 'x'"
    ):
        imagenet_utils.preprocess_input(np.zeros((2, 2, 3)), **arguments)
