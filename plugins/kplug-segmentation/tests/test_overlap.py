"""The coefficients, against numpy and against each other."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from kplug_segmentation import dice_coef, jaccard_coef, tversky_coef
from numpy.typing import NDArray
from torch import Tensor

from kplug.errors import ArgumentValueError, DataError

Coefficient = Callable[..., Tensor]

COEFFICIENTS: list[Coefficient] = [dice_coef, jaccard_coef, tversky_coef]
Array = NDArray[np.float64]


def numpy_dice(y_true: Array, y_pred: Array, smooth: float, thresh: float) -> float:
    predicted = (y_pred > thresh).astype(float).reshape(-1)
    true = y_true.reshape(-1)
    intersection = np.sum(true * predicted)
    return float((2.0 * intersection + smooth) / (np.sum(true) + np.sum(predicted) + smooth))


def numpy_jaccard(y_true: Array, y_pred: Array, smooth: float, thresh: float) -> float:
    true, predicted = y_true.astype(bool), y_pred > thresh
    return float(((true & predicted).sum() + smooth) / ((true | predicted).sum() + smooth))


def draw_masks(shape: tuple[int, ...], seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return (rng.uniform(size=shape) > 0.6).astype(float), rng.uniform(size=shape)


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
    smooth=st.floats(1e-6, 2),
    thresh=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_dice_coef_is_the_formula_of_the_guide(
    shape: tuple[int, ...], smooth: float, thresh: float, seed: int
) -> None:
    y_true, y_pred = draw_masks(shape, seed)
    value = dice_coef(torch.from_numpy(y_true), torch.from_numpy(y_pred), smooth, thresh)
    assert value.item() == pytest.approx(numpy_dice(y_true, y_pred, smooth, thresh), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("thresh", [0.2, 0.5])
def test_jaccard_coef_is_intersection_over_union(seed: int, thresh: float) -> None:
    y_true, y_pred = draw_masks((3, 4, 4, 1), seed)
    value = jaccard_coef(torch.from_numpy(y_true), torch.from_numpy(y_pred), 1e-5, thresh)
    assert value.item() == pytest.approx(numpy_jaccard(y_true, y_pred, 1e-5, thresh), rel=1e-12)


@pytest.mark.parametrize("thresh", [None, 0.5])
@pytest.mark.parametrize("reduction", ["batch", "sample"])
def test_tversky_meets_dice_and_jaccard(thresh: float | None, reduction: str) -> None:
    y_true, y_pred = (torch.from_numpy(mask) for mask in draw_masks((3, 5)))
    options = {"thresh": thresh, "reduction": reduction}
    torch.testing.assert_close(
        tversky_coef(y_true, y_pred, smooth=0.1, **options),  # type: ignore[arg-type]
        dice_coef(y_true, y_pred, smooth=0.2, **options),  # type: ignore[arg-type]
    )
    torch.testing.assert_close(
        tversky_coef(y_true, y_pred, smooth=0.1, alpha=1, beta=1, **options),  # type: ignore[arg-type]
        jaccard_coef(y_true, y_pred, smooth=0.1, **options),  # type: ignore[arg-type]
    )


def test_alpha_prices_the_mark_and_beta_the_miss() -> None:
    y_true, y_pred = torch.tensor([1.0, 1, 1, 0, 0]), torch.tensor([1.0, 0, 0, 1, 0])
    value = tversky_coef(y_true, y_pred, smooth=0, thresh=None, alpha=0.5, beta=0.25)
    assert value.item() == pytest.approx(1 / (1 + 0.5 * 1 + 0.25 * 2))


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_sample_reduction_scores_each_image(coefficient: Coefficient) -> None:
    y_true, y_pred = (torch.from_numpy(mask) for mask in draw_masks((4, 3, 3, 1)))
    scores = coefficient(y_true, y_pred, 1e-5, 0.5, reduction="sample")
    alone = [coefficient(t[None], p[None], 1e-5, 0.5) for t, p in zip(y_true, y_pred, strict=True)]
    torch.testing.assert_close(scores, torch.stack(alone))


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_two_empty_masks_agree_wholly(coefficient: Coefficient) -> None:
    empty = torch.zeros(2, 4)
    assert coefficient(empty, empty, 1e-5, 0.5).item() == 1
    assert coefficient(empty, empty, 0, 0.5).isnan().item()


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_an_empty_batch_has_no_scores(coefficient: Coefficient) -> None:
    empty = torch.zeros(0, 4, 4, 1)
    assert coefficient(empty, empty, 1e-5, 0.5, reduction="sample").shape == (0,)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_masks_are_summed_in_float32(
    coefficient: Coefficient, dtype: torch.dtype
) -> None:
    ones = torch.ones(1, 300, 300, dtype=dtype)
    value = coefficient(ones, ones, 0.0, None)
    assert (value.dtype, value.item()) == (torch.float32, 1)


def test_boolean_truth_and_an_axis_of_one_are_accepted() -> None:
    y_true, y_pred = draw_masks((2, 4, 4))
    truth = torch.from_numpy(y_true).bool()
    predicted = torch.from_numpy(y_pred).unsqueeze(-1)
    expected = numpy_dice(y_true, y_pred, 1e-5, 0.5)
    assert dice_coef(truth, predicted, 1e-5, 0.5).item() == pytest.approx(expected)


def test_masks_of_different_shapes_are_refused() -> None:
    with pytest.raises(DataError) as caught:
        dice_coef(torch.ones(2, 3), torch.ones(3, 2), 1e-5, 0.5)
    assert str(caught.value) == (
        "the true mask has shape (2, 3) and the predicted one (3, 2)\n"
        "  Masks have one value a pixel: give y_true the shape of the model's output."
    )


@pytest.mark.parametrize(
    ("argument", "value", "allowed"),
    [
        ("smooth", -1.0, "a finite number >= 0"),
        ("smooth", math.nan, "a finite number >= 0"),
        ("thresh", math.inf, "a finite number, or None"),
        ("reduction", "mean", "'batch' or 'sample'"),
    ],
)
def test_arguments_outside_their_range_are_refused(
    argument: str, value: object, allowed: str
) -> None:
    arguments: dict[str, object] = {"smooth": 1e-5, "thresh": 0.5, argument: value}
    with pytest.raises(ArgumentValueError) as caught:
        dice_coef(torch.ones(1, 1), torch.ones(1, 1), **arguments)  # type: ignore[arg-type]
    assert str(caught.value) == f"dice_coef: argument '{argument}' is {value!r}; allowed: {allowed}"
