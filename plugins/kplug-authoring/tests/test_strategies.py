"""Strategies of hypothesis: what they draw suits what they are named after."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis.strategies import DataObject, data
from kplug_authoring.strategies import TARGETS, Target, shapes, targets, values

from kplug.errors import ArgumentValueError

few = settings(max_examples=15, deadline=None, database=None)


@few
@given(shapes(least_rank=2, most_rank=3, least=0, most=4))
def test_shapes_keep_their_limits(shape: tuple[int, ...]) -> None:
    assert len(shape) in (2, 3)
    assert all(0 <= size <= 4 for size in shape)


@few
@given(values((2, 3), low=-1.0, high=2.0, dtype=torch.float64))
def test_values_keep_their_limits(value: torch.Tensor) -> None:
    assert (value.shape, value.dtype) == ((2, 3), torch.float64)
    assert bool(((value >= -1) & (value <= 2)).all())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@few
@given(data())
def test_limits_need_not_be_numbers_of_the_type(dtype: torch.dtype, data: DataObject) -> None:
    value = data.draw(values((20,), low=0.1, high=0.7, dtype=dtype)).double()
    assert bool(((value >= 0.1) & (value <= 0.7)).all())


@pytest.mark.parametrize("target", TARGETS)
@few
@given(data())
def test_targets_have_predictions_that_suit_them(target: Target, data: DataObject) -> None:
    y_true, y_pred = data.draw(targets(target, samples=3))
    assert len(y_true) == len(y_pred) == 3
    assert y_true.shape == (y_pred.shape[:-1] if target == "class_ids" else y_pred.shape)
    if target != "real":
        assert bool(((y_pred >= 0) & (y_pred <= 1)).all())
    if target in ("one_hot", "class_ids"):
        assert torch.allclose(y_pred.sum(-1), torch.ones(3))
        assert y_true.max() < y_pred.shape[-1]
    if target in ("binary", "one_hot", "labels", "mask"):
        assert bool(((y_true == 0) | (y_true == 1)).all())


def test_a_kind_of_targets_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ArgumentValueError, match="one of real, binary, one_hot"):
        targets("pictures")  # type: ignore[arg-type]
