"""Pictures: from files to arrays and back, against Keras."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError, DataError, KplugWarning
from kplug.utils import array_to_img, img_to_array, load_img, save_img

RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 256, (7, 9, 3)).astype("uint8")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    save_img(path, PICTURE, scale=False)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"color_mode": "grayscale"},
        {"color_mode": "rgba"},
        {"target_size": (4, 5)},
        {"target_size": (14, 3), "interpolation": "bilinear"},
        {"target_size": (5, 5), "interpolation": "lanczos", "keep_aspect_ratio": True},
        {"target_size": (3, 12), "interpolation": "bicubic", "keep_aspect_ratio": True},
    ],
    ids=str,
)
def test_a_file_is_read_as_keras_reads_it(file: Path, arguments: dict[str, Any]) -> None:
    expected = keras.utils.img_to_array(keras.utils.load_img(file, **arguments))
    np.testing.assert_array_equal(img_to_array(load_img(file, **arguments)), expected)


def test_a_picture_in_memory_is_read(file: Path) -> None:
    np.testing.assert_array_equal(load_img(io.BytesIO(file.read_bytes())), PICTURE)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
def test_a_picture_becomes_the_array_of_keras(shape: tuple[int, ...], data_format: str) -> None:
    given = RANDOM.integers(0, 256, shape).astype("uint8")
    expected = keras.utils.img_to_array(given, data_format, "float16")
    made = img_to_array(given, data_format, "float16")
    np.testing.assert_array_equal(made, expected)
    assert made.dtype == expected.dtype


@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        ((4, 5, 3), {}),
        ((4, 5, 4), {}),
        ((4, 5, 1), {}),
        ((3, 4, 5), {"data_format": "channels_first"}),
        ((4, 5, 3), {"scale": False}),
        ((4, 5, 1), {"scale": False}),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning")  # Keras's
def test_an_array_becomes_the_picture_of_keras(
    shape: tuple[int, ...], arguments: dict[str, Any]
) -> None:
    x = RANDOM.uniform(0, 400 if shape[-1] == 1 else 255, shape)
    expected = keras.utils.array_to_img(x, **arguments)
    made = array_to_img(x, **arguments)
    assert made.mode == expected.mode
    np.testing.assert_array_equal(np.asarray(made), np.asarray(expected))


def test_a_tensor_and_a_blank_array_become_pictures() -> None:
    assert array_to_img(torch.ones(2, 3, 1)).size == (3, 2)
    assert not np.asarray(array_to_img(np.full((2, 3, 3), 7.0))).any()


def test_jpeg_leaves_transparency_out_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(KplugWarning, match="JPEG has no transparency"):
        save_img(tmp_path / "a.jpg", np.zeros((8, 8, 4)))
    assert load_img(tmp_path / "a.jpg").mode == "RGB"


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda: array_to_img(np.zeros((2, 3))), r"array_to_img: the shape is \(2, 3\)"),
        (lambda: array_to_img(np.zeros((2, 3, 2))), r"array_to_img: the shape is \(2, 3, 2\)"),
        (lambda: img_to_array(np.zeros(3)), r"and this one the shape \(3,\)"),
        (lambda: load_img(io.BytesIO(b"no picture")), "cannot be read as a picture"),
    ],
    ids=["two axes", "two channels", "one axis", "load_img"],
)
def test_what_is_no_picture_is_refused(function: Any, text: str) -> None:
    with pytest.raises(DataError, match=text):
        function()


def test_a_truncated_file_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-60])
    with pytest.raises(DataError, match="cannot be read as a picture"):
        load_img(file)


@pytest.mark.parametrize(
    "arguments",
    [
        {"color_mode": "cmyk"},
        {"interpolation": "magic"},
        {"target_size": (0, 3)},
        {"target_size": (3,)},
    ],
    ids=str,
)
def test_arguments_out_of_their_range_are_refused(file: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(ArgumentValueError, match=f"load_img: argument '{next(iter(arguments))}'"):
        load_img(file, **arguments)
