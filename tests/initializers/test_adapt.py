"""Objects accepted as initializers, and objects refused."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug import backend as K
from kplug.errors import ContractError
from kplug.initializers import (
    Constant,
    FunctionInitializer,
    HeNormal,
    Initializer,
    VarianceScaling,
    as_initializer,
    get,
    initial_values,
)


def my_init(shape: Any, dtype: Any = None) -> Any:
    """Draw as the guide's custom initializer does."""
    return K.random_normal(shape, dtype=dtype)


class Wrong(Initializer):
    """Forgets the second dimension."""

    def __call__(self, shape: Any, dtype: Any = None) -> torch.Tensor:
        return torch.zeros(tuple(shape)[:1])


def test_an_instance_is_kept() -> None:
    instance = HeNormal()
    assert as_initializer(instance) is instance
    assert get(instance) is instance


def test_a_class_is_instantiated() -> None:
    assert isinstance(get(HeNormal), HeNormal)


@pytest.mark.parametrize(
    "array",
    [np.full(2, 3.0), torch.full((2,), 3.0), np.float32(3.0)],
    ids=lambda array: type(array),
)
def test_an_array_becomes_a_constant(array: object) -> None:
    initializer = as_initializer(array)
    assert isinstance(initializer, Constant)
    assert initializer((2, 2)).tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_the_guides_custom_initializer_works() -> None:
    values = get(my_init)((3, 4), dtype="float64")
    assert values.shape == (3, 4)
    assert values.dtype is torch.float64


@pytest.mark.parametrize(
    "function",
    [
        lambda shape: torch.full(shape, 0.5),
        lambda shape, dtype: torch.full(shape, 0.5, dtype=dtype),
        lambda shape, dtype=None: np.full(shape, 0.5),
        lambda size, **options: torch.full(size, 0.5, **options),
        lambda shape: np.full(shape, 0.5).tolist(),
        lambda shape: torch.full(shape, 0.5, requires_grad=True),
        functools.partial(lambda shape, value, dtype=None: torch.full(shape, value), value=0.5),
        keras.initializers.Constant(0.5),
    ],
    ids=["shape", "dtype", "numpy", "options", "list", "gradient", "partial", "keras"],
)
@pytest.mark.parametrize("dtype", [None, torch.float64, "bfloat16"])
def test_functions_of_many_forms_are_adapted(function: Any, dtype: Any) -> None:
    values = as_initializer(function)((2, 3), dtype=dtype)
    assert values.tolist() == [[0.5] * 3] * 2
    assert values.dtype is K.to_dtype(dtype)
    assert not values.requires_grad


def test_a_function_written_in_c_gets_the_shape_alone() -> None:
    assert as_initializer(torch.zeros)((2, 3), dtype="float64").dtype is torch.float64


def test_the_shape_arrives_as_a_tuple() -> None:
    seen: list[object] = []

    def note(shape: tuple[int, ...]) -> torch.Tensor:
        seen.append(shape)
        return torch.zeros(shape)

    as_initializer(note)(torch.Size((2, 3)))
    assert seen == [(2, 3)]


def test_the_function_and_its_name_are_kept() -> None:
    initializer = as_initializer(functools.partial(my_init))
    assert isinstance(initializer, FunctionInitializer)
    assert initializer.name == "my_init"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            torch.zeros(3, 2),
            "initializer 'mine' returned shape (3, 2) for a weight of shape (2, 3)\n"
            "  Make the values from the argument 'shape'.",
        ),
        (
            None,
            "initializer 'mine' returned NoneType, which is no tensor\n"
            "  An initializer is a callable (shape, dtype=None) that returns a tensor of that "
            "shape.",
        ),
    ],
    ids=["shape", "none"],
)
def test_wrong_results_are_refused(values: object, message: str) -> None:
    def mine(shape: object) -> object:
        return values

    with pytest.raises(ContractError) as caught:
        as_initializer(mine)((2, 3))
    assert str(caught.value) == message


def test_a_subclass_that_returns_another_shape_is_refused_by_initial_values() -> None:
    with pytest.raises(ContractError) as caught:
        initial_values(Wrong(), (2, 3))
    assert str(caught.value) == (
        "initializer 'Wrong' returned shape (2,) for a weight of shape (2, 3)\n"
        "  Make the values from the argument 'shape'."
    )


def test_initial_values_are_cast() -> None:
    assert initial_values(Wrong(), (2,), dtype="float64").dtype is torch.float64


def needs_more(shape: Any, gain: Any) -> None: ...


class NeedsArguments:
    """Cannot be made without an argument."""

    def __init__(self, gain: float) -> None: ...


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (
            3,
            "3 is not an initializer\n  An initializer is a callable (shape, dtype=None) that "
            "returns a tensor of that shape.",
        ),
        (
            needs_more,
            "needs_more(shape, gain) cannot be used as an initializer: missing a required "
            "argument: 'gain'\n  An initializer is a callable (shape, dtype=None) that returns a "
            "tensor of that shape. Bind further arguments with functools.partial.",
        ),
        (
            NeedsArguments,
            "NeedsArguments(gain) cannot be used as an initializer: missing a required "
            "argument: 'gain'\n  Give an instance: NeedsArguments(…).",
        ),
        (
            torch.nn.init.orthogonal_,
            "orthogonal_(tensor, gain, generator) fills a tensor in place\n  An initializer is a "
            "callable (shape, dtype=None) that returns a tensor of that shape. Wrap it: lambda "
            "shape, dtype=None: orthogonal_(torch.empty(shape, dtype=dtype)); torch reads shapes "
            "as (out, in, space…).",
        ),
    ],
    ids=["number", "argument", "class", "in place"],
)
def test_what_is_no_initializer_is_refused(candidate: object, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        as_initializer(candidate)
    assert str(caught.value) == message


def test_keras_2s_dict_of_he_normal_resolves() -> None:
    config = {"scale": 2.0, "mode": "fan_in", "distribution": "normal", "seed": None}
    initializer = get({"class_name": "VarianceScaling", "config": config})
    assert isinstance(initializer, VarianceScaling)
    assert initializer.scale == 2.0
