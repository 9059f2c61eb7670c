"""Image augmentation of keras-preprocessing, on today's NumPy, SciPy and Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kplug_keras2.keras.preprocessing.image import (
    ImageDataGenerator,
    Iterator,
    apply_affine_transform,
    random_rotation,
)
from scipy import linalg, ndimage

from kplug import backend as K, layers
from kplug.models import Sequential
from kplug.utils import PyDataset, save_img

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(0, 255, (12, 6, 6, 3)).astype("float32")
LABELS = np.arange(12) % 2


def read(generator: ImageDataGenerator, **arguments: Any) -> Any:
    """Return all images as one batch."""
    return next(generator.flow(IMAGES, batch_size=12, shuffle=False, **arguments))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"rescale": 1 / 255}, IMAGES / 255),
        ({"samplewise_center": True}, IMAGES - IMAGES.mean(axis=(1, 2, 3), keepdims=True)),
        ({"featurewise_center": True}, IMAGES - IMAGES.mean(axis=(0, 1, 2))),
        (
            {"featurewise_center": True, "featurewise_std_normalization": True},
            (IMAGES - IMAGES.mean(axis=(0, 1, 2))) / IMAGES.std(axis=(0, 1, 2)),
        ),
        ({"preprocessing_function": lambda image: 255 - image}, 255 - IMAGES),
    ],
    ids=["rescale", "samplewise", "featurewise", "standardized", "function"],
)
def test_numbers_are_normalized(arguments: dict[str, Any], expected: Any) -> None:
    generator = ImageDataGenerator(**arguments)
    if "featurewise_center" in arguments:
        generator.fit(IMAGES)
    np.testing.assert_allclose(read(generator), expected, rtol=1e-4, atol=1e-2)


def test_pictures_are_whitened() -> None:
    images = RANDOM.normal(size=(40, 3, 3, 1))
    generator = ImageDataGenerator(zca_whitening=True, featurewise_center=True)
    generator.fit(images)
    found = next(generator.flow(images, batch_size=40, shuffle=False))
    centred = images - images.mean(axis=(0, 1, 2))
    flat = centred.reshape(40, -1)
    left, values, _ = linalg.svd(flat.T @ flat / 40)
    expected = (flat @ (left / np.sqrt(values + 1e-6)) @ left.T).reshape(images.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("argument", "changes"),
    [
        ("horizontal_flip", [lambda x: x, lambda x: x[:, ::-1]]),
        ("vertical_flip", [lambda x: x, lambda x: x[::-1]]),
    ],
)
def test_pictures_are_flipped_at_random(argument: str, changes: list[Any]) -> None:
    seen = set()
    for before, after in zip(
        IMAGES, read(ImageDataGenerator(**{argument: True}), seed=1), strict=True
    ):
        seen |= {place for place, change in enumerate(changes) if (change(before) == after).all()}
    assert seen == {0, 1}


@pytest.mark.parametrize(
    ("arguments", "matrix", "shift"),
    [
        ({"theta": 90}, [[0, -1], [1, 0]], [0, 0]),
        ({"tx": 1, "ty": -2}, [[1, 0], [0, 1]], [1, -2]),
        ({"zx": 0.5, "zy": 2}, [[0.5, 0], [0, 2]], [0, 0]),
    ],
    ids=["turned", "shifted", "zoomed"],
)
def test_pictures_are_moved_around_their_middle(
    arguments: dict[str, Any], matrix: list[list[float]], shift: list[float]
) -> None:
    picture = RANDOM.uniform(size=(5, 5))
    axes = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
    moved = apply_affine_transform(picture[..., None], **arguments, **axes)
    middle = np.full(2, 5 / 2 + 0.5)  # as keras-preprocessing counts pixels
    offset = middle - np.array(matrix) @ (middle - shift)
    expected = ndimage.affine_transform(picture, matrix, offset, order=1, mode="nearest")
    np.testing.assert_allclose(moved[..., 0], expected, atol=1e-9)


@pytest.mark.parametrize(
    "arguments",
    [
        {"rotation_range": 30},
        {"width_shift_range": 0.4, "fill_mode": "constant", "cval": 7.0},
        {"height_shift_range": [1, 2], "fill_mode": "wrap"},
        {"shear_range": 20, "fill_mode": "reflect"},
        {"zoom_range": 0.5},
        {"channel_shift_range": 30.0},
        {"brightness_range": (0.5, 1.5)},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_a_seed_repeats_every_random_change(arguments: dict[str, Any]) -> None:
    first, second = (read(ImageDataGenerator(**arguments), seed=4) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - IMAGES).max() > 1
    assert np.abs(first - read(ImageDataGenerator(**arguments), seed=5)).max() > 1


def test_a_function_turns_one_picture() -> None:
    np.random.seed(0)
    assert random_rotation(IMAGES[0], 40, 0, 1, 2).shape == (6, 6, 3)


def test_layout_and_type_are_those_of_the_session() -> None:
    K.set_image_data_format("channels_first")
    try:
        assert ImageDataGenerator().data_format == "channels_first"
    finally:
        K.set_image_data_format("channels_last")
    assert ImageDataGenerator().data_format == "channels_last"
    assert ImageDataGenerator(dtype="float16").dtype == "float16"


def make_model() -> Sequential:
    model = Sequential([layers.Flatten(input_shape=(6, 6, 3)), layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    return model


def test_fit_reads_a_flow_by_the_numbers_of_its_batches() -> None:
    flow = ImageDataGenerator(rescale=1 / 255).flow(IMAGES, LABELS, batch_size=5, shuffle=False)
    assert isinstance(flow, PyDataset)
    ours, theirs = make_model(), make_model()
    theirs.set_weights(ours.get_weights())
    found = ours.fit(flow, epochs=2, shuffle=False, verbose=0).history["loss"]
    expected = theirs.fit(IMAGES / 255, LABELS, 5, epochs=2, shuffle=False, verbose=0).history[
        "loss"
    ]
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, picture in enumerate(IMAGES):
        place = tmp_path / ("cats", "dogs")[number % 2]
        place.mkdir(exist_ok=True)
        save_img(place / f"{number:02}.png", picture, scale=False)
    return tmp_path


def test_pictures_come_from_folders(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = ImageDataGenerator(validation_split=0.5)
    arguments = {"target_size": (6, 6), "batch_size": 4, "class_mode": "binary", "shuffle": False}
    flow = generator.flow_from_directory(str(folder), subset="training", **arguments)
    assert capsys.readouterr().out == "Found 6 images belonging to 2 classes.\n"
    assert isinstance(flow, Iterator)
    assert flow.class_indices == {"cats": 0, "dogs": 1}
    images, labels = flow[0]
    np.testing.assert_allclose(images[0], np.floor(IMAGES[6]))
    assert labels.tolist() == [0, 0, 0, 1]
    make_model().fit(flow, verbose=0)
    assert make_model().predict(flow, verbose=0).shape == (6, 1)


def test_pictures_come_from_a_table(folder: Path) -> None:
    names = [f"{('cats', 'dogs')[number % 2]}/{number:02}.png" for number in range(12)]
    table = pd.DataFrame({"file": names, "size": np.arange(12.0)})
    flow = ImageDataGenerator().flow_from_dataframe(
        table,
        str(folder),
        x_col="file",
        y_col="size",
        class_mode="raw",
        target_size=(6, 6),
        shuffle=False,
    )
    images, sizes = next(flow)
    np.testing.assert_allclose(images, np.floor(IMAGES))
    assert sizes.tolist() == list(range(12))
