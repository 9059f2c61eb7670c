"""Flatten, reshape, permute and repeat, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import pytest
import torch
from hypothesis import given, strategies as st

from kplug import layers
from kplug.errors import ArgumentValueError, DataError
from kplug.layers import Flatten, Input, Permute, RepeatVector, Reshape
from tests.layers.inputs import SETTINGS, data_formats, draw, words


@given(sizes=st.lists(st.integers(1, 4), max_size=4), data_format=data_formats)
@SETTINGS
def test_flatten(compare: Any, sizes: list[int], data_format: str) -> None:
    compare("Flatten", draw(2, *sizes), data_format=data_format)


@given(
    target_shape=words([(12,), (3, 4), (4, 3), (2, 2, 3), (-1,), (3, -1), (2, -1, 2)]),
    sizes=words([(12,), (3, 4), (2, 3, 2)]),
)
@SETTINGS
def test_reshape(compare: Any, target_shape: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    compare("Reshape", draw(2, *sizes), target_shape=target_shape)


@pytest.mark.parametrize("dims", [(1,), (2, 1), (3, 1, 2), (1, 3, 2)])
def test_permute(compare: Any, dims: tuple[int, ...]) -> None:
    compare("Permute", draw(2, *range(3, 3 + len(dims))), dims=dims)


@pytest.mark.parametrize("n", [1, 3])
def test_repeat_vector(compare: Any, n: int) -> None:
    compare("RepeatVector", draw(2, 5), n=n)


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


def test_flatten_needs_a_batch() -> None:
    with pytest.raises(DataError, match="expects inputs of at least 1 axes"):
        Flatten()(torch.zeros(()))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: Reshape((2, -1, -1)),
            "Reshape: argument 'target_shape' is (2, -1, -1); "
            "allowed: a tuple of integers; one may be -1",
        ),
    ],
)
def test_wrong_shape_is_refused(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make()
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Permute((1, 3)), "allowed: each of 1, 2, … once, in the new order"),
        (lambda: Permute((0, 1)), "allowed: each of 1, 2, … once, in the new order"),
        (lambda: RepeatVector(0), "argument 'n' is 0; allowed: an integer >= 1"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Permute", {"dims": (2, 1)}),
        ("RepeatVector", {"n": 2}),
    ],
)
def test_config_is_read_from_both_libraries(name: str, arguments: dict[str, Any]) -> None:
    ours = getattr(layers, name)
    config = ours(**arguments).get_config()
    assert ours.from_config(config).get_config() == config
    theirs = ours.from_config(getattr(keras.layers, name)(**arguments).get_config())
    plain = {key: value for key, value in arguments.items() if not key.endswith("regularizer")}
    for argument, value in plain.items():
        assert getattr(theirs, argument) == value


@pytest.mark.parametrize(
    ("layer", "shape"), [(Permute((2, 1)), (2, 3)), (RepeatVector(2), (2, 3, 4))]
)
def test_wrong_rank(layer: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"expects inputs of \d axes, got shape"):
        layer(torch.ones(shape))
