"""Layers that make one tensor of several."""

from __future__ import annotations

import itertools
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings, strategies as st

import kplug
from kplug import Model, layers
from kplug.backend.masks import get_mask, set_mask
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import GraphFunction
from kplug.layers import Add, Average, Concatenate, Dense, Dot, Input, Subtract
from tests.layers.inputs import draw
from tests.told import telling

SETTINGS = settings(max_examples=25, deadline=None)
ELEMENTWISE = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"]
flags = st.booleans()


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(
    sizes=st.lists(st.integers(2, 4), min_size=1, max_size=3),
    count=st.integers(2, 4),
    data=st.data(),
)
@settings(max_examples=10, deadline=None)
def test_elementwise(compare: Any, name: str, sizes: list[int], count: int, data: Any) -> None:
    inputs = []
    for seed in range(2 if name == "Subtract" else count):
        shape = [data.draw(st.sampled_from([size, 1])) for size in sizes]
        inputs.append(draw(3, *shape, seed=seed))
    compare(name, inputs)


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("shapes", [[(2, 3), (2, 4, 3)], [(2, 4, 5, 3), (2, 5, 1)]])
def test_missing_axes_are_behind_the_batch(compare: Any, name: str, shapes: Any) -> None:
    compare(name, [draw(*shape, seed=seed) for seed, shape in enumerate(shapes)])


@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    count=st.integers(2, 3),
    data=st.data(),
)
@SETTINGS
def test_concatenate(compare: Any, sizes: list[int], count: int, data: Any) -> None:
    axis = data.draw(st.sampled_from([-1, *range(1, len(sizes) + 1)]))
    inputs = []
    for seed in range(count):
        shape = [2, *sizes]
        shape[axis] = data.draw(st.integers(1, 3))
        inputs.append(draw(*shape, seed=seed))
    compare("Concatenate", inputs, axis=axis)


@given(
    left=st.lists(st.integers(2, 4), min_size=1, max_size=3),
    right=st.lists(st.integers(2, 4), min_size=1, max_size=3),
    normalize=flags,
    data=st.data(),
)
@SETTINGS
def test_dot(compare: Any, left: list[int], right: list[int], normalize: bool, data: Any) -> None:
    axes = (data.draw(st.integers(1, len(left))), data.draw(st.integers(1, len(right))))
    assume(len(left) + len(right) < 6)
    left[axes[0] - 1] = right[axes[1] - 1]
    inputs = [draw(3, *left), draw(3, *right, seed=1)]
    compare("Dot", inputs, axes=axes, normalize=normalize)


@pytest.mark.parametrize("axes", [1, -1, [1, 1]])
def test_dot_of_rows(compare: Any, axes: Any) -> None:
    assert compare("Dot", [draw(3, 4), draw(3, 4, seed=1)], axes=axes).shape == (3, 1)


