"""Layers that change images at random: what was drawn is done as Keras does it; and how far draws go."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from kplug_preprocessing import layers
from torch import Tensor

import kplug
from kplug.errors import ArgumentValueError, DataError

LAYERS: list[tuple[str, dict[str, Any]]] = [
    ("RandomFlip", {}),
    ("RandomFlip", {"mode": "horizontal"}),
    ("RandomFlip", {"mode": "vertical"}),
    ("RandomRotation", {"factor": 0.2}),
    ("RandomRotation", {"factor": (-0.1, 0.4), "fill_mode": "nearest", "interpolation": "nearest"}),
    ("RandomRotation", {"factor": 0.3, "fill_mode": "constant", "fill_value": 2.0}),
    ("RandomTranslation", {"height_factor": 0.3, "width_factor": (-0.4, 0.1)}),
    ("RandomTranslation", {"height_factor": 0.3, "width_factor": 0.2, "fill_mode": "wrap"}),
    ("RandomZoom", {"height_factor": 0.3}),
    ("RandomZoom", {"height_factor": 0.3, "width_factor": (0.1, 0.5), "fill_mode": "constant"}),
    ("RandomContrast", {"factor": 0.5}),
    ("RandomContrast", {"factor": (0.2, 0.7), "value_range": (0.0, 1.0)}),
    ("RandomBrightness", {"factor": 0.5}),
    ("RandomBrightness", {"factor": (-0.1, 0.3), "value_range": [0.0, 1.0]}),
]

ALL = [*LAYERS, ("RandomCrop", {"height": 4, "width": 3})]


def _draw(data_format: str = "channels_last", count: int | None = 3) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (6, 5, 3) if data_format == "channels_last" else (3, 6, 5)
    return torch.rand(shape if count is None else (count, *shape), generator=generator)


@pytest.mark.parametrize(("name", "arguments"), ALL)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("count", [3, None])
def test_what_was_drawn_is_done(
    name: str, arguments: dict[str, Any], data_format: str, count: int | None
) -> None:
    given = {**arguments, "data_format": data_format}
    ours, theirs = getattr(layers, name)(**given), getattr(keras.layers, name)(**given, seed=7)
    x = _draw(data_format, count)
    drawn = theirs.get_random_transformation(x, training=True)
    batched = count is not None or name not in ("RandomFlip", "RandomContrast", "RandomBrightness")
    # Keras changes images and matrices in place.
    copy, given_to_keras = deepcopy((x if batched else x[None], drawn))
    expected = theirs.transform_images(copy, given_to_keras, training=True)
    made = ours.transform_images(x, drawn)
    torch.testing.assert_close(made, expected if batched else expected[0], rtol=1e-4, atol=1e-4)
    own = ours.get_random_transformation(x)
    if isinstance(drawn, dict):
        for key in own:
            assert own[key].numel() == drawn[key].numel(), key
    assert ours(x).shape == made.shape


@pytest.mark.parametrize(("name", "arguments"), ALL)
def test_a_seed_repeats_the_draws(name: str, arguments: dict[str, Any]) -> None:
    x = _draw()
    make = getattr(layers, name)
    first, second = make(**arguments, seed=5), make(**arguments, seed=5)
    one, two = first(x), first(x)
    assert torch.equal(second(x), one)
    assert torch.equal(second(x), two)
    assert not torch.equal(one, two) or name in ("RandomFlip", "RandomCrop")
    again = make.from_config(json.loads(json.dumps(first.get_config())))
    assert torch.equal(again(x), one)
    assert json.loads(json.dumps(again.get_config())) == json.loads(json.dumps(first.get_config()))


@pytest.mark.parametrize(("name", "arguments"), LAYERS)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_in_inference_nothing_changes(
    name: str, arguments: dict[str, Any], dtype: torch.dtype
) -> None:
    x = (200 * _draw()).to(dtype)
    layer = getattr(layers, name)(**arguments)
    assert torch.equal(layer(x, training=False), x.float())
    assert layer.get_random_transformation(x.float(), training=False) is None
    assert torch.equal(layer.transform_images(x.float(), None, training=False), x.float())
    assert layer(x, training=True).dtype == torch.float32
    model = kplug.Sequential([layer])
    np.testing.assert_array_equal(model.predict(x.numpy(), verbose=0), x.float().numpy())
    assert layer.compute_output_shape((None, 6, 5, 3)) == (None, 6, 5, 3)


def test_a_layer_called_by_itself_changes_images() -> None:
    x = _draw()
    layer = layers.RandomRotation(0.3, seed=1)
    assert not torch.equal(layer(x), x)
    assert torch.equal(layer.eval()(x), x)
    assert not torch.equal(layer.train()(x), x)


LIMITS: list[tuple[str, dict[str, Any], str, float, float]] = [
    ("RandomRotation", {"factor": (-0.1, 0.25)}, "angle", -36.0, 90.0),
    ("RandomTranslation", {"height_factor": 0.0, "width_factor": 0.4}, "translations", -2.0, 2.0),
    ("RandomZoom", {"height_factor": (-0.5, 0.1)}, "height_zoom", 0.5, 1.1),
    ("RandomContrast", {"factor": (0.2, 0.7)}, "contrast_factor", 0.8, 1.7),
    ("RandomContrast", {"factor": 0.5}, "contrast_factor", 1.0, 1.5),
    ("RandomBrightness", {"factor": 0.2, "value_range": (0, 10)}, "rgb_delta", -2.0, 2.0),
]


@pytest.mark.parametrize(("name", "arguments", "key", "low", "high"), LIMITS)
def test_draws_are_uniform_between_the_limits_of_keras(
    name: str, arguments: dict[str, Any], key: str, low: float, high: float
) -> None:
    x = torch.zeros(4000, 4, 5, 1)
    own = getattr(layers, name)(**arguments, seed=1).get_random_transformation(x)[key]
    theirs = getattr(keras.layers, name)(**arguments, seed=1).get_random_transformation(x)[key]
    for drawn in (own, theirs):
        column = drawn.reshape(4000, -1)[:, 0]
        spread = high - low
        assert low <= column.min() < low + 0.01 * spread
        assert high - 0.01 * spread < column.max() <= high
        assert abs(column.mean() - (low + high) / 2) < 0.03 * spread


def test_half_of_the_images_are_mirrored() -> None:
    flips = layers.RandomFlip(seed=0).get_random_transformation(torch.zeros(4000, 1, 1, 1))["flips"]
    assert 0.47 < flips.float().mean() < 0.53


@pytest.mark.parametrize(("height", "width"), [(4, 3), (6, 5), (8, 4), (2, 9)])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_crops_in_inference(height: int, width: int, data_format: str) -> None:
    """The largest part around the middle that has the ratio of the outputs, in their size."""
    x = _draw(data_format)
    layer = layers.RandomCrop(height, width, data_format=data_format)
    expected = keras.ops.image.resize(
        x, (height, width), crop_to_aspect_ratio=True, data_format=data_format
    )
    torch.testing.assert_close(layer(x, training=False), expected)
    assert layer.compute_output_shape((None, *x.shape[1:])) == (None, *expected.shape[1:])


def test_crops_in_training_are_parts_of_the_images() -> None:
    x = torch.arange(30.0).reshape(1, 6, 5, 1)
    layer = layers.RandomCrop(2, 3, seed=0)
    corners = {int(layer(x)[0, 0, 0, 0]) for _ in range(200)}
    assert corners == {5 * row + column for row in range(5) for column in range(3)}
    for _ in range(3):
        part = layer(x)[0, ..., 0]
        torch.testing.assert_close(part - part[0, 0], torch.tensor([[0.0, 1, 2], [5, 6, 7]]))


@pytest.mark.parametrize(("name", "arguments"), ALL)
def test_a_config_of_keras_is_taken(name: str, arguments: dict[str, Any]) -> None:
    theirs = getattr(keras.layers, name)(**arguments, seed=3)
    config = getattr(layers, name).from_config(theirs.get_config()).get_config()
    wanted = json.loads(json.dumps(theirs.get_config()))
    wanted.pop("dtype")
    found = json.loads(json.dumps(config))
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")
def test_files_of_keras_and_back(tmp_path: Path) -> None:
    def build(library: Any) -> list[Any]:
        random = [getattr(library, name)(**arguments, seed=3) for name, arguments in LAYERS]
        return [*random, library.Conv2D(2, 3)]

    theirs = keras.Sequential([keras.Input((6, 5, 3)), *build(keras.layers)])
    theirs.save(tmp_path / "theirs.keras")
    x = _draw().numpy()
    ours = kplug.load_model(tmp_path / "theirs.keras")
    expected = theirs.predict(x, verbose=0)
    np.testing.assert_allclose(ours.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-5)
    ours.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras", compile=False)
    np.testing.assert_allclose(again.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-5)
    assert ours.layers[4].factor == tuple(again.layers[4].factor) == (-0.1, 0.4)


def test_augmentation_in_a_model_that_learns() -> None:
    kplug.utils.set_random_seed(0)
    x = _draw(count=32).numpy()
    model = kplug.Sequential(
        [
            kplug.Input((6, 5, 3)),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.RandomZoom(0.1),
            layers.RandomCrop(4, 4),
            kplug.layers.Flatten(),
            kplug.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    y = x.mean((1, 2, 3))
    losses = model.fit(x, y, epochs=15, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    first, second = (model.predict(x, verbose=0) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.RandomFlip("both"), "'mode' is 'both'; allowed"),
        (
            lambda: layers.RandomRotation(1.5),
            r"'factor' is 1.5; allowed: a number in \[-1, 1\], or two of them",
        ),
        (lambda: layers.RandomRotation((0.1, 0.2, 0.3)), r"'factor' is .*; allowed: a number in"),
        (
            lambda: layers.RandomZoom(-1.0),
            r"'height_factor' is -1.0; allowed: a number in \(-1, 1\]",
        ),
        (lambda: layers.RandomTranslation(0.1, "x"), "'width_factor' is 'x'; allowed: a number"),  # type: ignore[arg-type]
        (lambda: layers.RandomContrast(-0.1), r"'factor' is -0.1; allowed: a number in \[0, 1\]"),
        (
            lambda: layers.RandomBrightness(0.1, (0, 0)),
            "'value_range' is .*; allowed: two different",
        ),
        (lambda: layers.RandomRotation(0.1, "mirror"), "'fill_mode' is 'mirror'; allowed"),
        (lambda: layers.RandomZoom(0.1, interpolation="cubic"), "'interpolation' is 'cubic'; all"),
        (lambda: layers.RandomCrop(0, 1), "'height' is 0; allowed: an integer >= 1"),
        (lambda: layers.RandomFlip(seed="x"), "'seed' is 'x'; allowed: an integer, or None"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


@pytest.mark.parametrize("shape", [(6, 5), (1, 2, 6, 5, 3)])
def test_wrong_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="expects inputs"):
        layers.RandomFlip()(torch.zeros(shape))
