"""Reductions, sample weights and masks."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import losses
from kplug.errors import ArgumentValueError, DataError, KplugWarning
from kplug.losses.base.reduction import REDUCTIONS, can_fuse, join_masks, reduce_values

VALUES = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
WEIGHTS = [1.0, 2.0, 0.0, 1.0, 0.0, 3.0]
WEIGHTED_SUM = 1.0 + 4.0 + 4.0 + 18.0


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        ("sum_over_batch_size", WEIGHTED_SUM / 6),  # zero weights count; Keras 2 divides by 4
        ("mean", WEIGHTED_SUM / 6),
        ("sum", WEIGHTED_SUM),
        ("mean_with_sample_weight", WEIGHTED_SUM / 7),
    ],
)
def test_six_weighted_samples(reduction: str, expected: float) -> None:
    assert reduce_values(VALUES, reduction, WEIGHTS).item() == pytest.approx(expected)


def test_no_reduction_gives_the_weighted_values() -> None:
    expected = VALUES * torch.tensor(WEIGHTS)
    assert torch.equal(reduce_values(VALUES, "none", WEIGHTS), expected)
    for reduction in ("none", None):
        loss = losses.MeanSquaredError(reduction=reduction)
        assert torch.equal(loss(torch.zeros(6, 1), VALUES.unsqueeze(-1)), VALUES.square())


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (1,), (2,), (2, 1), (2, 3), (1, 3), (2, 3, 1)])
def test_weights_of_every_shape_act_as_if_written_out(
    reduction: str, shape: tuple[int, ...]
) -> None:
    values = torch.arange(1.0, 7.0).reshape(2, 3)
    weights = torch.arange(1.0, 1.0 + torch.Size(shape).numel()).reshape(shape)
    full = (weights.unsqueeze(-1) if shape == (2,) else weights.reshape(shape[:2])).expand(2, 3)
    weighted = values * full
    expected = {
        "sum_over_batch_size": weighted.sum() / 6,
        "mean": weighted.sum() / 6,
        "sum": weighted.sum(),
        "none": weighted,
        "mean_with_sample_weight": weighted.sum() / full.sum(),
    }[reduction]
    torch.testing.assert_close(reduce_values(values, reduction, weights), expected)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight", "sum"])
def test_weights_of_zero_give_zero(reduction: str) -> None:
    assert reduce_values(VALUES, reduction, torch.zeros(6)).item() == 0.0


@settings(max_examples=30, deadline=None)
@given(
    kept=st.lists(st.booleans(), min_size=6, max_size=6),
    weights=st.none() | st.lists(st.integers(0, 3).map(float), min_size=6, max_size=6),
    reduction=st.sampled_from(["sum_over_batch_size", "mean", "sum"]),
)
def test_masks_act_as_in_keras(
    kept: list[bool], weights: list[float] | None, reduction: str
) -> None:
    mask = torch.tensor(kept)
    expected = keras.src.losses.loss.reduce_weighted_values(
        VALUES,
        sample_weight=None if weights is None else torch.tensor(weights),
        mask=mask,
        reduction=reduction,
        dtype="float32",
    )
    torch.testing.assert_close(reduce_values(VALUES, reduction, weights, mask), expected)


def test_mask_a_step_with_a_weight_a_sample() -> None:
    values = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    mask = torch.tensor([[True, False], [True, True]])
    loss = reduce_values(values, sample_weight=[1.0, 2.0], mask=mask)
    assert loss.item() == pytest.approx((1 + 2 * 3 + 2 * 4) / 3)


class Squares(losses.Loss):
    """One value for each number, as in Keras's own tests."""

    def call(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        return (y_true - y_pred).square()


@pytest.mark.parametrize("rank", ["none", "mask", "weights", "both", "values"])
def test_mask_that_the_predictions_carry(rank: str) -> None:
    y, p = torch.tensor([1.0, 0.0, 1.0, 0.0]), torch.tensor([0.1, 0.2, 0.3, 0.4])
    weights = torch.tensor([0.4, 0.3, 0.2, 0.1])
    mask = torch.tensor([True, False, True, True])
    expected = (0.4 * 0.81 + 0.2 * 0.49 + 0.1 * 0.16) / 3
    if rank in ("weights", "both"):
        weights = weights.unsqueeze(-1)
    if rank in ("mask", "both"):
        mask = mask.unsqueeze(-1)
    if rank == "values":
        y, p = y.unsqueeze(-1), p.unsqueeze(-1)
    assert Squares()(y, p, weights, mask).item() == pytest.approx(expected)
    keras.src.backend.set_keras_mask(p, mask)
    assert Squares()(y, p, weights).item() == pytest.approx(expected)
    assert losses.MeanSquaredError()(y, p, weights).item() == pytest.approx(expected)


def test_masks_given_and_carried_are_joined() -> None:
    y, p = torch.zeros(2, 2, 1), torch.tensor([[[1.0], [2.0]], [[3.0], [4.0]]])
    keras.src.backend.set_keras_mask(p, torch.tensor([[True, False], [True, True]]))
    loss = losses.MeanSquaredError()(y, p, mask=[False, True])
    assert loss.item() == pytest.approx((9 + 16) / 2)


@pytest.mark.parametrize(
    ("first", "second"), [((2,), (2, 3)), ((2, 3), (2,)), ((2, 3), (2, 3)), ((2,), (2,))]
)
def test_joined_masks_keep_what_both_keep(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    one = np.resize([True, False, True], first)
    other = np.resize([True, True, False, True], second)
    rank = max(one.ndim, other.ndim)
    sides = [mask.reshape(mask.shape + (1,) * (rank - mask.ndim)) for mask in (one, other)]
    found = join_masks(torch.tensor(one), torch.tensor(other))
    assert found.tolist() == (sides[0] & sides[1]).tolist()


def test_kernels_for_the_mean_want_equal_shapes_and_a_value() -> None:
    assert can_fuse(torch.zeros(2, 1), torch.zeros(2, 1))
    assert not can_fuse(torch.zeros(2), torch.zeros(2, 1))
    assert not can_fuse(torch.zeros(2, 1), torch.zeros(2))
    assert not can_fuse(torch.zeros(0, 1), torch.zeros(0, 1))


def test_nothing_but_masked_values() -> None:
    loss = losses.MeanSquaredError()(torch.zeros(3, 1), torch.ones(3, 1), mask=[False] * 3)
    assert loss.item() == 0.0


def test_mask_joins_the_ignored_class() -> None:
    ids, outputs = torch.tensor([[0, -1, 1]]), torch.full((1, 3, 2), 0.5)
    outputs[0, 2] = torch.tensor([0.75, 0.25])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert loss(ids, outputs, mask=[[False, True, True]]).item() == pytest.approx(1.3862944)


def test_unreduced_function_with_a_weight_a_sample() -> None:
    loss = losses.FunctionLoss(lambda y_true, y_pred: (y_pred - y_true) ** 2)
    outputs = torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    assert loss(torch.zeros(2, 2), outputs, [1.0, 3.0]).item() == pytest.approx((5 + 3 * 4) / 2)


def test_scalar_loss_is_multiplied_by_the_mean_weight_and_says_so_once(
    recwarn: pytest.WarningsRecorder,
) -> None:
    def whole_batch(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        return (y_pred - y_true).square().sum()

    loss = losses.FunctionLoss(whole_batch)
    with pytest.warns(KplugWarning) as caught:
        value = loss(torch.zeros(2, 1), torch.ones(2, 1), [1.0, 2.0])
    assert value.item() == pytest.approx(2 * 1.5)
    assert str(caught[0].message) == (
        "whole_batch: sample_weight cannot act on single samples, because the loss returns one number "
        "for the whole batch; that number is multiplied by the mean weight. Return one value a "
        "sample, shape (N,), to have each weighted."
    )
    loss(torch.zeros(2, 1), torch.ones(2, 1), [1.0, 2.0])
    assert not recwarn.list


def test_scalar_loss_takes_a_scalar_weight_without_a_warning() -> None:
    loss = losses.FunctionLoss(lambda y_true, y_pred: (y_pred - y_true).square().sum())
    assert loss(torch.zeros(2, 1), torch.ones(2, 1), 0.5).item() == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [(3,), (2, 2), (6,), (2, 3, 2)])
def test_weights_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError) as caught:
        losses.MeanSquaredError()(torch.zeros(2, 3, 4), torch.zeros(2, 3, 4), torch.ones(shape))
    assert str(caught.value) == (
        f"sample_weight has shape {shape} and the values have shape (2, 3)\n"
        "  Give one weight a sample, shape (N,), or one a value, shape (2, 3)."
    )


@pytest.mark.parametrize("wrong", ["auto", "average", 3, ["sum"]])
def test_unknown_reduction(wrong: Any) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        losses.MeanSquaredError(reduction=wrong)
    assert str(caught.value) == (
        f"mean_squared_error: argument 'reduction' is {wrong!r}; allowed: 'sum_over_batch_size', "
        "'mean', 'sum', 'none', 'mean_with_sample_weight' or None"
    )


def test_weights_on_other_devices_and_types_follow_the_values() -> None:
    weights = torch.tensor(WEIGHTS, dtype=torch.float64)
    assert reduce_values(VALUES, "mean", weights).dtype is torch.float32
