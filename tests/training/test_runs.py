"""Evaluation and prediction, of all data and of one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from kplug import layers
from kplug.errors import DataError
from kplug.models import Model, Sequential
from tests.told import telling
from tests.training.linear_regression import X, Y, make_model


def test_evaluate_returns_a_number_a_list_or_a_dict() -> None:
    model = make_model()
    assert isinstance(model.evaluate(X, Y, verbose=0), float)
    model.compile(loss="mse", metrics=["mae"])
    loss, error = model.evaluate(X, Y, verbose=0)
    named = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert named == {"loss": loss, "mae": error}
    assert model.test_on_batch(X, Y) == pytest.approx([loss, error], rel=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(X), model.predict(X, verbose=0), rtol=1e-5)


def test_dropout_is_off_after_training() -> None:
    model = Sequential([layers.Dense(5, input_shape=(3,)), layers.Dropout(0.5)])
    model.compile(loss="mse")
    model.fit(X, np.zeros((64, 5)), verbose=0)
    np.testing.assert_array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))
    x = torch.from_numpy(X)
    assert torch.equal(model(x), model(x))


def test_a_fit_without_an_epoch_says_so() -> None:
    model = Sequential([layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    with telling() as told:
        history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, initial_epoch=3, verbose=0)
    assert history.epoch == []
    assert told == [
        "fit: no epoch is left to train: initial_epoch is 3, and epochs is the number of the last epoch, 3, "
        "not how many there are"
    ]


class _Doubled(Model):
    """A model with a step of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = layers.Dense(2)

    def call(self, inputs: Tensor) -> Any:
        return self.inner(inputs)

    def predict_step(self, data: Any) -> Any:
        return {"doubled": 2 * self(data)}


def _make_two() -> Model:
    left, right = layers.Input((3,), name="left"), layers.Input((1,), name="right")
    joined = layers.Concatenate()([left, right])
    return Model({"left": left, "right": right}, [layers.Dense(2)(joined), left])


MODELS: dict[str, Callable[[], Model]] = {
    "chain": lambda: Sequential([layers.Dense(4, activation="relu", input_shape=(3,))]),
    "chain of unknown shape": lambda: Sequential([layers.Dense(4), layers.Dense(1)]),
    "penalty": lambda: Sequential([layers.Dense(2, activity_regularizer="l2", input_dim=3)]),
    "dropout and averages": lambda: Sequential(
        [layers.Input((3,)), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(2)]
    ),
    "integers": lambda: Sequential([layers.Input((3,), dtype="int32"), layers.Embedding(9, 2)]),
    "mask": lambda: Sequential(
        [layers.Embedding(9, 2, mask_zero=True, input_length=3), layers.LSTM(2)]
    ),
    "doubles": lambda: Sequential([layers.Dense(2, input_dim=3, dtype="float64")]),
    "own step": _Doubled,
}
ROWS = np.arange(1, 13).reshape(4, 3) % 7
INPUTS: dict[str, Any] = {
    "floats": ROWS.astype("float32"),
    "doubles": ROWS.astype("float64"),
    "integers": ROWS,
    "bytes": ROWS.astype("uint8"),
    "swapped bytes": ROWS.astype(">f4"),
    "backwards": ROWS.astype("float32")[::-1, ::-1],
    "columns": np.asfortranarray(ROWS.astype("float32")),
    "tensor": torch.from_numpy(ROWS.astype("float32")),
    "lists": ROWS.tolist(),
    "table": pd.DataFrame(ROWS),
}


def _as_list(outputs: Any) -> list[Any]:
    if isinstance(outputs, dict):
        return list(outputs.values())
    return outputs if isinstance(outputs, list) else [outputs]


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("given", INPUTS)
def test_one_batch_and_several_give_the_same(kind: str, given: str) -> None:
    model, x = MODELS[kind](), INPUTS[given]
    model(ROWS.astype("float32"))  # which builds it
    model.train()
    whole = _as_list(model.predict_on_batch(x))
    assert not any(module.training for module in model.modules())
    again, parts = model.predict(x, verbose=0), model.predict(x, batch_size=3, verbose=0)
    for one, other, part in zip(whole, _as_list(again), _as_list(parts), strict=True):
        assert isinstance(one, np.ndarray)
        np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(one, part, rtol=1e-5, atol=1e-6)
    if kind != "own step":
        rows = ROWS[::-1, ::-1] if given == "backwards" else ROWS
        np.testing.assert_allclose(whole[0], model(rows.astype("float32")).detach(), rtol=1e-5)
    model.predict_on_batch(x)
    assert model.losses == []


def test_one_batch_of_several_inputs() -> None:
    model = _make_two()
    left, right = ROWS.astype("float32"), np.array([1.0, 2.0, 3.0, 4.0])  # an axis is added
    for x in ({"right": right, "left": left}, [left, right]):
        for one, other in zip(
            model.predict_on_batch(x), model.predict(x, batch_size=3, verbose=0), strict=True
        ):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_outputs_of_one_batch_are_no_views_of_the_inputs() -> None:
    model, x = Sequential([layers.Activation("linear", input_shape=(3,))]), ROWS.astype("float32")
    made = model.predict_on_batch(x)
    made[:] = 0
    assert x.any()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (None, "predict_on_batch: x is None"),
        (np.zeros((0, 3)), "predict_on_batch: x has no samples"),
        (
            np.zeros((4, 2)),
            r"predict_on_batch: x has samples of shape \(2,\), but model '.*' takes",
        ),
        (np.array([["a"]]), "predict_on_batch: x holds <U1 values; numbers are needed"),
        (np.float32(1), "predict_on_batch: x is the single number 1.0; an array is needed"),
    ],
)
def test_one_bad_batch(x: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        MODELS["chain"]().predict_on_batch(x)


def test_one_batch_after_the_model_has_changed() -> None:
    model: Any = MODELS["chain"]()
    x = ROWS.astype("float32")
    model.compile("sgd", "mse")
    assert model.predict_on_batch(x).shape == (4, 4)
    model.add(layers.Dense(5))
    assert model.predict_on_batch(x).shape == (4, 5)
    model.pop()
    model.double()
    assert model.predict_on_batch(x).dtype == np.float64
    model.layers[0].kernel_initializer = "zeros"
    assert model.predict_on_batch(x).dtype == np.float64
