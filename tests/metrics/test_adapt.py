"""Objects and names accepted as metrics, and those refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import kplug
from kplug import losses, metrics
from kplug.errors import ContractError

NAMES = {
    "AutoAccuracy": "accuracy acc Accuracy",
    "BinaryAccuracy": "binary_accuracy BinaryAccuracy",
    "CategoricalAccuracy": "categorical_accuracy",
    "SparseCategoricalAccuracy": "sparse_categorical_accuracy",
    "TopKCategoricalAccuracy": "top_k_categorical_accuracy",
    "SparseTopKCategoricalAccuracy": "sparse_top_k_categorical_accuracy",
    "MeanSquaredError": "mean_squared_error mse MSE",
    "RootMeanSquaredError": "root_mean_squared_error rmse",
    "MeanAbsoluteError": "mean_absolute_error mae MAE",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error mape",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error msle",
    "LogCoshError": "log_cosh_error logcosh log_cosh",
    "CosineSimilarity": "cosine_similarity",
    "BinaryCrossentropy": "binary_crossentropy bce BCE",
    "CategoricalCrossentropy": "categorical_crossentropy cce",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "KLDivergence": "kl_divergence kld kullback_leibler_divergence",
    "Poisson": "poisson",
    "Hinge": "hinge",
    "SquaredHinge": "squared_hinge",
    "CategoricalHinge": "categorical_hinge",
    "Mean": "mean",
}


@pytest.mark.parametrize(
    ("name", "expected"), [(n, cls) for cls, names in NAMES.items() for n in names.split()]
)
def test_every_name_is_found(name: str, expected: str) -> None:
    assert type(metrics.get(name)).__name__ == expected


def test_class_for_equality_keeps_its_own_name() -> None:
    resolved = kplug.resolve("metric", metrics.Accuracy())
    assert resolved.component.qualified_name == "kplug/exact_accuracy"
    assert isinstance(metrics.get(str(resolved.spec)), metrics.Accuracy)


def test_arguments_reach_the_metric() -> None:
    metric = metrics.get("top_k_categorical_accuracy(k=3)")
    assert isinstance(metric, metrics.TopKCategoricalAccuracy)
    assert metric.k == 3


@pytest.mark.parametrize(
    "candidate", [losses.MeanSquaredError(), losses.MeanSquaredError(reduction="sum"), nn.MSELoss()]
)
def test_loss_as_a_metric_is_the_mean_of_its_values(candidate: Any) -> None:
    metric = metrics.as_metric(candidate)
    metric.update_state(torch.zeros(3), torch.tensor([[1.0], [2.0], [3.0]]))
    metric.update_state(torch.zeros(1), torch.tensor([[0.0]]))
    assert metric.result().item() == pytest.approx(14 / 4)
    assert metric.name in ("mean_squared_error", "mse_loss")


def test_plain_functions_of_the_package_become_their_classes() -> None:
    assert isinstance(metrics.as_metric(metrics.mse), metrics.MeanSquaredError)
    assert isinstance(metrics.as_metric(metrics.binary_accuracy), metrics.BinaryAccuracy)


def test_cosine_as_a_function_keeps_the_sign_of_the_loss() -> None:
    metric = metrics.as_metric(losses.cosine_similarity)
    assert metric(torch.ones(1, 2), torch.ones(1, 2)).item() == pytest.approx(-1.0)


class Positives(metrics.Metric):
    def __init__(self, name: str = "positives") -> None:
        super().__init__(name)
        self.total = self.add_state("total")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.to(y_pred.device)
        self.total.add_((y_pred > 0.5).sum())

    def result(self) -> Tensor:
        return self.total


def test_class_is_made_and_kept() -> None:
    metric = metrics.as_metric(Positives)
    assert isinstance(metric, Positives)
    assert metrics.as_metric(metric) is metric
    assert metric(torch.zeros(2), torch.tensor([0.7, 0.9])).item() == 2.0
    assert metric.get_config() == {"name": "positives"}


class WithoutResult(metrics.Metric):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        pass


@pytest.mark.parametrize(
    ("candidate", "text"),
    [
        (
            0.5,
            "0.5 is no metric\n  A metric is a name, a kplug.metrics.Metric, a loss, or a function of "
            "(y_true, y_pred).",
        ),
        (
            WithoutResult,
            "WithoutResult cannot be used as a metric: it has no result\n  A subclass writes it.",
        ),
        (
            lambda y_true: y_true,
            "<lambda>(y_true) cannot be used as a metric: too many positional arguments\n"
            "  A metric is called with (y_true, y_pred): bind other arguments first, with "
            "functools.partial or in a function that returns it.",
        ),
    ],
)
def test_what_is_no_metric(candidate: Any, text: str) -> None:
    with pytest.raises(ContractError) as caught:
        metrics.as_metric(candidate)
    assert str(caught.value) == text
