"""Problems of compile, reported together; names of metrics."""

from __future__ import annotations

from typing import Any

import pytest
from torch import Tensor

import kplug
from kplug import layers
from kplug.errors import (
    ArgumentError,
    ArgumentValueError,
    KplugError,
    SeveralProblemsError,
    UnknownComponentError,
    WrongKindError,
)
from kplug.models import Model
from tests.training.linear_regression import make_uncompiled


def test_a_single_problem_is_raised_as_itself() -> None:
    with pytest.raises(UnknownComponentError) as caught:
        make_uncompiled(kernel_regularizer="l3").compile(loss="mse")
    assert caught.value.where == "dense.kernel_regularizer"
    assert str(caught.value).startswith("dense.kernel_regularizer: ")


def test_every_problem_is_reported_together_and_nothing_changes() -> None:
    model = make_uncompiled()
    model.compile(loss="mse", optimizer="sgd")
    before = (model.compiled, model.loss, model.components)
    broken = make_uncompiled(kernel_regularizer="l3", bias_initializer="zeroes", activation="l1")
    with pytest.raises(SeveralProblemsError) as caught:
        broken.compile(loss="huber(dleta=1)", optimizer="admw", metrics=["mae", "adam"])
    assert str(caught.value).startswith("cannot compile 'sequential_1': 6 problems\n1. loss: ")
    assert [problem.where for problem in caught.value.problems] == [
        "loss",
        "optimizer",
        "metrics[1]",
        "dense_2.activation",
        "dense_2.kernel_regularizer",
        "dense_2.bias_initializer",
    ]
    assert [type(problem) for problem in caught.value.problems] == [
        ArgumentError,
        UnknownComponentError,
        WrongKindError,
        WrongKindError,
        UnknownComponentError,
        UnknownComponentError,
    ]
    assert broken.compiled is None
    with pytest.raises(KplugError):
        model.compile(loss="nonsense")
    assert (model.compiled, model.loss, model.components) == before


def test_the_text_of_all_problems_names_each_slot_and_what_to_do() -> None:
    model = make_uncompiled(kernel_regularizer="l2(l3=1)", activity_regularizer="l2(")
    with pytest.raises(SeveralProblemsError) as caught:
        model.compile(
            loss="dice_loss", optimizer="he_normal", metrics=["mean_squared_error(dleta=1)"]
        )
    assert str(caught.value) == (
        "cannot compile 'sequential': 5 problems\n"
        "1. loss: dice_loss needs 'smooth' and 'thresh'\n"
        "     Write 'dice_loss(smooth=…, thresh=…)'. Its arguments (kplug-segmentation "
        f"{kplug.__version__}): smooth, thresh, sharpness=None, reduction='batch'.\n"
        "2. optimizer: 'he_normal' is an initializer, not an optimizer\n"
        "     `kplug list optimizers` shows what fits here.\n"
        "3. metrics[0]: mean_squared_error has no argument 'dleta'\n"
        "     Its arguments: name='mean_squared_error', dtype=None.\n"
        "4. dense.activity_regularizer: cannot read the spec 'l2(': '(' was never closed\n"
        "       l2(\n"
        "         ^\n"
        "     A spec is name, name(key=value, …) or distribution/name(…); values are Python "
        "literals or further specs.\n"
        "5. dense.kernel_regularizer: l2 has no argument 'l3'. Did you mean 'l'?\n"
        "     Its arguments: l2=0.01, l=None."
    )


@pytest.mark.parametrize(
    ("metrics", "weighted", "names"),
    [
        (["accuracy"], None, ["accuracy"]),
        (["acc", "MAE"], None, ["acc", "MAE"]),
        ("mae", None, ["mae"]),
        (["kplug/mse", "mse"], None, ["mse", "mse_1"]),
        (["mae"], ["mae", "mse"], ["mae", "weighted_mae", "mse"]),
        ([["mae"]], None, ["mae"]),
    ],
)
def test_metrics_are_named_as_they_were_typed(
    metrics: Any, weighted: Any, names: list[str]
) -> None:
    model = make_uncompiled()
    model.compile(loss="mse", metrics=metrics, weighted_metrics=weighted)
    assert model.metrics_names == ["loss", *names]


def test_a_function_is_named_after_itself_as_a_metric() -> None:
    def deviation(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - y_pred).abs()

    model = make_uncompiled()
    model.compile(loss="mse", metrics=[deviation])
    assert model.metrics_names == ["loss", "deviation"]


def test_a_loss_weight_is_checked() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make_uncompiled().compile(loss="mse", loss_weights=[1.0, 2.0])
    assert str(caught.value) == (
        "compile: argument 'loss_weights' is [1.0, 2.0]; allowed: a number, or a list of one "
        "number per output"
    )


def test_a_metric_does_not_take_the_name_of_the_loss_of_an_output() -> None:
    def loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - y_pred).abs()

    inputs = layers.Input((3,))
    model = Model(inputs, [layers.Dense(1, name=name)(inputs) for name in ("near", "far")])
    model.compile(loss=["mse", "mse"], metrics=[None, loss])
    assert model.compiled is not None
    assert [entry.name for entry in model.compiled.metrics] == ["far_loss_1"]


def test_a_single_output_takes_no_name_but_loss() -> None:
    def near_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - y_pred).abs()

    inputs = layers.Input((3,))
    model = Model(inputs, layers.Dense(1, name="near")(inputs))
    model.compile(loss="mse", metrics=[near_loss])
    assert model.compiled is not None
    assert model.compiled.output_names == ("near",)
    assert [entry.name for entry in model.compiled.metrics] == ["near_loss"]


def test_each_place_of_a_text_that_is_given_twice_has_its_own_slot() -> None:
    inputs = layers.Input((3,))
    model = Model(inputs, [layers.Dense(1, name=name)(inputs) for name in ("near", "far")])
    model.compile(loss=["mse", "mse"], metrics={"near": ["mae"], "far": ["mae"]})
    assert model.compiled is not None
    structure = model.compiled.structure
    assert [filled.slot for filled in structure["loss"]] == ["loss[near]", "loss[far]"]
    assert structure["metrics"]["near"][0].object is model.compiled.metrics[0].metric
