"""Sizes of images against Keras."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest
import torch
from kplug_preprocessing import layers

from kplug.errors import ArgumentError, ArgumentValueError

SIZES = [(4, 3), (6, 5), (8, 10), (3, 7), (7, 7), (1, 1)]


def _draw(data_format: str, *lead: int) -> torch.Tensor:
    shape = (6, 5, 3) if data_format == "channels_last" else (3, 6, 5)
    return torch.rand(*lead, *shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.sampled
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"interpolation": "nearest"},
        {"interpolation": "bicubic", "antialias": True},
        {"crop_to_aspect_ratio": True},
        {"pad_to_aspect_ratio": True, "fill_value": 0.5},
    ],
)
@pytest.mark.parametrize("lead", [(2,), ()])
def test_resizing(
    size: tuple[int, int], arguments: dict[str, Any], data_format: str, lead: tuple[int, ...]
) -> None:
    given = {"height": size[0], "width": size[1], "data_format": data_format, **arguments}
    ours, theirs = layers.Resizing(**given), keras.layers.Resizing(**given)
    x = _draw(data_format, *lead)
    expected = theirs(x)
    torch.testing.assert_close(ours(x), expected, rtol=1e-4, atol=1e-5)
    numbers = (255 * x).to(torch.uint8)
    assert (ours(numbers).int() - theirs(numbers).int()).abs().max() <= 1
    assert ours(numbers).dtype == torch.uint8
    if lead:
        assert ours.compute_output_shape((None, *x.shape[1:])) == (None, *expected.shape[1:])
    again = layers.Resizing.from_config(theirs.get_config())
    assert again.get_config()["interpolation"] == ours.interpolation


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lead", [(2,), ()])
def test_center_crop(size: tuple[int, int], data_format: str, lead: tuple[int, ...]) -> None:
    ours = layers.CenterCrop(*size, data_format=data_format)
    theirs = keras.layers.CenterCrop(*size, data_format=data_format)
    x = _draw(data_format, *lead)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours((255 * x).to(torch.uint8)), theirs((255 * x).to(torch.uint8)))
    config = ours.get_config()
    assert json.loads(json.dumps(layers.CenterCrop.from_config(config).get_config())) == json.loads(
        json.dumps(config)
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Resizing(0, 1), "'height' is 0; allowed: an integer >= 1"),
        (lambda: layers.Resizing(1, 1, "area"), "'interpolation' is 'area'; allowed"),
        (lambda: layers.Resizing(1, 1, fill_mode="wrap"), "'fill_mode' is 'wrap'; allowed"),
        (lambda: layers.CenterCrop(1, 1.5), "'width' is 1.5; allowed: an integer >= 1"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


def test_both_ratios() -> None:
    with pytest.raises(ArgumentError, match="either crops or pads to the aspect ratio, got both"):
        layers.Resizing(1, 1, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)
