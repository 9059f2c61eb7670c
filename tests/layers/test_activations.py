"""Activations as layers, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import pytest
import torch
from hypothesis import given, strategies as st

from kplug import layers
from kplug.errors import ArgumentError, ArgumentValueError, DataError
from kplug.layers import ELU, Activation, Input, LeakyReLU, PReLU, ReLU, Softmax
from tests.layers.inputs import SETTINGS, draw

slopes = st.sampled_from([0.0, 0.25, 1.5])


@given(
    max_value=st.sampled_from([None, 0.5, 2.0]),
    negative_slope=slopes,
    threshold=st.sampled_from([0.0, 0.5]),
)
@SETTINGS
def test_relu(compare: Any, **arguments: Any) -> None:
    compare("ReLU", draw(4, 5, 2), **arguments)


@given(negative_slope=slopes)
@SETTINGS
def test_leaky_relu(compare: Any, negative_slope: float) -> None:
    compare("LeakyReLU", draw(4, 5), negative_slope=negative_slope)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 2.0])
def test_elu(compare: Any, alpha: float) -> None:
    compare("ELU", draw(4, 5), alpha=alpha)


@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3), data=st.data())
@SETTINGS
def test_prelu(compare: Any, sizes: list[int], data: Any) -> None:
    axes = st.integers(1, len(sizes))
    shared = data.draw(st.one_of(st.none(), st.lists(axes, unique=True)))
    compare("PReLU", draw(3, *sizes), shared_axes=shared)


def test_prelu_of_images_has_one_alpha_a_channel() -> None:
    layer = PReLU(shared_axes=[1, 2], alpha_regularizer="l2(1)", alpha_constraint="non_neg")
    layer(torch.ones(2, 4, 4, 3))
    layer(torch.ones(2, 5, 6, 3))
    assert [weight.shape for weight in layer.get_weights()] == [(1, 1, 3)]
    assert len(layer.weight_penalties()) == len(layer.weight_constraints()) == 1


def test_prelu_takes_sizes_that_vary_where_it_is_shared() -> None:
    layer = PReLU(shared_axes=1)
    layer.build_for((None, None, 3))
    assert layer.get_weights()[0].shape == (1, 3)


@given(axis=st.sampled_from([-1, 1, 2, [1], [1, 2], [-1, -2]]))
@SETTINGS
def test_softmax(compare: Any, axis: Any) -> None:
    compare("Softmax", draw(3, 4, 5), axis=axis)


@pytest.mark.parametrize("shape", [(3, 4), (1, 4), (4,)])
@pytest.mark.parametrize("is_boolean", [True, False])
def test_softmax_with_a_mask(shape: tuple[int, ...], is_boolean: bool) -> None:
    x = draw(3, 4)
    mask = draw(*shape) > 0
    mask[..., 0] = True
    given = mask if is_boolean else mask.float()
    expected = keras.layers.Softmax()(x, mask=given)
    torch.testing.assert_close(Softmax()(x, mask=given), expected)


def test_softmax_where_nothing_counts_is_zero() -> None:
    x = draw(1, 3).requires_grad_()
    made = Softmax()(x, mask=torch.zeros(1, 3, dtype=torch.bool))
    made.sum().backward()
    assert made.tolist() == [[0.0, 0.0, 0.0]]
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_softmax_refuses_a_mask_of_another_shape() -> None:
    with pytest.raises(DataError, match=r"mask of shape \(2, 4\) does not fit inputs of shape"):
        Softmax()(draw(3, 4), mask=torch.ones(2, 4))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ReLU", {"max_value": 6.0, "threshold": 1.0}),
        ("LeakyReLU", {"negative_slope": 0.1}),
        ("ELU", {"alpha": 0.5}),
        ("PReLU", {"shared_axes": (1,), "alpha_regularizer": "l2"}),
        ("Softmax", {"axis": (1, 2)}),
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


def test_leaky_relu_knows_the_name_of_keras_2() -> None:
    assert LeakyReLU.from_config({"alpha": 0.1}).negative_slope == 0.1
    with pytest.raises(ArgumentError, match="'negative_slope' and 'alpha' are the same argument"):
        LeakyReLU(0.2, alpha=0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LeakyReLU(-1), "argument 'negative_slope' is -1; allowed: a number >= 0"),
        (lambda: ReLU(max_value=-1), "argument 'max_value' is -1; allowed: a number >= 0"),
        (lambda: ELU("x"), "argument 'alpha' is 'x'; allowed: a finite number"),  # type: ignore[arg-type]
        (lambda: PReLU(shared_axes=[0]), "not 0, which is the batch"),
        (lambda: Softmax("last"), "allowed: an integer, or a list of them"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


def test_prelu_refuses_samples_of_another_shape() -> None:
    layer = PReLU()
    layer(torch.ones(2, 3))
    with pytest.raises(DataError, match=r"got shape \(2, 3, 3\)"):
        layer(torch.ones(2, 3, 3))


@pytest.mark.parametrize("activation", ["relu", "softmax", "elu", "linear", "selu"])
def test_activation(compare: Any, activation: str) -> None:
    compare("Activation", draw(2, 3, 4), activation=activation)


def test_activation_takes_a_function() -> None:
    assert Activation(torch.sin)(torch.zeros(1, 1)).tolist() == [[0.0]]


@pytest.mark.parametrize("axis", [3, -3, [1, 2]])
def test_softmax_refuses_an_axis_that_its_inputs_lack(axis: Any) -> None:
    with pytest.raises(
        DataError, match=r"works along axis .*, its inputs of shape \(None, 4\) have 2"
    ):
        _ = Softmax(axis)(Input((4,))).shape
    with pytest.raises(DataError, match="works along axis"):
        Softmax(axis)(torch.ones(2, 4))
    assert Softmax(-2)(torch.ones(2, 4)).shape == (2, 4)
