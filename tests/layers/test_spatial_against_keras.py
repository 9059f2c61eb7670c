"""Convolution and pooling layers of one, two and three dimensions against Keras."""

from __future__ import annotations

import contextlib
import inspect
import itertools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from kplug import layers
from kplug.backend import clear_session
from kplug.backend.windows import same_paddings
from kplug.errors import ArgumentError, ArgumentValueError, DataError

SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much]
)
words = st.sampled_from
data_formats = words(["channels_last", "channels_first"])
ranks = st.integers(1, 3)
pairs = st.tuples(st.integers(0, 2), st.integers(0, 2))


def _draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _images(rank: int, size: tuple[int, ...], channels: int, data_format: str) -> torch.Tensor:
    sizes = size[:rank]
    is_last = data_format == "channels_last"
    return _draw(2, *((*sizes, channels) if is_last else (channels, *sizes)))


@contextlib.contextmanager
def _no_onednn() -> Iterator[None]:
    was_enabled = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(was_enabled)


def _compare(name: str, x: torch.Tensor, **arguments: Any) -> None:
    """Make the layer in both, copy Keras's weights, compare outputs, shapes and gradients."""
    theirs, ours = getattr(keras.layers, name)(**arguments), getattr(layers, name)(**arguments)
    theirs.build(tuple(x.shape))
    theirs.set_weights([_draw(*variable.shape, seed=9).numpy() for variable in theirs.weights])
    ours.build_for((None, *x.shape[1:]))
    assert [one for one, _ in ours.named_weights()] == [one.name for one in theirs.weights]
    values = [variable.value.detach().numpy() for variable in theirs.weights]
    ours.set_weights(values)
    for one, other in zip(ours.get_weights(), values, strict=True):
        np.testing.assert_array_equal(one, other)
    ours_x, theirs_x = x.clone().requires_grad_(), x.clone().requires_grad_()
    made = ours(ours_x)
    made.square().sum().backward()
    # torch 2.13's oneDNN gives wrong numbers for some small kernels in the layout of Keras's.
    with _no_onednn():
        expected = theirs(theirs_x)
        torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)
        inferred = ours.compute_output_shape((None, *x.shape[1:]))
        assert inferred == (None, *expected.shape[1:])
        try:
            expected.square().sum().backward()
        except RuntimeError as error:
            if "grad_weight" not in str(error):
                raise
            assert all(weight.grad.isfinite().all() for weight in ours.weights)
            return
    torch.testing.assert_close(ours_x.grad, theirs_x.grad, rtol=1e-3, atol=1e-3)
    for weight, variable in zip(ours.weights, theirs.weights, strict=True):
        torch.testing.assert_close(weight.grad, variable.value.grad, rtol=1e-3, atol=1e-3)


def _require_fit(
    size: tuple[int, ...], window: tuple[int, ...], strides: tuple[int, ...], arguments: Any
) -> None:
    """Leave out strided dilation, which both refuse, and windows that are larger than the inputs."""
    dilation = arguments.get("dilation_rate", 1)
    assume(dilation == 1 or max(strides) == 1)
    fits = all((k - 1) * dilation + 1 <= n for k, n in zip(window, size, strict=True))
    assume(arguments["padding"] != "valid" or fits)


sizes = st.tuples(*[st.integers(3, 6)] * 3)
windows = st.tuples(*[st.integers(1, 3)] * 3)
steps = st.tuples(*[st.integers(1, 3)] * 3)
sliding = {
    "rank": ranks,
    "size": sizes,
    "channels": st.integers(1, 3),
    "kernel_size": windows,
    "strides": steps,
    "dilation_rate": st.integers(1, 2),
    "padding": words(["valid", "same"]),
    "data_format": data_formats,
    "use_bias": st.booleans(),
    "activation": words([None, "tanh"]),
}


@given(
    **{**sliding, "padding": words(["valid", "same", "causal"])},
    filters=st.integers(1, 2),
    groups=st.integers(1, 2),
)
@settings(SETTINGS, max_examples=90)
def test_convolution(
    rank: int,
    size: tuple[int, ...],
    channels: int,
    filters: int,
    groups: int,
    kernel_size: tuple[int, ...],
    strides: tuple[int, ...],
    **arguments: Any,
) -> None:
    assume(rank == 1 or arguments["padding"] != "causal")
    _require_fit(size[:rank], kernel_size[:rank], strides[:rank], arguments)
    _compare(
        f"Conv{rank}D",
        _images(rank, size, channels * groups, arguments["data_format"]),
        filters=filters * groups,
        groups=groups,
        kernel_size=kernel_size[:rank],
        strides=strides[:rank],
        **arguments,
    )


