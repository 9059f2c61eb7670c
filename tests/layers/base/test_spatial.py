"""Every spatial layer: data layout, windows that must fit, arguments and configurations."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import pytest
import torch

from kplug import layers
from kplug.backend import clear_session
from kplug.errors import ArgumentError, DataError
from kplug.layers import Conv2D, Input, Layer, MaxPooling2D, UpSampling2D


@pytest.mark.parametrize(
    ("layer", "window"),
    [
        (Conv2D(1, 5, name="c"), "5 x 5"),
        (Conv2D(1, (2, 3), dilation_rate=2, name="c"), "3 x 5"),
        (MaxPooling2D((1, 4), name="c"), "1 x 4"),
        (MaxPooling2D(4, data_format="channels_first", name="c"), "4 x 4"),
    ],
)
def test_window_that_does_not_fit(layer: Layer, window: str) -> None:
    message = (
        f"layer 'c' has windows of {window} cells, which do not fit into inputs of 3 x 3\n"
        "  Use a smaller window, padding='same', or larger inputs."
    )
    images = torch.zeros(1, 3, 3, 3)
    with pytest.raises(DataError) as caught:
        layer(images)
    assert str(caught.value) == message
    with pytest.raises(DataError) as caught:
        _ = type(layer).from_config(layer.get_config())(Input((3, 3, 3))).shape
    assert str(caught.value) == message


def test_images_of_any_size() -> None:
    tensor = Conv2D(3, 3, padding="same", strides=2)(Input((None, None, 1)))
    assert UpSampling2D()(MaxPooling2D()(tensor)).shape == (None, None, None, 3)


def _spatial_names() -> list[str]:
    stems = ("Conv", "Pool", "Padding", "Cropping", "UpSampling")
    return [
        name
        for name, layer in vars(layers).items()
        if any(stem in name for stem in stems) and "LSTM" not in name and inspect.isclass(layer)
    ]


@pytest.mark.parametrize("name", _spatial_names())
def test_arguments_come_in_the_order_of_keras(name: str) -> None:
    def positional(layer: type) -> list[str]:
        parameters = inspect.signature(layer).parameters.values()
        return [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]

    ours, theirs = getattr(layers, name), getattr(keras.layers, name)
    assert positional(ours) == [one for one in positional(theirs) if one != "name"]
    assert ours.__name__ == theirs.__name__


@pytest.mark.sampled
@pytest.mark.parametrize("name", _spatial_names())
def test_configurations_go_round_and_are_those_of_keras(name: str) -> None:
    given: dict[str, Any] = {"pool_size": 2} if name.startswith("A") else {}
    if name.startswith("Adaptive"):
        given = {"output_size": 2}
    if "Conv" in name:
        given = {"kernel_size": 2} | ({} if name.startswith("Depthwise") else {"filters": 4})
    clear_session()
    keras.utils.clear_session(free_memory=False)
    ours, theirs = getattr(layers, name)(**given), getattr(keras.layers, name)(**given)
    config = ours.get_config()
    assert type(ours).from_config(config).get_config() == config
    expected = theirs.get_config()
    assert config["name"] == expected["name"]
    made = type(ours).from_config(expected).get_config()
    assert made == config
    plain = (int, str, bool, tuple)
    for key, value in config.items():
        if isinstance(value, plain) and not str(value).startswith("kplug/") and key != "dtype":
            assert value == expected[key], key


def test_shapes_of_unknown_sizes() -> None:
    for made, expected in (
        (layers.Conv1D(2, 3), (None, None, 2)),
        (layers.Conv1DTranspose(2, 3, 2), (None, None, 2)),
        (layers.Cropping1D(100), (None, None, 3)),
        (layers.GlobalMaxPooling1D(), (None, 3)),
        (layers.UpSampling1D(), (None, None, 3)),
    ):
        assert made.compute_output_shape((None, None, 3)) == expected


def test_layers_of_sequences_alone_have_no_layout() -> None:
    with pytest.raises(ArgumentError, match="has no argument 'data_format'"):
        layers.Cropping1D(1, data_format="channels_first")
    with pytest.raises(ArgumentError, match="has no argument 'data_format'"):
        layers.UpSampling1D(2, data_format="channels_first")


@pytest.mark.parametrize("name", ["convolution1d(4, 3)", "AvgPool2D(2)", "conv_2d_transpose(1, 2)"])
def test_layers_are_components(name: str) -> None:
    assert isinstance(layers.get(name), layers.Layer)
