"""``ops.image``: unknown sizes, comparison with Keras and other oracles, and refused arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import ops
from kplug.errors import KplugError
from kplug.layers import Input
from kplug.models import Model
from tests.ops.picture_cases import BYTES, CORNERS, X

SIZED = [
    ("resize", ((4, 7),), (None, 4, 7, 3)),
    ("rgb_to_grayscale", (), (None, None, None, 1)),
    ("rgb_to_hsv", (), (None, None, None, 3)),
    ("gaussian_blur", (), (None, None, None, 3)),
    ("sobel_edges", (), (None, None, None, 3, 2)),
    ("pad_images", (1, 2, 3, 4), (None, None, None, 3)),
    ("crop_images", (1, 1, None, None, 3, 2), (None, 3, 2, 3)),
    ("extract_patches", (2,), (None, None, None, 12)),
    ("affine_transform", ([1.0, 0, 0, 0, 1, 0, 0, 0],), (None, None, None, 3)),
    ("perspective_transform", (CORNERS, CORNERS), (None, None, None, 3)),
]


@pytest.mark.parametrize(("name", "arguments", "shape"), SIZED, ids=[one[0] for one in SIZED])
def test_sizes_may_be_unknown_until_the_model_runs(
    name: str, arguments: tuple[Any, ...], shape: tuple[Any, ...]
) -> None:
    inputs = Input((None, None, 3))
    function = getattr(ops.image, name)
    outputs = function(inputs, *arguments)
    assert outputs.shape == shape
    found = Model(inputs, outputs)(torch.tensor(X))
    torch.testing.assert_close(found, function(X, *arguments))


def test_a_model_with_functions_of_pictures_is_saved_and_loaded(tmp_path: Path) -> None:
    inputs = Input((None, None, 3))
    grey = ops.image.rgb_to_grayscale(ops.image.resize(inputs, (4, 4), antialias=True))
    model = Model(inputs, ops.image.extract_patches(grey, size=2))
    names = [layer.name.rstrip("_0123456789") for layer in model.layers[1:]]
    assert names == ["resize", "rgb_to_grayscale", "extract_patches"]
    model.save(tmp_path / "model.keras")
    again = kplug.load_model(tmp_path / "model.keras")
    torch.testing.assert_close(again(torch.tensor(X)), model(torch.tensor(X)))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_elastic_transform_equals_that_of_keras(interpolation: str) -> None:
    keras = pytest.importorskip("keras")
    given = (3.0, 1.0, interpolation, "constant", 0.5)
    found = []
    for module in (ops, keras.ops):
        torch.manual_seed(1)
        found.append(module.image.elastic_transform(torch.tensor(X), *given))
    torch.testing.assert_close(*found)
    first, second = (ops.image.elastic_transform(X, *given, seed=3) for _ in range(2))
    torch.testing.assert_close(first, second)  # Keras leaves the seed unused
    assert not torch.equal(first, ops.image.elastic_transform(X, *given, seed=4))


@pytest.mark.parametrize("size", [3, 5])
def test_a_blur_is_as_wide_along_the_height_as_the_second_number_says(size: int) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    reach = (size // 2) / 2.0  # from how many widths on scipy cuts the curve off
    found = ops.image.gaussian_blur(X, (size, 1), (1.0, 2.0))
    inside = slice(size // 2, -(size // 2))
    expected = ndimage.gaussian_filter1d(X.astype("float64"), 2.0, 1, truncate=reach)
    np.testing.assert_allclose(found[:, inside], expected[:, inside], rtol=1e-5)


def test_the_gradient_of_an_affine_transform_is_right() -> None:
    turn = torch.tensor([1.013, 0.117, 0.319, 0.173, 0.931, 0.417, 0, 0], dtype=torch.float64)
    given = (torch.tensor(X[:1, :, :, :1], dtype=torch.float64), turn)
    for one in given:
        one.requires_grad_()
    assert torch.autograd.gradcheck(ops.image.affine_transform, given)


def test_lanczos_resizes_as_pillow_does() -> None:
    image = pytest.importorskip("PIL.Image")
    grey = X[0, ..., :1]
    expected = np.asarray(image.fromarray(grey[..., 0]).resize((4, 9), image.Resampling.LANCZOS))
    found = ops.image.resize(grey, (9, 4), "lanczos3", antialias=True)
    np.testing.assert_allclose(found[..., 0], expected, rtol=1e-5, atol=1e-6)


def test_bytes_are_tilted_as_floats_are() -> None:
    moved = CORNERS + 0.7
    expected = ops.image.perspective_transform(BYTES.astype("float64"), CORNERS, moved)
    found = ops.image.perspective_transform(BYTES, CORNERS, moved)
    np.testing.assert_array_equal(found, expected.round().to(torch.uint8))


REFUSED: list[tuple[str, tuple[Any, ...], str]] = [
    ("resize", (X[0, 0], (2, 2)), "resize: the pictures have shape (5, 3); 3 or 4 axes are needed"),
    (
        "resize",
        (X, (2, 0)),
        "resize: argument 'size' is 0; allowed: (height, width), integers >= 1",
    ),
    (
        "resize",
        (X, (2, 2), "area"),
        "resize: argument 'interpolation' is 'area'; allowed: 'bilinear', 'nearest', 'bicubic', "
        "'lanczos3' or 'lanczos5'",
    ),
    (
        "rgb_to_hsv",
        (X[..., :2],),
        "rgb_to_hsv: the pictures have 2 channels; 3 are needed",
    ),
    (
        "rgb_to_hsv",
        (BYTES,),
        "rgb_to_hsv: the pictures are of type uint8; floats between 0 and 1 are needed",
    ),
    (
        "pad_images",
        (X, 1, 1, 1, 1, 9),
        "pad_images: argument 'target_height' is 9; allowed: two of top_padding, bottom_padding, "
        "target_height",
    ),
    (
        "crop_images",
        (X, 4, 0, None, 0, 4),
        "crop_images: argument 'target_height' is 4; allowed: a size that",
    ),
    (
        "extract_patches",
        (X, (2, 2, 2, 2)),
        "extract_patches: argument 'size' is (2, 2, 2, 2); allowed: an integer, or 2 or 3 of them",
    ),
    (
        "map_coordinates",
        (X, [[1.0]], 1),
        "map_coordinates: inputs of shape (2, 6, 5, 3), coordinates of shape (1, 1)",
    ),
    (
        "map_coordinates",
        (X, np.zeros((4, 2)), 3),
        "map_coordinates: argument 'order' is 3; allowed: 0 for the nearest cell, or 1 for linear",
    ),
    (
        "affine_transform",
        (X, [1.0, 0.0]),
        "affine_transform: the transform has shape (2,)",
    ),
    (
        "perspective_transform",
        (X, CORNERS, CORNERS[:3]),
        "perspective_transform: start_points and end_points have shapes (4, 2) and (3, 2)",
    ),
    (
        "gaussian_blur",
        (X, (3, 3), (1.0, 0.0)),
        "gaussian_blur: argument 'sigma' is (1.0, 0.0); allowed: two numbers > 0",
    ),
    ("ssim", (X, X[:1]), "ssim: shapes (2, 6, 5, 3) and (1, 6, 5, 3) differ"),
]


@pytest.mark.parametrize(("name", "arguments", "text"), REFUSED)
def test_what_does_not_fit_is_refused(name: str, arguments: tuple[Any, ...], text: str) -> None:
    with pytest.raises(KplugError) as caught:
        getattr(ops.image, name)(*arguments)
    assert str(caught.value).startswith(text)