@given(
    rank=ranks,
    size=sizes,
    pool_size=windows,
    strides=st.one_of(st.none(), steps),
    padding=words(["valid", "same"]),
    data_format=data_formats,
    kind=words(["Max", "Average"]),
)
@SETTINGS
def test_pooling(
    rank: int,
    size: tuple[int, ...],
    pool_size: tuple[int, ...],
    strides: tuple[int, ...] | None,
    kind: str,
    padding: str,
    **arguments: Any,
) -> None:
    window = pool_size[:rank]
    moves = window if strides is None else strides[:rank]
    cells = same_paddings(size[:rank], window, moves, [1] * rank)
    # Keras 3.15 on torch gives wrong means where one side is padded more; there is a test of that below.
    assume(kind == "Max" or padding == "valid" or all(a == b for a, b in cells))
    _compare(
        f"{kind}Pooling{rank}D",
        _images(rank, size, 2, arguments["data_format"]),
        pool_size=window,
        strides=None if strides is None else moves,
        padding=padding,
        **arguments,
    )


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(("size", "window", "stride"), [(4, 3, 2), (5, 2, 1), (5, 2, 3), (6, 3, 1)])
def test_mean_of_same_padding_is_over_real_cells(
    rank: int, size: int, window: int, stride: int
) -> None:
    x = _draw(2, *[size] * rank, 3).double()
    layer = getattr(layers, f"AveragePooling{rank}D")(window, stride, "same", dtype="float64")
    count = -(-size // stride)
    before = max((count - 1) * stride + window - size, 0) // 2
    starts = [index * stride - before for index in range(count)]
    means = []
    for place in itertools.product(range(count), repeat=rank):
        cells = x
        for axis, index in enumerate(place, start=1):
            start, end = max(starts[index], 0), min(starts[index] + window, size)
            cells = cells.narrow(axis, start, end - start)
        means.append(cells.flatten(1, -2).mean(1))
    expected = torch.stack(means, 1).reshape(2, *[count] * rank, 3)
    torch.testing.assert_close(layer(x), expected)


def test_reference_mean_of_same_padding() -> None:
    x = torch.arange(1.0, 5.0).reshape(1, 4, 1)
    assert layers.AveragePooling1D(3, 2, "same")(x).flatten().tolist() == [2.0, 3.5]


@given(
    rank=ranks,
    size=sizes,
    data_format=data_formats,
    keepdims=st.booleans(),
    kind=words(["Max", "Average"]),
)
@SETTINGS
def test_global_pooling(rank: int, size: tuple[int, ...], kind: str, **arguments: Any) -> None:
    x = _images(rank, size, 3, arguments["data_format"])
    _compare(f"Global{kind}Pooling{rank}D", x, **arguments)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("keepdims", [False, True])
def test_global_average_of_masked_times(data_format: str, keepdims: bool) -> None:
    x = _images(1, (4,), 3, data_format)
    mask = torch.tensor([[1, 1, 0, 0], [1, 0, 1, 1]]).bool()
    arguments: dict[str, Any] = {"data_format": data_format, "keepdims": keepdims}
    made = layers.GlobalAveragePooling1D(**arguments)(x, mask=mask)
    expected = keras.layers.GlobalAveragePooling1D(**arguments)(x, mask=mask)
    torch.testing.assert_close(made, expected)


@given(
    **sliding, filters=st.integers(1, 2), depth_multiplier=st.integers(1, 2), is_mixed=st.booleans()
)
@settings(SETTINGS, max_examples=60)
def test_depthwise_and_separable(
    rank: int,
    size: tuple[int, ...],
    channels: int,
    filters: int,
    kernel_size: tuple[int, ...],
    strides: tuple[int, ...],
    is_mixed: bool,
    **arguments: Any,
) -> None:
    rank = min(rank, 2)
    _require_fit(size[:rank], kernel_size[:rank], strides[:rank], arguments)
    _compare(
        f"SeparableConv{rank}D" if is_mixed else f"DepthwiseConv{rank}D",
        _images(rank, size, channels, arguments["data_format"]),
        kernel_size=kernel_size[:rank],
        strides=strides[:rank],
        **({"filters": filters} if is_mixed else {}),
        **arguments,
    )


@given(
    **sliding,
    filters=st.integers(1, 2),
    output_padding=st.one_of(st.none(), st.tuples(*[st.integers(0, 2)] * 3)),
)
@settings(SETTINGS, max_examples=90)
def test_transposed_convolution(
    rank: int,
    size: tuple[int, ...],
    kernel_size: tuple[int, ...],
    strides: tuple[int, ...],
    output_padding: tuple[int, ...] | None,
    channels: int,
    **arguments: Any,
) -> None:
    moves = strides[:rank]
    assume(arguments["dilation_rate"] == 1 or max(moves) == 1)
    added = None
    if output_padding is not None:
        added = tuple(
            min(cells, step - 1) for cells, step in zip(output_padding[:rank], moves, strict=True)
        )
    _compare(
        f"Conv{rank}DTranspose",
        _images(rank, size, channels, arguments["data_format"]),
        kernel_size=kernel_size[:rank],
        strides=moves,
        output_padding=added,
        **arguments,
    )


def test_reference_transposed_convolution_of_same_padding() -> None:
    layer = layers.Conv1DTranspose(1, 3, strides=2, padding="same", use_bias=False)
    layer.build_for((None, 3, 1))
    layer.set_weights([np.array([1.0, 10.0, 100.0]).reshape(3, 1, 1)])
    made = layer(torch.ones(1, 3, 1)).flatten().tolist()
    assert made == [1.0, 10.0, 101.0, 10.0, 101.0, 10.0]


@given(rank=ranks, size=sizes, padding=st.tuples(pairs, pairs, pairs), data_format=data_formats)
@SETTINGS
def test_zero_padding(
    rank: int, size: tuple[int, ...], padding: tuple[tuple[int, int], ...], data_format: str
) -> None:
    given = padding[0] if rank == 1 else padding[:rank]
    x = _images(rank, size, 2, data_format)
    _compare(f"ZeroPadding{rank}D", x, padding=given, data_format=data_format)


@given(rank=ranks, cropping=st.tuples(pairs, pairs, pairs), data_format=data_formats)
@SETTINGS
def test_cropping(rank: int, cropping: tuple[tuple[int, int], ...], data_format: str) -> None:
    layout = {} if rank == 1 else {"data_format": data_format}
    given = cropping[0] if rank == 1 else cropping[:rank]
    x = _images(rank, (5, 6, 7), 2, layout.get("data_format", "channels_last"))
    _compare(f"Cropping{rank}D", x, cropping=given, **layout)


@pytest.mark.parametrize("amount", [1, (1, 2)])
@pytest.mark.parametrize("name", ["ZeroPadding2D", "Cropping2D"])
def test_short_forms_of_edges(name: str, amount: object) -> None:
    argument = "padding" if name.startswith("Zero") else "cropping"
    _compare(name, _draw(2, 5, 6, 2), **{argument: amount})


@given(size=st.tuples(*[st.integers(1, 3)] * 3), data_format=data_formats)
@SETTINGS
def test_up_sampling(size: tuple[int, int, int], data_format: str) -> None:
    x = _images(3, (2, 3, 4), 2, data_format)
    _compare("UpSampling3D", x, size=size, data_format=data_format)
    _compare("UpSampling1D", _draw(2, 4, 3), size=size[0])


def _spatial_names() -> list[str]:
    stems = ("Conv", "Pool", "Padding", "Cropping", "UpSampling")
    return [
        name
        for name, layer in vars(layers).items()
        if any(stem in name for stem in stems) and inspect.isclass(layer)
    ]


@pytest.mark.parametrize("name", _spatial_names())
def test_arguments_come_in_the_order_of_keras(name: str) -> None:
    def positional(layer: type) -> list[str]:
        parameters = inspect.signature(layer).parameters.values()
        return [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]

    ours, theirs = getattr(layers, name), getattr(keras.layers, name)
    assert positional(ours) == [one for one in positional(theirs) if one != "name"]
    assert ours.__name__ == theirs.__name__


@pytest.mark.parametrize("name", _spatial_names())
def test_configurations_go_round_and_are_those_of_keras(name: str) -> None:
    given: dict[str, Any] = {"pool_size": 2} if name.startswith("A") else {}
    if name.startswith("Adaptive"):
        given = {"output_size": 2}
    if "Conv" in name:
        given = {"kernel_size": 2} | ({} if name.startswith("Depthwise") else {"filters": 4})
    clear_session()
    keras.utils.clear_session()
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


def test_integers_become_numbers_of_the_layers_type() -> None:
    x = torch.arange(4).reshape(1, 4, 1)
    assert layers.AveragePooling1D()(x).flatten().tolist() == [0.5, 2.5]
    assert layers.GlobalAveragePooling1D()(x).item() == 1.5
    assert layers.UpSampling1D()(x).flatten().tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_shapes_of_unknown_sizes() -> None:
    for made, expected in (
        (layers.Conv1D(2, 3), (None, None, 2)),
        (layers.Conv1DTranspose(2, 3, 2), (None, None, 2)),
        (layers.Cropping1D(100), (None, None, 3)),
        (layers.GlobalMaxPooling1D(), (None, 3)),
        (layers.UpSampling1D(), (None, None, 3)),
    ):
        assert made.compute_output_shape((None, None, 3)) == expected


def test_cropping_that_leaves_nothing_says_so() -> None:
    fits = "cuts 4 cells off axis 2 of its inputs, of which shape .* has 4: nothing is left"
    with pytest.raises(DataError, match=fits):
        layers.Cropping2D(((0, 0), (1, 3)))(torch.zeros(1, 5, 4, 1))
    with pytest.raises(DataError, match=fits):
        layers.Cropping2D(((0, 0), (1, 3))).compute_output_shape((None, 5, 4, 1))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: layers.Conv1D(0, 3), "Conv1D: argument 'filters' is 0; allowed: an integer >= 1"),
        (
            lambda: layers.Conv3D(1, (1, 2)),
            r"Conv3D: argument 'kernel_size' is \(1, 2\); allowed: an integer >= 1, or 3 of them",
        ),
        (
            lambda: layers.Conv3D(1, 3, padding="causal"),
            "Conv3D: argument 'padding' is 'causal'; allowed: 'valid' or 'same'",
        ),
        (
            lambda: layers.Conv1D(1, 3, strides=2, dilation_rate=2),
            r"Conv1D: argument 'dilation_rate' is \(2,\); allowed: 1 where strides are above 1",
        ),
        (
            lambda: layers.Conv2DTranspose(1, 3, strides=2, output_padding=2),
            r"Conv2DTranspose: argument 'output_padding' is 2; allowed: below strides=\(2, 2\)",
        ),
        (
            lambda: layers.DepthwiseConv2D(3, depth_multiplier=0),
            "DepthwiseConv2D: argument 'depth_multiplier' is 0; allowed: an integer >= 1",
        ),
        (
            lambda: layers.ZeroPadding1D(-1),
            r"argument 'padding' is -1; allowed: an integer >= 0, a pair \(before, after\)",
        ),
        (
            lambda: layers.Cropping2D((1, 2, 3)),
            r"'cropping' is \(1, 2, 3\); allowed: an integer >= 0, 2 of them, or 2 pairs",
        ),
    ],
)
def test_refused_arguments(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError, match=text):
        make()


