"""Plain functions as metrics: how they are averaged, and what they may return."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kplug import metrics
from kplug.errors import ContractError


def closeness(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).abs() < 0.5


def test_function_is_averaged_over_samples_and_batches() -> None:
    metric = metrics.as_metric(closeness)
    assert metric.name == "closeness"
    metric.update_state(torch.zeros(3), torch.tensor([[0.1], [0.9], [0.2]]))
    metric.update_state(torch.zeros(1), torch.tensor([[0.9]]))
    assert metric.result().item() == 0.5


def test_function_of_the_batch_counts_once_a_batch() -> None:
    metric = metrics.as_metric(lambda y_true, y_pred: (y_true - y_pred).abs().max())
    metric.update_state(torch.zeros(3), torch.tensor([[1.0], [2.0], [3.0]]))
    metric.update_state(torch.zeros(1), torch.tensor([[1.0]]))
    assert metric.result().item() == 2.0


def test_function_may_return_a_python_number() -> None:
    metric = metrics.as_metric(lambda y_true, y_pred: 0.25)
    assert metric(torch.zeros(2), torch.zeros(2, 1)).item() == 0.25


def test_function_that_returns_nothing() -> None:
    def forgetful(y_true: Tensor, y_pred: Tensor) -> None:
        pass

    with pytest.raises(ContractError) as caught:
        metrics.as_metric(forgetful).update_state(torch.zeros(1), torch.zeros(1))
    assert str(caught.value) == (
        "forgetful returned None instead of a number or a tensor\n"
        "  A metric function returns one value a sample, shape (N,), or one number."
    )


def test_function_metric_is_not_made_from_a_name() -> None:
    config = metrics.FunctionMetric(closeness).get_config()
    with pytest.raises(ContractError, match=r"^the function 'custom/closeness' is not part of its"):
        metrics.FunctionMetric.from_config(config)
