"""The focal loss, against Keras and at its edges."""

from __future__ import annotations

import keras
import pytest
import torch
from kplug_segmentation import focal_loss
from torch import Tensor

from kplug.errors import ArgumentValueError


def draw(seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    y_true = (torch.rand(3, 4, 4, 2, generator=generator) > 0.5).float()
    return y_true, 3 * torch.randn(3, 4, 4, 2, generator=generator)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [None, 0.0, 0.25, 1.0])
@pytest.mark.parametrize("from_logits", [False, True])
def test_values_are_those_of_keras(gamma: float, alpha: float | None, from_logits: bool) -> None:
    y_true, logits = draw()
    y_pred = logits if from_logits else torch.sigmoid(logits)
    theirs = keras.losses.binary_focal_crossentropy(
        y_true,
        y_pred,
        apply_class_balancing=alpha is not None,
        alpha=alpha or 0.0,
        gamma=gamma,
        from_logits=from_logits,
    )
    ours = focal_loss(y_true, y_pred, alpha=alpha, gamma=gamma, from_logits=from_logits)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("from_logits", [False, True])
def test_gradients_agree_with_finite_differences(from_logits: bool) -> None:
    y_true, logits = draw()
    y_pred = logits.double() if from_logits else torch.sigmoid(logits.double())
    y_pred.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda predicted: focal_loss(y_true, predicted, from_logits=from_logits), (y_pred,)
    )


@pytest.mark.parametrize("gamma", [0.5, 2.0])
@pytest.mark.parametrize(("extreme", "from_logits"), [(1.0, False), (100.0, True)])
def test_saturated_predictions_stay_finite(gamma: float, extreme: float, from_logits: bool) -> None:
    y_true = torch.tensor([[1.0, 0.0, 1.0, 0.0]])
    low = -extreme if from_logits else 0.0
    y_pred = torch.tensor([[extreme, extreme, low, low]], requires_grad=True)
    loss = focal_loss(y_true, y_pred, gamma=gamma, from_logits=from_logits)
    (gradient,) = torch.autograd.grad(loss.sum(), y_pred)
    assert torch.isfinite(loss).all()
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gamma": -1.0}, "argument 'gamma' is -1.0; allowed: a finite number >= 0"),
        ({"alpha": 1.5}, "argument 'alpha' is 1.5; allowed: a number in [0, 1], or None"),
    ],
)
def test_arguments_outside_their_range_are_refused(
    arguments: dict[str, float], message: str
) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        focal_loss(torch.ones(1, 1), torch.ones(1, 1), **arguments)  # type: ignore[arg-type]
    assert str(caught.value) == f"focal_loss: {message}"
