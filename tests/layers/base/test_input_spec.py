"""Input checks of a layer: shapes, and one tensor or several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug import Input, Layer
from kplug.errors import (
    DataError,
)
from kplug.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    MaxPooling2D,
    ReLU,
    Reshape,
    TimeDistributed,
    UpSampling2D,
)

_MAKERS: list[Callable[..., Layer]] = [
    lambda **options: Activation("relu", **options),
    lambda **options: BatchNormalization(**options),
    lambda **options: Conv2D(1, 2, **options),
    lambda **options: Dense(1, **options),
    lambda **options: Dropout(0.5, **options),
    lambda **options: Embedding(3, 2, **options),
    lambda **options: Flatten(**options),
    lambda **options: MaxPooling2D(**options),
    lambda **options: ReLU(**options),
    lambda **options: Reshape((-1,), **options),
    lambda **options: TimeDistributed(Dense(1), **options),
    lambda **options: UpSampling2D(**options),
]
_HINT = "\n  Join them first, as Concatenate()([…]) does, or call the layer on each."


@pytest.mark.parametrize("make", _MAKERS)
@pytest.mark.parametrize(
    ("inputs", "what"),
    [
        ([torch.zeros(1, 4, 4, 2), torch.zeros(1, 4, 4, 2)], "a list of 2"),
        ((np.zeros((1, 4, 4, 2)),) * 3, "a tuple of 3"),
        ({"a": torch.zeros(1, 4, 4, 2)}, "a dict of 1"),
        ([Input((4, 4, 2)), Input((4, 4, 2))], "a list of 2"),
    ],
    ids=["tensors", "arrays", "dict", "symbolic"],
)
def test_several_are_refused(make: Callable[..., Layer], inputs: Any, what: str) -> None:
    with pytest.raises(DataError) as caught:
        make(name="one")(inputs)
    assert str(caught.value) == f"layer 'one' takes one tensor, got {what}{_HINT}"


def test_a_built_layer_refuses_several_too() -> None:
    layer = Dense(1, name="one")
    layer(torch.zeros(1, 2))
    with pytest.raises(DataError, match="layer 'one' takes one tensor, got a list of 2"):
        layer([torch.zeros(1, 2), torch.zeros(1, 2)])


def test_rows_of_numbers_are_one_array() -> None:
    assert Flatten()([[1.0, 2.0], [3.0, 4.0]]).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_the_annotation_of_call_decides_for_a_layer_of_your_own() -> None:
    class One(Layer):
        def call(self, inputs: Tensor) -> Tensor:
            return inputs

    class Two(Layer):
        def call(self, inputs: list[Tensor]) -> Tensor:
            return inputs[0] - inputs[1]

    class Open(Layer):
        takes_several = True

        def call(self, inputs: Tensor) -> Tensor:
            return torch.stack(list(inputs))

    pair = [torch.ones(1), torch.ones(1)]
    with pytest.raises(DataError, match="takes one tensor, got a list of 2"):
        One()(pair)
    assert Two()(pair).tolist() == [0.0]
    assert Open()(pair).shape == (2, 1)
    assert Add()(pair).tolist() == [2.0]


@pytest.mark.parametrize(
    ("make", "shape", "expected", "wrong"),
    [
        (lambda: Dense(3), (2, 4), "shape (None, 4)", (2, 5)),
        (lambda: Dense(3), (2, 7, 4), "shape (None, 7, 4)", (2, 7, 5)),
        (lambda: Dense(3), (2, 4), "shape (None, 4)", (4,)),
        (lambda: Conv2D(3, 2), (1, 5, 5, 2), "shape (None, None, None, 2)", (1, 5, 5, 3)),
        (lambda: Conv2D(3, 2), (1, 5, 5, 2), "shape (None, None, None, 2)", (5, 5, 2)),
        (
            lambda: Conv2D(3, 2, data_format="channels_first"),
            (1, 2, 5, 5),
            "shape (None, 2, None, None)",
            (2, 5, 5),
        ),
    ],
)
def test_wrong_shape_names_layer_and_both_shapes(
    make: Any, shape: tuple[int, ...], expected: str, wrong: tuple[int, ...]
) -> None:
    layer = make()
    layer(torch.zeros(shape))
    with pytest.raises(DataError) as caught:
        layer(torch.zeros(wrong))
    assert str(caught.value) == (
        f"layer {layer.name!r} expects inputs of {expected}, got shape {wrong}"
    )
