"""Zeros, Ones, Constant, Identity."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError
from kplug.initializers import Constant, Identity, Initializer, Ones, Zeros

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int32]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 2, 3, 4), (0, 3)])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Zeros(), keras.initializers.Zeros()),
        (Ones(), keras.initializers.Ones()),
        (Constant(3), keras.initializers.Constant(3)),
    ],
    ids=["zeros", "ones", "constant"],
)
def test_values_are_those_of_keras(
    ours: Initializer, theirs: object, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    expected = theirs(shape, dtype=str(dtype).removeprefix("torch."))  # type: ignore[operator]
    torch.testing.assert_close(ours(shape, dtype=dtype), expected, rtol=0, atol=0)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2)])
def test_identity_is_that_of_keras(shape: tuple[int, int]) -> None:
    expected = keras.initializers.Identity(gain=1.5)(shape)
    torch.testing.assert_close(Identity(gain=1.5)(shape), expected, rtol=0, atol=0)


def test_identity_rounds_the_product_only() -> None:
    assert Identity(gain=2.5)((2, 2), dtype="int32").tolist() == [[2, 0], [0, 2]]


def test_identity_refuses_what_is_no_matrix() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        Identity()((2, 3, 4))
    assert str(caught.value) == (
        "identity: argument 'shape' is (2, 3, 4); allowed: two dimensions (rows, columns)"
    )


@pytest.mark.parametrize(
    "value",
    [[1, 2, 3], (1.0, 2.0, 3.0), np.arange(3.0), torch.arange(3.0, requires_grad=True)],
    ids=["list", "tuple", "numpy", "tensor"],
)
def test_an_array_broadcasts_to_the_shape(value: object) -> None:
    result = Constant(value)((2, 3))
    plain = value.detach().numpy() if isinstance(value, torch.Tensor) else np.array(value)
    np.testing.assert_array_equal(result.numpy(), np.broadcast_to(plain, (2, 3)))
    assert not result.requires_grad


def test_a_number_keeps_its_digits_until_the_type_is_known() -> None:
    assert Constant(0.1)((1,), dtype="float64").item() == 0.1


def test_results_do_not_share_memory_with_the_argument() -> None:
    given = torch.ones(2)
    initializer = Constant(given)
    initializer((2,)).zero_()
    given.zero_()
    assert initializer((2,)).tolist() == [1.0, 1.0]


def test_an_array_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        Constant([1, 2, 3])((3, 2))
    assert str(caught.value) == (
        "constant: argument 'value' is 'an array of shape (3,)'; "
        "allowed: a shape that broadcasts to (3, 2)"
    )


@pytest.mark.parametrize("value", ["1", None, [1, "2"], [[1], [2, 3]], {}, 1j])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ArgumentValueError, match="allowed: a number or an array of numbers"):
        Constant(value)


@pytest.mark.parametrize(
    ("value", "kept"), [(0, 0), (0.5, 0.5), (True, True), (np.float32(0.5), 0.5), ((1, 2), [1, 2])]
)
def test_configuration_is_json(value: object, kept: object) -> None:
    config = json.loads(json.dumps(Constant(value).get_config()))
    assert config == {"value": kept}
    assert Constant.from_config(config).get_config() == config


def test_kerass_record_of_an_array_is_read() -> None:
    theirs = keras.initializers.Constant(np.array([1.0, 2.0])).get_config()
    assert Constant.from_config(theirs)((2,)).tolist() == [1.0, 2.0]


def test_meta_tensors_cost_no_memory() -> None:
    with torch.device("meta"):
        assert Constant(1.0)((10**6, 10**6)).is_meta
