"""Flatten, reshape, activation and dropout beside what Keras's outputs prove."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug.errors import ArgumentValueError, DataError
from kplug.layers import (
    Activation,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    Reshape,
    UpSampling2D as Up,
)


def _make(layer_class: Any, argument: Any) -> Any:
    return layer_class(argument)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Dense(0), "Dense: argument 'units' is 0; allowed: an integer >= 1"),
        (lambda: _make(Dense, 2.5), "Dense: argument 'units' is 2.5; allowed: an integer >= 1"),
        (lambda: Dense(True), "Dense: argument 'units' is True; allowed: an integer >= 1"),
        (
            lambda: Conv2D(4, (3, 0)),
            "Conv2D: argument 'kernel_size' is (3, 0); allowed: an integer >= 1, or 2 of them",
        ),
        (
            lambda: Conv2D(4, (3, 3, 3)),
            "Conv2D: argument 'kernel_size' is (3, 3, 3); allowed: an integer >= 1, or 2 of them",
        ),
        (
            lambda: Conv2D(4, 3, padding="sam"),
            "Conv2D: argument 'padding' is 'sam'; allowed: 'valid' or 'same'",
        ),
        (
            lambda: Conv2D(4, 3, strides=2, dilation_rate=2),
            "Conv2D: argument 'dilation_rate' is (2, 2); allowed: 1 where strides are above 1",
        ),
        (
            lambda: Conv2D(4, 3, groups=3),
            "Conv2D: argument 'groups' is 3; allowed: a divisor of filters=4",
        ),
        (
            lambda: Conv2D(4, 3, data_format="NHWC"),
            "Conv2D: argument 'data_format' is 'NHWC'; "
            "allowed: one of 'channels_last', 'channels_first'",
        ),
        (
            lambda: _make(MaxPooling2D, "2"),
            "MaxPooling2D: argument 'pool_size' is '2'; allowed: an integer >= 1, or 2 of them",
        ),
        (
            lambda: Up(2, interpolation="area"),
            "UpSampling2D: argument 'interpolation' is 'area'; "
            "allowed: 'nearest', 'bilinear' or 'legacy_bilinear'",
        ),
        (
            lambda: Dropout(1.5),
            "Dropout: argument 'rate' is 1.5; allowed: a number in [0, 1]",
        ),
        (
            lambda: Reshape((2, -1, -1)),
            "Reshape: argument 'target_shape' is (2, -1, -1); "
            "allowed: a tuple of integers; one may be -1",
        ),
    ],
)
def test_wrong_arguments_are_refused(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make()
    assert str(caught.value) == text


def test_words_may_be_in_capitals() -> None:
    assert Conv2D(4, 3, padding="SAME").padding == "same"


@pytest.mark.parametrize("target_shape", [(5,), (5, -1), (3, 5)])
def test_reshape_names_what_does_not_fit(target_shape: tuple[int, ...]) -> None:
    layer = Reshape(target_shape, name="r")
    text = (
        f"layer 'r' cannot give samples of shape (3, 4) the shape {target_shape}: "
        "they hold 12 numbers"
    )
    with pytest.raises(DataError) as caught:
        _ = layer(Input((3, 4))).shape
    assert str(caught.value) == text
    built = Reshape(target_shape, name="r")
    built.built = True
    with pytest.raises(DataError) as caught:
        built(torch.zeros(2, 3, 4))
    assert str(caught.value) == text


def test_reshape_of_sizes_that_vary() -> None:
    assert Reshape((-1, 2))(Input((None, 4))).shape == (None, None, 2)


def test_groups_must_divide_the_channels() -> None:
    with pytest.raises(DataError) as caught:
        Conv2D(4, 1, groups=2, name="c")(torch.zeros(1, 2, 2, 3))
    assert str(caught.value) == (
        "layer 'c' splits channels into 2 groups, its inputs of shape (None, 2, 2, 3) have 3"
    )


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_pooling_refuses_an_image_without_a_batch(data_format: str) -> None:
    layer = MaxPooling2D(data_format=data_format, name="p")
    with pytest.raises(DataError, match=r"layer 'p' expects inputs of 4 axes"):
        layer(torch.zeros(4, 4, 1))
    layer(torch.zeros(1, 4, 4, 4))
    with pytest.raises(DataError, match=r"layer 'p' expects inputs of 4 axes, got shape \(4, 4, 1"):
        layer(torch.zeros(4, 4, 1))


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
    assert Up()(MaxPooling2D()(tensor)).shape == (None, None, None, 3)


def test_convolution_makes_no_copies_of_channels_last_images() -> None:
    layer = Conv2D(4, 3, padding="same")
    outputs = layer(torch.zeros(2, 8, 8, 3))
    assert outputs.is_contiguous()


def test_dropout_scales_what_it_keeps() -> None:
    layer = Dropout(0.25, seed=1)
    layer.train()
    made = layer(torch.ones(10_000))
    assert sorted(set(made.tolist())) == pytest.approx([0.0, 1 / 0.75])
    assert abs(float(made.mean()) - 1.0) < 0.03


def test_dropout_of_everything_is_zero() -> None:
    assert Dropout(1.0)(torch.ones(3), training=True).tolist() == [0.0, 0.0, 0.0]
    assert Dropout(1.0, seed=1)(torch.ones(3), training=True).tolist() == [0.0, 0.0, 0.0]


def test_seeded_dropout_goes_on_and_repeats() -> None:
    first, second = Dropout(0.5, seed=4), Dropout(0.5, seed=4)
    ones = torch.ones(100)
    draws = [first(ones, training=True) for _ in range(2)]
    assert not torch.equal(draws[0], draws[1])
    assert torch.equal(draws[0], second(ones, training=True))


def test_dropout_shares_its_draw() -> None:
    made = Dropout(0.5, noise_shape=(None, 1))(torch.ones(40, 3), training=True)
    assert torch.equal(made, made[:, :1].expand(40, 3))


def test_shape_of_a_seeded_dropout_draws_nothing() -> None:
    layer = Dropout(0.5, seed=4)
    layer.train()
    assert layer(Input((3,))).shape == (None, 3)
    assert layer.training


def test_flatten_needs_a_batch() -> None:
    with pytest.raises(DataError, match="expects inputs of at least 1 axes"):
        Flatten()(torch.zeros(()))


def test_activation_takes_a_function() -> None:
    assert Activation(torch.sin)(torch.zeros(1, 1)).tolist() == [[0.0]]
