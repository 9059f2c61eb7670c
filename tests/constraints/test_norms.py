"""MaxNorm, NonNeg, UnitNorm, MinMaxNorm: values, arguments, configurations."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from kplug.errors import ArgumentValueError

EVERY_KIND: list[Constraint] = [
    NonNeg(),
    MaxNorm(),
    MaxNorm(0.7, axis=1),
    UnitNorm(),
    UnitNorm(axis=-1),
    MinMaxNorm(0.5, 0.8),
    MinMaxNorm(0.5, 0.8, rate=0.3, axis=1),
]
ON_FILTERS: list[Constraint] = [
    MaxNorm(0.5, axis=[0, 1, 2]),
    UnitNorm(axis=(0, 1, 2)),
    MinMaxNorm(axis=[0, 1, 2]),
]


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("ours", "weight"),
    [(ours, draw(4, 3)) for ours in EVERY_KIND] + [(ours, draw(3, 3, 2, 4)) for ours in ON_FILTERS],
    ids=repr,
)
def test_weights_are_those_of_keras(ours: Constraint, weight: torch.Tensor) -> None:
    theirs = getattr(keras.constraints, type(ours).__name__)(**ours.get_config())
    torch.testing.assert_close(ours(weight), theirs(weight), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("ours", EVERY_KIND, ids=repr)
def test_a_weight_of_zeros_stays_finite(ours: Constraint) -> None:
    assert ours(torch.zeros(4, 3)).tolist() == [[0.0] * 3] * 4


@pytest.mark.parametrize("ours", EVERY_KIND, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_shape_and_type_are_kept(ours: Constraint, dtype: torch.dtype) -> None:
    weight = draw(4, 3).to(dtype)
    result = ours(weight)
    assert result.shape == weight.shape
    assert result.dtype is dtype


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(st.lists(st.floats(-50, 50, width=32), min_size=3, max_size=3), min_size=1),
    limit=st.floats(0.1, 5.0),
)
def test_no_vector_is_longer_than_max_norm(rows: list[list[float]], limit: float) -> None:
    norms = MaxNorm(limit)(torch.tensor(rows, dtype=torch.float64)).norm(dim=0)
    assert norms.max().item() <= limit


def test_the_argument_is_left_alone() -> None:
    weight = draw(4, 3)
    before = weight.clone()
    for constraint in EVERY_KIND:
        constraint(weight)
    assert torch.equal(weight, before)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: MaxNorm(-1),
            "max_norm: argument 'max_value' is -1; allowed: a finite number >= 0",
        ),
        (
            lambda: MinMaxNorm(min_value=2.0),
            "min_max_norm: argument 'max_value' is 1.0; allowed: a finite number >= min_value (2)",
        ),
        (
            lambda: MinMaxNorm(rate=1.5),
            "min_max_norm: argument 'rate' is 1.5; allowed: 0 to 1",
        ),
        (
            lambda: UnitNorm(axis="rows"),  # type: ignore[arg-type]
            "unit_norm: argument 'axis' is 'rows'; "
            "allowed: an axis or a list of axes of the weight",
        ),
        (
            lambda: UnitNorm(axis=2)(torch.ones(2, 3)),
            "unit_norm: argument 'axis' is 2; allowed: axes of the weight, whose shape is (2, 3)",
        ),
        (
            lambda: UnitNorm(axis=[])(torch.ones(2, 3)),
            "unit_norm: argument 'axis' is []; allowed: axes of the weight, whose shape is (2, 3)",
        ),
    ],
)
def test_arguments_out_of_range_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize("ours", EVERY_KIND + ON_FILTERS, ids=repr)
def test_configuration_makes_the_same_constraint(ours: Constraint) -> None:
    config = json.loads(json.dumps(ours.get_config()))
    assert type(ours).from_config(config).get_config() == config


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("ours", [MaxNorm(1e-4), UnitNorm(), MinMaxNorm(0.5, 0.8)], ids=repr)
def test_small_weights_of_half_types_have_a_length(ours: Constraint, dtype: torch.dtype) -> None:
    weight = torch.linspace(-2e-4, 1e-4, 120).reshape(40, 3).to(dtype)
    expected = ours(weight.double())
    torch.testing.assert_close(ours(weight).double(), expected, rtol=2e-2, atol=1e-6)