@pytest.mark.parametrize("name", ["Add", "Multiply", "Average", "Maximum", "Minimum"])
@pytest.mark.parametrize("is_masked", list(itertools.product([False, True], repeat=3)))
def test_masked_inputs_count_as_in_keras(name: str, is_masked: tuple[bool, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    tensors = [torch.randn(2, 5, 3, generator=generator) for _ in is_masked]
    for tensor, has_mask in zip(tensors, is_masked, strict=True):
        if has_mask:
            set_mask(tensor, torch.rand(2, 5, generator=generator) < 0.6)
    ours, theirs = getattr(layers, name)()(tensors), getattr(keras.layers, name)()(tensors)
    torch.testing.assert_close(ours, theirs)
    expected = get_mask(theirs)
    found = get_mask(ours)
    assert (found is None) == (expected is None)
    assert found is None or expected is None or torch.equal(found, expected)


@pytest.mark.parametrize("name", [*(name.lower() for name in ELEMENTWISE), "concatenate"])
def test_functions(name: str) -> None:
    inputs = [draw(2, 3), draw(2, 3, seed=1)]
    expected = getattr(keras.layers, name)(inputs)
    torch.testing.assert_close(getattr(layers, name)(inputs), expected)


def test_dot_function() -> None:
    inputs = [draw(2, 3), draw(2, 3, seed=1)]
    expected = keras.layers.dot(inputs, axes=1, normalize=True)
    torch.testing.assert_close(layers.dot(inputs, 1, normalize=True), expected)


def test_symbolic_tensors_are_connected() -> None:
    left, right = Input((4,)), Input((4,))
    joined = Concatenate()([Dense(3)(left), right])
    outputs = Add(name="sum")([joined, joined])
    assert (joined.shape, outputs.shape) == ((None, 7), (None, 7))
    assert [tensor.layer.name for tensor in outputs.node.input_tensors] == [joined.layer.name] * 2
    values = [np.ones((2, 4), "float32"), np.zeros((2, 4), "float32")]
    (made,) = GraphFunction([left, right], [outputs])(values)
    assert made.shape == (2, 7)
    np.testing.assert_array_equal(made[:, 3:], np.zeros((2, 4)))


def test_symbolic_sizes_that_vary() -> None:
    first, second = Input((None, 3)), Input((None, 3))
    assert Average()([first, second]).shape == (None, None, 3)
    assert Concatenate(axis=1)([first, second]).shape == (None, None, 3)


def test_layer_is_used_inside_a_model_and_trained() -> None:
    class Residual(kplug.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense, self.add, self.out = Dense(4), Add(), Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.out(self.add([inputs, self.dense(inputs)]))

    model = Residual()
    model.compile("sgd(lr=0.05)", "mse")
    x = draw(32, 4).numpy()
    history = model.fit(x, x.sum(axis=1, keepdims=True), epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]


@pytest.mark.parametrize(
    "layer", [Add(), Concatenate(1), Dot((1, 2), normalize=True), Dot(-1), Subtract(name="minus")]
)
def test_config_makes_the_layer_again(layer: Any) -> None:
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config
    theirs = getattr(keras.layers, type(layer).__name__)
    arguments = {key: config[key] for key in ("axis", "axes", "normalize") if key in config}
    type(layer).from_config(theirs(**arguments).get_config())


@pytest.mark.parametrize(
    ("layer", "shapes", "message"),
    [
        (Add(), [(2, 3), (2, 4)], r"shapes .*3\), .*4\): the sizes of axis -1 differ"),
        (Add(), [(2, 3), (1, 3)], "the batch sizes differ"),
        (Subtract(), [(2, 3)] * 3, "a list of exactly 2 tensors, got 3 of them"),
        (Concatenate(), [(2, 3), (2, 3, 1)], "the numbers of axes differ"),
        (
            Concatenate(1),
            [(2, 3, 1), (2, 3, 2)],
            "the sizes of axis 2 differ, and axis 1 is joined",
        ),
        (Concatenate(3), [(2, 3), (2, 3)], "there is no axis 3 to join along"),
        (Dot(1), [(2, 3), (2, 4)], r"the sizes of axes \(1, 1\) differ"),
        (Dot(2), [(2, 3), (2, 3)], "there is no axis 2 in"),
    ],
)
@pytest.mark.parametrize("is_built", [True, False])
def test_shapes_that_do_not_fit(layer: Any, shapes: Any, message: str, is_built: bool) -> None:
    fresh = type(layer).from_config(layer.get_config())
    if is_built and not isinstance(layer, Dot) and getattr(layer, "axis", 1) != 3:
        fresh([torch.ones(2, 3, 3), torch.ones(2, 3, 3)])
    with pytest.raises(DataError, match=message):
        fresh([torch.ones(shape) for shape in shapes])


def test_symbolic_shapes_that_do_not_fit() -> None:
    with pytest.raises(DataError, match="the sizes of axis -1 differ"):
        _ = Add()([Input((3,)), Input((4,))]).shape


@pytest.mark.parametrize("inputs", [torch.ones(2, 3), []])
def test_no_list(inputs: Any) -> None:
    with pytest.raises(DataError, match=r"is called on a list of tensors, got no list"):
        Add()(inputs)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Concatenate(0), "allowed: an integer other than 0, which is the batch"),
        (lambda: Dot(0), "allowed: an integer other than 0, or two of them"),
        (lambda: Dot((1, 2, 3)), "allowed: an integer other than 0, or two of them"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


@pytest.mark.parametrize("kind", [layers.Add, layers.Maximum, layers.Average, layers.Concatenate])
def test_a_list_of_one_tensor_is_told_of_once(kind: Any) -> None:
    inputs = layers.Input((2,))
    with telling() as told:
        model = Model(inputs, kind(name="merged")([inputs]))
        model.compile("sgd", "mse")
        for _ in range(2):
            assert torch.equal(model(torch.ones(1, 2)), torch.ones(1, 2))
    assert told == [
        "layer 'merged' is called on a list of one tensor, so there is nothing to merge. Was another one "
        "forgotten?"
    ]
