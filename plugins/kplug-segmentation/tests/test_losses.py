"""Value and gradient of the overlap losses: exact, soft, and in between."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import pytest
import torch
from hypothesis import given, settings, strategies as st
from kplug_segmentation import dice_coef, dice_loss, jaccard_coef, jaccard_loss, tversky_loss
from torch import Tensor

from kplug.errors import ArgumentValueError
from kplug.losses import as_loss

Factory = Callable[..., Callable[[Tensor, Tensor], Tensor]]
FACTORIES: list[Factory] = [dice_loss, jaccard_loss, tversky_loss]


def draw_masks(*shape: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    y_true = torch.rand(shape, generator=generator, dtype=torch.float64) > 0.6
    y_pred = torch.rand(shape, generator=generator, dtype=torch.float64)
    return y_true.double(), y_pred.requires_grad_()


def gradient_of(loss: Callable[[Tensor, Tensor], Tensor], *masks: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(loss(*masks).sum(), masks[1])
    return gradient


@given(
    smooth=st.floats(1e-6, 2),
    thresh=st.floats(0.01, 0.99),
    seed=st.integers(0, 1000),
    is_single=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_the_value_is_minus_the_hard_dice_to_the_last_bit(
    smooth: float, thresh: float, seed: int, is_single: bool
) -> None:
    y_true, y_pred = draw_masks(2, 4, 4, 1, seed=seed)
    if is_single:
        y_true, y_pred = y_true.float(), y_pred.float()
    value = dice_loss(smooth, thresh)(y_true, y_pred)
    assert value.item() == -dice_coef(y_true, y_pred, smooth, thresh).item()


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("reduction", ["batch", "sample"])
def test_the_gradient_passes_straight_through_the_threshold(
    factory: Factory, reduction: str
) -> None:
    y_true, y_pred = draw_masks(3, 5, 5, 1)
    hard = factory(smooth=1e-5, thresh=0.5, reduction=reduction)
    soft = factory(smooth=1e-5, thresh=None, reduction=reduction)
    torch.testing.assert_close(
        gradient_of(hard, y_true, y_pred), gradient_of(soft, y_true, y_pred), rtol=0, atol=0
    )
    assert gradient_of(hard, y_true, y_pred).abs().min() > 0


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("options", [{"thresh": None}, {"thresh": 0.5, "sharpness": 7.0}])
@pytest.mark.parametrize("reduction", ["batch", "sample"])
def test_soft_and_sharpened_gradients_agree_with_finite_differences(
    factory: Factory, options: dict[str, float], reduction: str
) -> None:
    y_true, y_pred = draw_masks(2, 3, 3)
    loss = factory(smooth=0.1, reduction=reduction, **options)
    assert torch.autograd.gradcheck(lambda predicted: loss(y_true, predicted), (y_pred,))


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_sharper_threshold_comes_closer_to_the_hard_value(factory: Factory) -> None:
    y_true, distance = draw_masks(2, 8, 8, 1)
    y_pred = 0.5 + (y_true - 0.5) * distance  # on the right side of the threshold everywhere
    hard = factory(smooth=1e-5, thresh=0.5)(y_true, y_pred)
    distances = [
        (factory(smooth=1e-5, thresh=0.5, sharpness=sharpness)(y_true, y_pred) - hard).abs().item()
        for sharpness in (3, 30, 300, 1e6)
    ]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-9


@pytest.mark.parametrize("factory", FACTORIES)
def test_descending_the_thresholded_loss_finds_the_mask(factory: Factory) -> None:
    y_true, _ = draw_masks(2, 6, 6, 1)
    logits = torch.zeros_like(y_true, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.1)
    loss = factory(smooth=1e-5, thresh=0.5)
    for _ in range(60):
        optimizer.zero_grad()
        torch.autograd.backward(loss(y_true, torch.sigmoid(logits)))
        optimizer.step()
    assert loss(y_true, torch.sigmoid(logits)).item() == pytest.approx(-1)


def test_the_soft_losses_are_those_of_keras_less_one() -> None:
    y_true, y_pred = (mask.detach().float() for mask in draw_masks(3, 4, 4, 1))
    ours = 1 + dice_loss(smooth=1e-7, thresh=None)(y_true, y_pred)
    torch.testing.assert_close(ours, keras.losses.dice(y_true, y_pred))
    ours = 1 + tversky_loss(smooth=1e-7, thresh=None, alpha=0.3, beta=0.8)(y_true, y_pred)
    # Keras prices false positives with beta, against its own documentation and the paper.
    theirs = keras.losses.tversky(y_true, y_pred, alpha=0.8, beta=0.3)
    torch.testing.assert_close(ours, theirs)


def test_jaccard_loss_is_minus_the_coefficient() -> None:
    y_true, y_pred = draw_masks(3, 4, 4, 1)
    loss = jaccard_loss(smooth=0.5, thresh=0.3, reduction="sample")(y_true, y_pred)
    assert loss.tolist() == (-jaccard_coef(y_true, y_pred, 0.5, 0.3, "sample")).tolist()


def test_smooth_and_thresh_have_no_defaults() -> None:
    for factory in FACTORIES:
        with pytest.raises(TypeError, match="'smooth' and 'thresh'"):
            factory()


def test_the_losses_are_named_as_in_the_guide() -> None:
    names = [as_loss(factory(1e-5, 0.5)).name for factory in FACTORIES]
    assert names == ["dice", "jaccard", "tversky"]


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"smooth": -1}, "argument 'smooth' is -1; allowed: a finite number >= 0"),
        ({"thresh": math.nan}, "argument 'thresh' is nan; allowed: a finite number, or None"),
        ({"reduction": "sum"}, "argument 'reduction' is 'sum'; allowed: 'batch' or 'sample'"),
        ({"sharpness": 0}, "argument 'sharpness' is 0; allowed: None, or a finite number > 0"),
        (
            {"sharpness": 9.0, "thresh": None},
            "argument 'sharpness' is 9.0; allowed: None where thresh is None: "
            "there is no threshold to sharpen",
        ),
    ],
)
def test_arguments_are_checked_when_the_loss_is_made(
    factory: Factory, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        factory(**({"smooth": 1e-5, "thresh": 0.5} | arguments))
    name = getattr(factory, "__name__", "")
    assert str(caught.value) == f"{name}: {message}"


@pytest.mark.parametrize("argument", ["alpha", "beta"])
def test_tversky_prices_are_checked(argument: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        tversky_loss(1e-5, 0.5, **{argument: -0.5})  # type: ignore[arg-type]
    expected = f"tversky_loss: argument '{argument}' is -0.5; allowed: a finite number >= 0"
    assert str(caught.value) == expected
