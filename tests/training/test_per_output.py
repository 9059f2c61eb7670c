"""Arguments of ``compile`` written for each output: lists of one, dicts by the output's name."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kplug import layers, metrics
from kplug.errors import ArgumentValueError, SeveralProblemsError
from kplug.models import Model, Sequential
from kplug.training.per_output import spread_losses, spread_metrics, spread_weights

X, Y = np.arange(6.0).reshape(3, 2), np.array([[1.0], [0.0], [3.0]])


def make_model() -> Sequential:
    return Sequential([layers.Dense(4, input_shape=(2,)), layers.Dense(1, name="score")])


def test_an_output_is_called_like_the_last_layer_as_in_keras() -> None:
    theirs = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="score")])
    assert make_model().output_names == theirs._functional.output_names == ["score"]
    assert Sequential().output_names == []


@pytest.mark.parametrize(
    "loss",
    [
        "huber(delta=0.5)",
        ["huber(delta=0.5)"],
        ("huber(delta=0.5)",),
        {"score": "huber(delta=0.5)"},
        {"class_name": "Huber", "config": {"delta": 0.5}},
        {"name": "huber", "args": {"delta": 0.5}},
        [{"class_name": "Huber", "config": {"delta": 0.5}}],
    ],
    ids=str,
)
@pytest.mark.parametrize("weights", [0.25, [0.25], {"score": 0.25}], ids=str)
def test_each_way_to_write_a_loss_means_the_same(loss: Any, weights: Any) -> None:
    model = make_model()
    model.compile(loss=loss, loss_weights=weights, metrics={"score": ["mae"]})
    predictions = np.asarray(model.predict(X, verbose=0))
    value, error = model.evaluate(X, Y, verbose=0)
    expected = 0.25 * float(keras.losses.Huber(delta=0.5)(Y, predictions))
    assert value == pytest.approx(expected, rel=1e-5)
    assert error == pytest.approx(np.abs(Y - predictions).mean(), rel=1e-5)
    assert model.metrics_names == ["loss", "mae"]


@pytest.mark.parametrize("none", [None, [None], {"score": None}], ids=str)
def test_an_output_may_have_no_loss(none: Any) -> None:
    model = make_model()
    model.compile(loss=none)
    assert model.loss is None


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"loss": ["mse", "mae"]},
            "argument 'loss' is ['mse', 'mae']; allowed: a list of one, as the model has one output",
        ),
        (
            {"loss": {"socre": "mse"}},
            "argument 'loss' is {'socre': 'mse'}; allowed: a dict with the name of the model's output: "
            "'score'\n  Did you mean 'score'?",
        ),
        (
            {"loss": {"score": "mse", "other": "mse"}},
            "argument 'loss' is {'score': 'mse', 'other': 'mse'}; allowed: a dict with the name of the "
            "model's output: 'score'",
        ),
        (
            {"loss_weights": {"other": 1.0}},
            "argument 'loss_weights' is {'other': 1.0}; allowed: a dict with the name of the model's "
            "output: 'score'",
        ),
        (
            {"loss_weights": float("nan")},
            "argument 'loss_weights' is nan; allowed: a finite number",
        ),
        (
            {"loss_weights": "1"},
            "argument 'loss_weights' is '1'; allowed: a number, or a list of one number per output",
        ),
        (
            {"metrics": {"other": "mae"}},
            "argument 'metrics' is {'other': 'mae'}; allowed: a dict with the name of the model's "
            "output: 'score'",
        ),
    ],
)
def test_what_is_meant_for_no_output(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make_model().compile(**{"loss": "mse", **arguments})
    assert str(caught.value) == f"compile: {text}"


class Nameless(Model):
    def call(self, inputs: Any) -> Any:
        return inputs


def test_a_dict_needs_a_name() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        Nameless().compile(loss="mse", metrics={"score": "mae"})
    assert str(caught.value) == (
        "compile: argument 'metrics' is {'score': 'mae'}; allowed: no dict, as the output of this model "
        "has no name"
    )


# ---------------------------------------------------------------- several outputs

NAMES = ["score", "kind"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, [None, None]),
        ("mse", ["mse", "mse"]),
        (["mse", None], ["mse", None]),
        (("mse", "mae"), ["mse", "mae"]),
        ({"kind": "mae"}, [None, "mae"]),
        ({"kind": "mae", "score": "mse"}, ["mse", "mae"]),
        ({"class_name": "Huber", "config": {}}, [{"class_name": "Huber", "config": {}}] * 2),
    ],
    ids=str,
)
def test_losses_of_two_outputs(given: Any, expected: list[Any]) -> None:
    assert spread_losses(NAMES, given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, [[], []]),
        ([], [[], []]),
        ("mae", [["mae"], ["mae"]]),
        (["mae"], [["mae"], ["mae"]]),
        (["mae", "accuracy"], [["mae"], ["accuracy"]]),
        ([["mae", "mse"], "accuracy"], [["mae", "mse"], ["accuracy"]]),
        ([["mae"], None], [["mae"], []]),
        ({"kind": ["accuracy"]}, [[], ["accuracy"]]),
        ({"score": "mae"}, [["mae"], []]),
    ],
    ids=str,
)
def test_metrics_of_two_outputs(given: Any, expected: list[Any]) -> None:
    assert spread_metrics(NAMES, "metrics", given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, [1.0, 1.0]),
        ([2, 0.5], [2.0, 0.5]),
        ({"kind": 3}, [1.0, 3.0]),
        ([None, np.float32(2)], [1.0, 2.0]),
    ],
    ids=str,
)
def test_factors_of_two_losses(given: Any, expected: list[float]) -> None:
    assert spread_weights(NAMES, given) == expected


class Two(Model):
    """Two outputs of one input."""

    def __init__(self, name: str = "two") -> None:
        super().__init__(name=name)
        self.score, self.kind = layers.Dense(1), layers.Dense(3, activation="softmax")
        self.output_names = NAMES

    def call(self, inputs: Any) -> Any:
        return [self.score(inputs), self.kind(inputs)]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"loss": ["mse"]},
            "argument 'loss' is ['mse']; allowed: a list with one entry for each output: 'score', "
            "'kind'",
        ),
        (
            {"loss": {"score": "mse", "knid": "mse"}},
            "argument 'loss' is {'score': 'mse', 'knid': 'mse'}; allowed: a dict with names of the "
            "model's outputs: 'score' or 'kind'\n  Did you mean 'kind'?",
        ),
        (
            {"loss_weights": [1.0]},
            "argument 'loss_weights' is [1.0]; allowed: a list of numbers with one entry for each "
            "output: 'score', 'kind'",
        ),
        (
            {"loss_weights": 0.5},
            "argument 'loss_weights' is 0.5; allowed: a list of numbers with one entry for each "
            "output: 'score', 'kind'",
        ),
        (
            {"metrics": ["mae", "mse", "mape"]},
            "argument 'metrics' is ['mae', 'mse', 'mape']; allowed: a list with one entry for each "
            "output: 'score', 'kind'",
        ),
        (
            {"weighted_metrics": {"other": "mae"}},
            "argument 'weighted_metrics' is {'other': 'mae'}; allowed: a dict with names of the "
            "model's outputs: 'score' or 'kind'",
        ),
    ],
    ids=str,
)
def test_what_fits_no_two_outputs(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        Two().compile(**{"loss": "mse", **arguments})
    assert str(caught.value) == f"compile: {text}"


def test_one_metric_object_has_one_place() -> None:
    metric = metrics.MeanAbsoluteError()
    with pytest.raises(ArgumentValueError) as caught:
        Two().compile(loss="mse", metrics=[metric, metric])
    assert str(caught.value).endswith(
        "allowed: another object than in metrics[score][0], as each adds up what it sees\n"
        "  Give the name of the metric, or make one for each place."
    )


def test_slots_name_the_output() -> None:
    model = Two()
    model.compile(
        loss=["mse", "sparse_categorical_crossentropy"],
        metrics={"kind": ["accuracy"]},
        weighted_metrics=[["mae", "mse"], None],
    )
    assert [row.slot for row in model.components][:6] == [
        "loss/score",
        "loss/kind",
        "optimizer",
        "metrics/kind/0",
        "weighted_metrics/score/0",
        "weighted_metrics/score/1",
    ]
    assert model.metrics_names == [
        "loss",
        "score_loss",
        "kind_loss",
        "kind_accuracy",
        "score_mae",
        "score_mse",
    ]
    assert list(model.loss) == NAMES


def test_problems_of_every_output_come_together() -> None:
    with pytest.raises(SeveralProblemsError) as caught:
        Two().compile(loss={"score": "msee", "kind": "hinge(1)"}, metrics=[["maee"], None])
    slots = [problem.where for problem in caught.value.problems]
    assert slots == ["loss[score]", "loss[kind]", "metrics[score][0]"]
