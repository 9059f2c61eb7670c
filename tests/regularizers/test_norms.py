"""L1, L2, L1L2: values, gradients, arguments, configurations."""

from __future__ import annotations

import json
import math
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import regularizers
from kplug.errors import ArgumentError, ArgumentValueError
from kplug.regularizers import L1, L1L2, L2, Regularizer

EVERY_KIND: list[Regularizer] = [L1(0.3), L2(0.2), L1L2(0.3, 0.2), L1L2(0.0, 0.2), L1L2(0.3, 0.0)]


@pytest.mark.parametrize("ours", EVERY_KIND, ids=repr)
@pytest.mark.parametrize("shape", [(), (5,), (4, 3), (3, 3, 2, 4)])
def test_penalties_are_those_of_keras(ours: Regularizer, shape: tuple[int, ...]) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    theirs = getattr(keras.regularizers, type(ours).__name__)(**ours.get_config())
    torch.testing.assert_close(ours(weight), theirs(weight), rtol=1e-6, atol=1e-7)
    assert ours(weight).shape == ()


def test_penalties_are_sums_without_a_half() -> None:
    weight = torch.tensor([[1.0, -2.0], [0.0, 3.0]])
    assert L1(0.5)(weight).item() == 0.5 * 6.0
    assert L2(0.5)(weight).item() == 0.5 * 14.0
    assert L1L2(0.5, 0.25)(weight).item() == 0.5 * 6.0 + 0.25 * 14.0


@pytest.mark.parametrize("ours", EVERY_KIND, ids=repr)
@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.floats(-1e3, 1e3, width=32), max_size=8))
def test_penalties_are_never_negative(ours: Regularizer, values: list[float]) -> None:
    assert ours(torch.tensor(values)).item() >= 0.0


@pytest.mark.parametrize("ours", EVERY_KIND, ids=repr)
def test_gradients_are_exact_and_zero_at_zero(ours: Regularizer) -> None:
    weight = torch.tensor([0.0, 1.5, -2.0], dtype=torch.float64, requires_grad=True)
    ours(weight).backward()  # type: ignore[no-untyped-call]
    config = ours.get_config()
    sign, value = np.array([0.0, 1.0, -1.0]), np.array([0.0, 1.5, -2.0])
    expected = config.get("l1", 0.0) * sign + 2.0 * config.get("l2", 0.0) * value
    assert weight.grad is not None
    np.testing.assert_allclose(weight.grad.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("ours", EVERY_KIND, ids=repr)
def test_the_weights_type_is_kept(ours: Regularizer, dtype: torch.dtype) -> None:
    assert ours(torch.ones(2, dtype=dtype)).dtype is dtype


def test_a_factor_of_zero_is_no_penalty() -> None:
    weight = torch.ones(3)
    assert [regularizers.get(text)(weight).item() for text in ("l1(0.)", "l2(0.)")] == [0.0, 0.0]
    assert L1L2(0.0, 0.0)(weight).item() == 0.0


def test_defaults_are_one_hundredth() -> None:
    assert regularizers.l1().get_config() == {"l1": 0.01}
    assert regularizers.l2().get_config() == {"l2": 0.01}
    assert regularizers.l1_l2().get_config() == {"l1": 0.01, "l2": 0.01}


def test_the_guides_calls_work() -> None:
    assert regularizers.l1(0.0).l1 == 0.0
    assert regularizers.l2(0.0).l2 == 0.0
    assert regularizers.l1_l2(l1=0.01, l2=0.01).get_config() == {"l1": 0.01, "l2": 0.01}


def test_keras_2s_short_argument_is_read() -> None:
    assert regularizers.l1(l=0.5).get_config() == {"l1": 0.5}
    assert regularizers.get("l2(l=0.5)").get_config() == {"l2": 0.5}


def test_both_names_of_one_argument_are_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        L1(0.5, l=0.25)
    assert str(caught.value) == (
        "l1: 'l1' and 'l' are the same argument, and both are given (0.5 and 0.25)\n"
        "  Leave 'l' out: l1(l1=0.5)"
    )


@pytest.mark.parametrize(
    ("make", "owner", "argument", "shown"),
    [
        (lambda: L1(-0.5), "l1", "l1", "-0.5"),
        (lambda: L1(l=-0.5), "l1", "l", "-0.5"),
        (lambda: L2(math.nan), "l2", "l2", "nan"),
        (lambda: L2(math.inf), "l2", "l2", "inf"),
        (lambda: L1L2(l1=0.1, l2=-1), "l1_l2", "l2", "-1"),
        (lambda: L1("0.1"), "l1", "l1", "'0.1'"),  # type: ignore[arg-type]
        (lambda: L1(True), "l1", "l1", "True"),
    ],
)
def test_factors_out_of_range_are_refused(make: Any, owner: str, argument: str, shown: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make()
    assert str(caught.value) == (
        f"{owner}: argument {argument!r} is {shown}; allowed: a finite number >= 0"
    )


@pytest.mark.parametrize("ours", EVERY_KIND, ids=repr)
def test_configuration_makes_the_same_regularizer(ours: Regularizer) -> None:
    config = json.loads(json.dumps(ours.get_config()))
    assert type(ours).from_config(config).get_config() == config


def test_numpys_numbers_become_json() -> None:
    assert json.dumps(L2(np.float32(0.5)).get_config()) == '{"l2": 0.5}'


def test_keras_2s_configuration_of_l1_is_read() -> None:
    config = {"class_name": "L1L2", "config": {"l1": 0.009999999776482582, "l2": 0.0}}
    assert regularizers.get(config)(torch.ones(100)).item() == pytest.approx(1.0)
