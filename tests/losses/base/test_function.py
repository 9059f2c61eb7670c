"""Plain functions as losses: their names, their order, and what they may return."""

from __future__ import annotations

import functools
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor

from kplug import losses
from kplug.errors import ContractError, DataError
from tests.told import telling


def weighted(y_true: Tensor, y_pred: Tensor, factor: float = 1.0) -> Tensor:
    return factor * (y_true - y_pred).abs().mean(-1)


def test_functions_are_named_after_themselves() -> None:
    assert losses.as_loss(weighted).name == "weighted"
    assert losses.as_loss(functools.partial(weighted, factor=2.0)).name == "weighted"
    assert losses.as_loss(lambda y_true, y_pred: y_true - y_pred).name == "lambda"


def test_parameter_names_decide_about_the_order() -> None:
    def swapped(y_pred: Tensor, y_true: Tensor) -> Tensor:
        return 2 * y_pred - y_true

    assert losses.as_loss(swapped)(torch.zeros(2, 1), torch.ones(2, 1)).item() == 2.0


def makes_a_loss(smooth: float, thresh: float) -> Any:
    return weighted


def test_function_that_makes_a_loss_given_as_a_loss() -> None:
    with pytest.raises(ContractError) as caught:
        losses.as_loss(makes_a_loss)(torch.zeros(2, 1), torch.zeros(2, 1))
    assert str(caught.value) == (
        "makes_a_loss returned a function instead of a tensor\n"
        "  makes_a_loss makes a loss: pass what it returns, such as loss=makes_a_loss(…)."
    )


def test_function_that_returns_nothing() -> None:
    def forgetful(y_true: Tensor, y_pred: Tensor) -> None:
        pass

    with pytest.raises(ContractError) as caught:
        losses.as_loss(forgetful)(torch.zeros(2, 1), torch.zeros(2, 1))
    assert str(caught.value) == (
        "forgetful returned NoneType instead of a tensor\n"
        "  Return one value a sample, shape (N,), or one for the batch, shape (), computed with torch "
        "or kplug.backend."
    )


def test_function_loss_is_not_made_from_a_name() -> None:
    config = losses.FunctionLoss(weighted).get_config()
    assert config["function"] == "custom/weighted"
    with pytest.raises(ContractError) as caught:
        losses.FunctionLoss.from_config(config)
    assert str(caught.value) == (
        "the function 'custom/weighted' is not part of its configuration\n"
        "  Register it, in kplug.scope(losses={…}) or as a plugin, and refer to it by name."
    )


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 1.0, 0.5]])
def test_fewer_values_than_samples_are_told_of_once(weights: Any) -> None:
    def every_second(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - y_pred).square()[::2]

    loss, predictions = (
        losses.FunctionLoss(every_second),
        torch.tensor([[1.0], [2.0], [3.0], [4.0]]),
    )
    with telling() as told:
        for _ in range(2):
            with nullcontext() if weights is None else pytest.raises(DataError, match="shape"):
                loss(torch.zeros(4, 1), predictions, weights)
    assert told == [
        "every_second: the loss returned 2 values, shape (2, 1), for 4 samples. Return one value a "
        "sample, shape (4,); if they stand for something else, such as pairs or classes, return their mean."
    ]


@pytest.mark.parametrize(
    "make", [Tensor.mean, lambda t: t.mean(0), lambda t: t.mean(0, keepdim=True)]
)
def test_one_value_for_all_samples_is_as_meant(make: Any) -> None:
    loss = losses.FunctionLoss(lambda y_true, y_pred: make((y_true - y_pred).square()))
    assert loss(torch.zeros(3, 1), torch.ones(3, 1)) == 1.0
    assert loss(torch.zeros(3, 1), torch.ones(3, 1)) == 1.0


class _Pairs:
    mixes_samples = True

    def __call__(self, y_true: Tensor, y_pred: Tensor, margin: float = 1.0) -> Tensor:
        return (margin - (y_pred[::2] - y_pred[1::2]).abs()).clamp(min=0.0).mean(-1)


@pytest.mark.parametrize("pairs", [_Pairs(), functools.partial(_Pairs(), margin=2.0)])
def test_a_function_that_mixes_samples_says_so(pairs: Any) -> None:
    loss = losses.FunctionLoss(pairs)
    assert loss.mixes_samples
    with telling() as told:
        loss(torch.zeros(4, 1), torch.ones(4, 1))
    assert told == []
