"""Every layer against Keras: outputs, weights in order and shape, gradients."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings, strategies as st

from kplug import layers

SETTINGS = settings(max_examples=40, deadline=None)
words = st.sampled_from
data_formats = words(["channels_last", "channels_first"])
# Keras warns of a softmax over one channel.
activations = words([None, "relu", "tanh", "softmax"])


def _compare(name: str, x: torch.Tensor, **arguments: Any) -> None:
    """Make the layer in both, copy Keras's weights, and compare outputs and input gradients."""
    theirs = getattr(keras.layers, name)(**arguments)
    ours = getattr(layers, name)(**arguments)
    theirs.build(tuple(x.shape))
    theirs.set_weights([_draw(*variable.shape, seed=9).numpy() for variable in theirs.weights])
    expected_weights = [variable.value.detach().numpy() for variable in theirs.weights]
    ours.build_for((None, *x.shape[1:]))
    ours.set_weights(expected_weights)
    ours_x, theirs_x = x.clone().requires_grad_(), x.clone().requires_grad_()
    made = ours(ours_x)
    with _no_onednn():
        expected = theirs(theirs_x)
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)
    assert ours.compute_output_shape((None, *x.shape[1:])) == (None, *expected.shape[1:])
    for one, other in zip(ours.get_weights(), expected_weights, strict=True):
        np.testing.assert_array_equal(one, other)
    made.square().sum().backward()
    try:
        expected.square().sum().backward()
    except RuntimeError as error:
        # torch 2.13 refuses the gradient of some small kernels in the layout that Keras gives them.
        if "slow_conv2d: grad_weight must be contiguous" not in str(error):
            raise
        return
    torch.testing.assert_close(ours_x.grad, theirs_x.grad, rtol=1e-3, atol=1e-3)
    for weight, variable in zip(ours.weights, theirs.weights, strict=True):
        torch.testing.assert_close(weight.grad, variable.value.grad, rtol=1e-3, atol=1e-3)


@contextlib.contextmanager
def _no_onednn() -> Iterator[None]:
    """Switch off torch's oneDNN kernels.

    In torch 2.13 they give wrong numbers for some strided convolutions of contiguous OIHW kernels, which
    is how Keras calls them: 4×4 images, a 3×3 kernel, strides (1, 2), one channel, one filter.
    """
    was_enabled = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(was_enabled)


def _draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    units=st.integers(1, 5),
    use_bias=st.booleans(),
    activation=activations,
)
@SETTINGS
def test_dense(sizes: list[int], units: int, use_bias: bool, activation: str | None) -> None:
    assume(activation != "softmax" or units > 1)
    x = _draw(3, *sizes)
    _compare("Dense", x, units=units, use_bias=use_bias, activation=activation)


@given(
    size=st.tuples(st.integers(4, 7), st.integers(4, 7)),
    channels=st.integers(1, 2),
    filters=st.integers(1, 2),
    kernel_size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation_rate=st.integers(1, 2),
    padding=words(["valid", "same"]),
    groups=st.integers(1, 2),
    data_format=data_formats,
    use_bias=st.booleans(),
    activation=activations,
)
@settings(max_examples=60, deadline=None)
def test_conv2d(
    size: tuple[int, int],
    channels: int,
    filters: int,
    kernel_size: tuple[int, int],
    dilation_rate: int,
    padding: str,
    groups: int,
    data_format: str,
    **arguments: Any,
) -> None:
    assume(dilation_rate == 1 or arguments["strides"] == (1, 1))
    reach = [(window - 1) * dilation_rate + 1 for window in kernel_size]
    assume(padding == "same" or all(a <= b for a, b in zip(reach, size, strict=True)))
    is_last = data_format == "channels_last"
    assume(arguments["activation"] != "softmax" or (is_last and filters * groups > 1))
    channels *= groups
    shape = (*size, channels) if is_last else (channels, *size)
    _compare(
        "Conv2D",
        _draw(2, *shape),
        filters=filters * groups,
        kernel_size=kernel_size,
        dilation_rate=dilation_rate,
        padding=padding,
        groups=groups,
        data_format=data_format,
        **arguments,
    )


@given(
    size=st.tuples(st.integers(4, 7), st.integers(4, 7)),
    pool_size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.one_of(st.none(), st.integers(1, 3)),
    padding=words(["valid", "same"]),
    data_format=data_formats,
)
@SETTINGS
def test_max_pooling2d(size: tuple[int, int], data_format: str, **arguments: Any) -> None:
    shape = (*size, 2) if data_format == "channels_last" else (2, *size)
    _compare("MaxPooling2D", _draw(2, *shape), data_format=data_format, **arguments)


@given(
    size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    data_format=data_formats,
    interpolation=words(["nearest", "bilinear"]),
)
@SETTINGS
def test_up_sampling2d(size: tuple[int, int], data_format: str, interpolation: str) -> None:
    shape = (3, 4, 2) if data_format == "channels_last" else (2, 3, 4)
    _compare(
        "UpSampling2D",
        _draw(2, *shape),
        size=size,
        data_format=data_format,
        interpolation=interpolation,
    )


@given(sizes=st.lists(st.integers(1, 4), max_size=4), data_format=data_formats)
@SETTINGS
def test_flatten(sizes: list[int], data_format: str) -> None:
    _compare("Flatten", _draw(2, *sizes), data_format=data_format)


@given(
    target_shape=words([(12,), (3, 4), (4, 3), (2, 2, 3), (-1,), (3, -1), (2, -1, 2)]),
    sizes=words([(12,), (3, 4), (2, 3, 2)]),
)
@SETTINGS
def test_reshape(target_shape: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    _compare("Reshape", _draw(2, *sizes), target_shape=target_shape)


@pytest.mark.parametrize("activation", ["relu", "softmax", "elu", "linear", "selu"])
def test_activation(activation: str) -> None:
    _compare("Activation", _draw(2, 3, 4), activation=activation)


def test_dropout_at_inference() -> None:
    _compare("Dropout", _draw(2, 5), rate=0.5)


def test_reference_windows_of_same_padding_at_stride_two() -> None:
    layer = layers.Conv2D(1, (1, 3), strides=(1, 2), padding="same", use_bias=False)
    layer.build_for((None, 1, 6, 1))
    layer.set_weights([np.array([1.0, 10.0, 100.0]).reshape(1, 3, 1, 1)])
    outputs = layer(torch.arange(1.0, 7.0).reshape(1, 1, 6, 1))
    assert outputs.flatten().tolist() == [321.0, 543.0, 65.0]
