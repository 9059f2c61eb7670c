"""Arguments of ``compile`` written for each output: lists of one, dicts by the output's name."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kplug import backend, layers
from kplug.errors import ArgumentValueError
from kplug.models import Model, Sequential


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    backend.clear_session()


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
            "'score'",
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
        Nameless().compile(loss={"score": "mse"})
    assert str(caught.value) == (
        "compile: argument 'loss' is {'score': 'mse'}; allowed: no dict, as the output of this model "
        "has no name"
    )
