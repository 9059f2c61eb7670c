"""Losses that cannot train a model are refused at the first step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch import Tensor

from kplug import layers
from kplug.errors import ContractError, LossWithoutGradientError
from kplug.models import Model
from tests.training.linear_regression import X, Y, make_model


def thresholded_dice(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The guide's literal dice: the comparison has no gradient."""
    y_pred = (y_pred > 0.5).float()
    return -(2 * (y_true * y_pred).sum() + 1e-5) / (y_true.sum() + y_pred.sum() + 1e-5)


@pytest.mark.parametrize("options", [{}, {"kernel_regularizer": "l2"}])
def test_a_loss_without_gradient_is_refused_at_the_first_step(options: dict[str, Any]) -> None:
    model = make_model(loss=thresholded_dice, **options)
    before = model.get_weights()
    with pytest.raises(LossWithoutGradientError) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught.value) == (
        "loss: the loss 'thresholded_dice' has no gradient\n"
        "  No gradient reaches the model's weights. A comparison such as `y_pred > thresh`, "
        "rounding and argmax are constant almost everywhere, and detach(), .numpy() or no_grad() "
        "cut the connection. Make the loss differentiable (keep y_pred as it is, or let the "
        "gradient pass straight through the threshold), or pass the function as one of "
        "metrics=[…] and train on another loss."
    )
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_the_same_function_works_as_a_metric() -> None:
    model = make_model()
    model.compile(optimizer="sgd", loss="mse", metrics=[thresholded_dice])
    assert "thresholded_dice" in model.fit(X, Y, verbose=0).history


def test_no_loss_at_all_is_refused() -> None:
    model = make_model(loss=None)
    with pytest.raises(ContractError) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught.value) == (
        "there is nothing to minimise: the model was compiled without a loss and has no "
        "penalties\n  Give one: compile(loss='mean_squared_error')."
    )


def test_an_unreduced_loss_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        make_model(loss="mean_squared_error(reduction='none')").fit(X, Y, verbose=0)
    assert str(caught.value) == (
        "the loss 'mean_squared_error' returned a tensor of shape (32,); training needs one "
        "number per batch\n  Use a reduction other than 'none'."
    )


def test_an_unreduced_loss_of_several_outputs_is_named_by_its_output() -> None:
    inputs = layers.Input((3,))
    outputs = [layers.Dense(1, name=name)(inputs) for name in ("near", "far")]
    model = Model(inputs, outputs)
    model.compile(loss=["mse", "mean_squared_error(reduction='none')"])
    with pytest.raises(
        ContractError, match=r"^loss\[far\]: the loss 'mean_squared_error' returned"
    ):
        model.fit(X, [Y, Y], verbose=0)