def test_layers_of_sequences_alone_have_no_layout() -> None:
    with pytest.raises(ArgumentError, match="has no argument 'data_format'"):
        layers.Cropping1D(1, data_format="channels_first")
    with pytest.raises(ArgumentError, match="has no argument 'data_format'"):
        layers.UpSampling1D(2, data_format="channels_first")


def test_penalties_and_constraints_reach_each_kernel() -> None:
    layer = layers.SeparableConv2D(
        2,
        2,
        depthwise_regularizer="l1",
        pointwise_regularizer="l2",
        bias_regularizer="l2",
        pointwise_constraint="non_neg",
        activity_regularizer="l2",
    )
    layer(torch.ones(1, 4, 4, 3))
    shapes = [tuple(weight.shape) for _, weight in layer.weight_penalties()]
    assert shapes == [(2, 2, 3, 1), (1, 1, 3, 2), (2,)]
    assert [tuple(weight.shape) for _, weight in layer.weight_constraints()] == [(1, 1, 3, 2)]
    assert len(layer.activity_penalties) == 1


@pytest.mark.parametrize("name", ["convolution1d(4, 3)", "AvgPool2D(2)", "conv_2d_transpose(1, 2)"])
def test_layers_are_components(name: str) -> None:
    assert isinstance(layers.get(name), layers.Layer)
