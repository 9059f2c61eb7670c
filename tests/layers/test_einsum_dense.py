"""Dense layers that an equation describes, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from kplug.errors import ArgumentValueError, DataError
from kplug.layers import EinsumDense, Identity, Input
from kplug.registry import resolve
from tests.layers.inputs import draw


@pytest.mark.parametrize(
    ("equation", "output_shape", "bias_axes", "shape"),
    [
        ("ab,bc->ac", 6, "c", (2, 5)),
        ("ab,bc->ac", 6, None, (2, 5)),
        ("abc,cd->abd", (5, 4), "d", (2, 5, 3)),
        ("abc,cd->abd", (5, 4), "bd", (2, 5, 3)),
        ("abc,cd->abd", (5, 4), "b", (2, 5, 3)),
        ("abc,cde->abde", (5, 2, 4), "de", (2, 5, 3)),
        ("abcd,cde->abe", (5, 7), "e", (2, 5, 3, 4)),
        ("abc,bd->adc", (4, 3), "dc", (2, 5, 3)),
        ("...c,cd->...d", 4, "d", (2, 3)),
        ("...c,cd->...d", 4, "d", (2, 5, 3)),
        ("...c,cd->...d", 4, None, (2, 6, 5, 3)),
        ("abc...,cd->abd...", (5, 4), "d", (2, 5, 3)),
        ("abc...,cd->abd...", (5, 4), "d", (2, 5, 3, 6)),
    ],
)
def test_outputs_and_gradients(
    compare: Any, equation: str, output_shape: Any, bias_axes: str | None, shape: tuple[int, ...]
) -> None:
    compare(
        "EinsumDense",
        draw(*shape),
        equation=equation,
        output_shape=output_shape,
        bias_axes=bias_axes,
        activation="tanh",
    )


def test_sizes_that_vary() -> None:
    layer = EinsumDense("abc,cd->abd", (None, 4), bias_axes="d")
    assert layer(Input((None, 3))).shape == (None, None, 4)
    assert layer(draw(2, 7, 3)).shape == (2, 7, 4)


def test_initial_values_follow_the_equation() -> None:
    layer = EinsumDense("ab,bcd->acd", (8, 16), kernel_initializer="glorot_uniform(seed=1)")
    layer.build_for((None, 32))
    theirs = keras.layers.EinsumDense("ab,bcd->acd", (8, 16))
    theirs.build((None, 32))
    kernels = [layer.weights[0].detach(), theirs.weights[0].value.detach()]
    limit = (6 / (32 + 8 * 16)) ** 0.5
    assert all(0.95 * limit < float(one.abs().max()) <= limit for one in kernels)


def test_axes_that_were_given_stay() -> None:
    text = (
        "variance_scaling(mode='fan_in', distribution='uniform', input_axes=[1], output_axes=[0])"
    )
    layer = EinsumDense("ab,bc->ac", 64, kernel_initializer=text)
    layer.build_for((None, 4))
    limit = (3 / 64) ** 0.5
    assert 0.9 * limit < abs(layer.get_weights()[0]).max() <= limit


def test_configuration_of_keras_3() -> None:
    theirs = keras.layers.EinsumDense("abc,cd->abd", (None, 4), "relu", "d", name="e")
    layer = resolve("layer", keras.layers.serialize(theirs)).object
    config = layer.get_config()
    assert EinsumDense.from_config(config).get_config() == config
    for key in ("name", "equation", "output_shape", "bias_axes"):
        assert config[key] == theirs.get_config()[key]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("abc", 3), r"'equation' is 'abc'; allowed: an equation such as"),
        (("...ab...,bc->...ac...", 3), "allowed: an equation such as"),
        (("ab,bcd->ac", 3), "'d' is in the kernel alone"),
        (("ab,bc->acd", 3), "'d' is in the outputs alone"),
        (("ab,bc->ac", "3"), r"'output_shape' is '3'; allowed: integers >= 1"),
        (("ab,bc->ac", 3, None, "x"), "'bias_axes' is 'x'; allowed: letters of 'ac', or None"),
    ],
)
def test_wrong_arguments(arguments: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        EinsumDense(*arguments)


@pytest.mark.parametrize(
    ("arguments", "shape", "message"),
    [
        (("ab,bc->ac", 3), (2, 3, 4), r"does not take inputs of shape \(None, 3, 4\)"),
        (("abc,cd->abd", (7, 3)), (2, 5, 4), "axis 'b' has size 5 in the inputs, .* and 7 in"),
        (("abc,cd->abd", 3), (2, 5, 4), "does not fit output_shape"),
        (("abc,cd->abd", (None, None)), (2, 5, 4), "needs to know the size of axis 'd'"),
    ],
)
def test_shapes_that_do_not_fit(arguments: Any, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        EinsumDense(*arguments).build_for((None, *shape[1:]))


def test_inputs_of_another_size() -> None:
    layer = EinsumDense("abc,cd->abd", (None, 4), name="e")
    layer(draw(2, 5, 3))
    with pytest.raises(
        DataError, match=r"layer 'e' expects inputs of .*3.*, got shape \(2, 5, 2\)"
    ):
        layer(draw(2, 5, 2))


def test_identity(compare: Any) -> None:
    compare("Identity", draw(2, 3))
    assert Identity()(Input((None, 3))).shape == (None, None, 3)
