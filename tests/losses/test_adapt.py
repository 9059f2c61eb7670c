"""Names, classes, functions and dicts accepted as losses, and those refused."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

import kplug
from kplug import lookup_key, losses
from kplug.errors import ArgumentError, ArgumentValueError, ContractError
from tests.losses.cases import NAMES

OLDER_NAMES = {
    "MeanSquaredError": "mean_squared_error MeanSquaredError mse MSE",
    "MeanAbsoluteError": "mean_absolute_error MeanAbsoluteError mae MAE",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error mape MAPE",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error msle MSLE",
    "Hinge": "hinge Hinge",
    "SquaredHinge": "squared_hinge SquaredHinge",
    "CategoricalHinge": "categorical_hinge CategoricalHinge",
    "BinaryCrossentropy": "binary_crossentropy BinaryCrossentropy bce BCE",
    "CategoricalCrossentropy": "categorical_crossentropy CategoricalCrossentropy cce",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "Crossentropy": "crossentropy ce",
    "KLDivergence": "kl_divergence KLDivergence kld KLD kullback_leibler_divergence",
    "Poisson": "poisson Poisson",
    "CosineSimilarity": "cosine_similarity CosineSimilarity cosine_proximity cosine",
    "LogCosh": "log_cosh logcosh LogCosh",
    "Huber": "huber Huber huber_loss",
    "BinaryFocalCrossentropy": "binary_focal_crossentropy BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy": "categorical_focal_crossentropy CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy": "categorical_generalized_cross_entropy "
    "CategoricalGeneralizedCrossEntropy",
    "Dice": "dice Dice",
    "Tversky": "tversky Tversky",
    "Circle": "circle Circle",
    "CTC": "ctc CTC",
}


def test_every_name_of_every_loss_is_tested() -> None:
    known = {owner: {lookup_key(name) for name in names} for owner, names in NAMES.items()}
    assert known.pop("WeightedSum") == {"weightedsum"}  # it has no default terms
    assert known == {
        owner: set(map(lookup_key, names.split())) for owner, names in OLDER_NAMES.items()
    }


@pytest.mark.parametrize(
    ("name", "expected"), [(n, cls) for cls, names in OLDER_NAMES.items() for n in names.split()]
)
def test_every_name_of_keras_2_and_3_is_found(name: str, expected: str) -> None:
    assert type(losses.get(name)).__name__ == expected


@pytest.mark.parametrize(
    "identifier",
    ["huber(delta=2.0)", "kplug/huber(2.0)", {"class_name": "Huber", "config": {"delta": 2.0}}],
)
def test_arguments_reach_the_loss(identifier: Any) -> None:
    loss = losses.get(identifier)
    assert isinstance(loss, losses.Huber)
    assert loss.delta == 2.0


def test_none_is_no_loss() -> None:
    assert losses.get(None) is None


def instances() -> list[losses.Loss]:
    return [
        losses.MeanSquaredError(reduction="sum", name="mine"),
        losses.MeanAbsoluteError(),
        losses.MeanAbsolutePercentageError(),
        losses.MeanSquaredLogarithmicError(dtype="float64"),
        losses.Huber(delta=0.25),
        losses.LogCosh(reduction=None),
        losses.CosineSimilarity(axis=1),
        losses.Hinge(),
        losses.SquaredHinge(),
        losses.CategoricalHinge(),
        losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1, axis=1),
        losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
        losses.SparseCategoricalCrossentropy(ignore_class=-1, axis=1),
        losses.Crossentropy(from_logits=True),
        losses.KLDivergence(reduction="mean_with_sample_weight"),
        losses.Poisson(),
        losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.5, gamma=1.0),
        losses.CategoricalFocalCrossentropy(alpha=[0.5, 1.0], gamma=0.0, axis=1),
        losses.CategoricalGeneralizedCrossEntropy(q=0.7),
        losses.Dice(axis=(1, 2)),
        losses.Tversky(alpha=0.2, beta=0.8, axis=-1),
        losses.Circle(gamma=64.0, margin=0.25, remove_diagonal=False),
        losses.CTC(reduction="sum"),
        losses.WeightedSum(["mse", losses.Huber(0.5)], [0.5, 1.0]),
    ]


def test_every_loss_has_an_instance() -> None:
    assert {type(loss).__name__ for loss in instances()} == set(NAMES)


@pytest.mark.parametrize("loss", instances(), ids=lambda loss: type(loss).__name__)
def test_configuration_survives_json(loss: losses.Loss) -> None:
    config = json.loads(json.dumps(loss.get_config()))
    again = type(loss).from_config(config)
    assert again.get_config() == loss.get_config()


@pytest.mark.parametrize("loss", instances(), ids=lambda loss: type(loss).__name__)
def test_spec_of_an_instance_makes_it_again(loss: losses.Loss) -> None:
    spec = str(kplug.resolve("loss", loss).spec)
    again = losses.get(spec)
    assert isinstance(again, losses.Loss)
    assert spec.startswith("kplug/")
    assert again.get_config() == loss.get_config()


@pytest.mark.parametrize("loss", instances(), ids=lambda loss: type(loss).__name__)
def test_losses_can_be_pickled(loss: losses.Loss) -> None:
    assert pickle.loads(pickle.dumps(loss)).get_config() == loss.get_config()


def test_plain_functions_of_the_package_become_their_classes() -> None:
    assert isinstance(losses.as_loss(losses.huber), losses.Huber)
    assert isinstance(losses.as_loss(losses.kld), losses.KLDivergence)


def weighted(y_true: Tensor, y_pred: Tensor, factor: float = 1.0) -> Tensor:
    return factor * (y_true - y_pred).abs().mean(-1)


class Percentile(losses.Loss):
    def __init__(self, q: float, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.q = q

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        error = y_true - y_pred
        return torch.maximum(self.q * error, (self.q - 1) * error).mean(-1)


@pytest.mark.parametrize("alpha", [-0.1, 1.5, float("nan"), "0.1", None, True])
@pytest.mark.parametrize("name", ["BinaryCrossentropy", "CategoricalCrossentropy"])
def test_label_smoothing_out_of_range(name: str, alpha: Any) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        getattr(losses, name)(label_smoothing=alpha)
    owner = {"B": "binary_crossentropy", "C": "categorical_crossentropy"}[name[0]]
    assert str(caught.value) == (
        f"{owner}: argument 'label_smoothing' is {alpha!r}; allowed: a number in [0, 1]"
    )


@pytest.mark.parametrize("delta", [0, -1.0, float("inf"), float("nan"), "1", None])
def test_delta_out_of_range(delta: Any) -> None:
    text = f"huber: argument 'delta' is {delta!r}; allowed: a finite number > 0"
    with pytest.raises(ArgumentValueError) as caught:
        losses.Huber(delta=delta)
    assert str(caught.value) == text
    with pytest.raises(ArgumentValueError) as caught:
        losses.huber([[0.0]], [[1.0]], delta=delta)
    assert str(caught.value) == text


def test_misspelt_argument() -> None:
    with pytest.raises(ArgumentError) as caught:
        losses.get("huber(dleta=2)")
    assert str(caught.value).startswith("huber has no argument 'dleta'. Did you mean 'delta'?")


class WithoutCall(losses.Loss):
    pass


@pytest.mark.parametrize(
    ("candidate", "text"),
    [
        (
            3,
            "3 is no loss\n  A loss is a name, a kplug.losses.Loss, a torch.nn loss module, or a "
            "function of (y_true, y_pred).",
        ),
        (
            WithoutCall,
            "WithoutCall cannot be used as a loss: it has no call\n  A subclass writes it.",
        ),
        (
            Percentile,
            "Percentile(q, **keywords) cannot be used as a loss: missing a required argument: 'q'\n"
            "  Give an instance: Percentile(…).",
        ),
        (
            lambda y_true: y_true,
            "<lambda>(y_true) cannot be used as a loss: too many positional arguments\n"
            "  A loss is called with (y_true, y_pred): bind other arguments first, with "
            "functools.partial or in a function that returns it.",
        ),
    ],
)
def test_what_is_no_loss(candidate: Any, text: str) -> None:
    with pytest.raises(ContractError) as caught:
        losses.as_loss(candidate)
    assert str(caught.value) == text


def test_a_reduction_that_torch_does_not_know_is_told_by_the_call() -> None:
    made = {"name": "torch/cross_entropy_loss", "args": {"reduction": ["mean"]}}
    loss = kplug.resolve("loss", made).object
    with pytest.raises(ValueError, match="not a valid value for reduction"):
        loss([1], [[0.2, 0.5, 0.3]])
