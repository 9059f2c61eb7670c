"""Models with several inputs and outputs: the same as in Keras, in every form that data may take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import torch

from kplug import layers
from kplug.errors import DataError
from kplug.models import Model, Sequential

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own tensors.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Gradients do not exist"),  # Keras, of an output without loss
]

RANDOM = np.random.default_rng(5)
LEFT, RIGHT = RANDOM.normal(size=(20, 3)).astype("f4"), RANDOM.normal(size=(20, 2)).astype("f4")
SCORE, KIND = RANDOM.normal(size=(20, 1)).astype("f4"), RANDOM.integers(0, 3, size=20)
W_SCORE, W_KIND = RANDOM.uniform(0.5, 2, size=(2, 20)).astype("f4")
LOSSES = {"score": "mse", "kind": "sparse_categorical_crossentropy"}


def connect(library: Any, model_class: Any, returns: str = "list") -> Any:
    """Return a model of two inputs and two outputs, in Keras or here."""
    left, right = library.Input((3,), name="left"), library.Input((2,), name="right")
    hidden = library.Dense(4, activation="tanh", kernel_regularizer="l2", name="hidden")(
        library.Concatenate(name="join")([left, right])
    )
    score = library.Dense(1, name="score")(hidden)
    kind = library.Dense(3, activation="softmax", name="kind")(hidden)
    outputs = [score, kind] if returns == "list" else {"score": score, "kind": kind}
    return model_class([left, right], outputs)


def make_model(returns: str = "list", **arguments: Any) -> Any:
    model = connect(layers, Model, returns)
    model.compile(optimizer="sgd(lr=0.1)", **{"loss": LOSSES, **arguments})
    return model


class Two(Model):
    """The same as a subclass, which learns its inputs from the data."""

    def __init__(self, returns: str = "list") -> None:
        super().__init__(name="two")
        self.hidden = layers.Dense(4, activation="tanh", kernel_regularizer="l2")
        self.score, self.kind = layers.Dense(1), layers.Dense(3, activation="softmax")
        self.returns, self.output_names = returns, ["score", "kind"]

    def call(self, inputs: Any) -> Any:
        left, right = inputs.values() if isinstance(inputs, dict) else inputs
        hidden = self.hidden(torch.cat([left, right], dim=-1))
        found = {"score": self.score(hidden), "kind": self.kind(hidden)}
        return found if self.returns == "dict" else list(found.values())


# ---------------------------------------------------------------- against Keras

SETTINGS: list[dict[str, Any]] = [
    {"loss": LOSSES},
    {
        "loss": list(LOSSES.values()),
        "loss_weights": [0.3, 2.0],
        "metrics": [["mae", "mse"], ["accuracy"]],
        "weighted_metrics": [["mae"], None],
    },
    {
        "loss": LOSSES,
        "loss_weights": {"score": 0.3, "kind": 2.0},
        "metrics": {"score": ["mae"], "kind": "accuracy"},
        "weighted_metrics": {"kind": ["accuracy", "sparse_categorical_crossentropy"]},
    },
    {"loss": ["mse", None], "metrics": [None, ["accuracy"]]},
]


@pytest.mark.sampled
@pytest.mark.parametrize("arguments", SETTINGS, ids=["losses", "lists", "dicts", "one loss"])
@pytest.mark.parametrize("weights", [None, [W_SCORE, W_KIND]], ids=["plain", "weighted"])
def test_losses_and_logs_are_those_of_keras(arguments: dict[str, Any], weights: Any) -> None:
    theirs, ours = connect(keras.layers, keras.Model), connect(layers, Model)
    ours.set_weights(theirs.get_weights())
    theirs.compile(optimizer=keras.optimizers.SGD(0.1), **arguments)
    ours.compile(optimizer="sgd(lr=0.1)", **arguments)
    validation = ([LEFT[:9], RIGHT[:9]], [SCORE[:9], KIND[:9]])
    histories = [
        model.fit(
            [LEFT, RIGHT],
            [SCORE, KIND],
            sample_weight=weights,
            batch_size=8,
            epochs=4,
            shuffle=False,
            verbose=0,
            validation_data=validation,
        ).history
        for model in (theirs, ours)
    ]
    assert list(histories[0]) == list(histories[1])
    for key, values in histories[0].items():
        np.testing.assert_allclose(histories[1][key], values, rtol=1e-5, atol=1e-6, err_msg=key)
    data = {"x": [LEFT, RIGHT], "y": [SCORE, KIND], "sample_weight": weights, "verbose": 0}
    np.testing.assert_allclose(ours.evaluate(**data), theirs.evaluate(**data), rtol=1e-5, atol=1e-6)
    by_name = theirs.evaluate(**data, return_dict=True)
    assert list(ours.evaluate(**data, return_dict=True)) == list(by_name)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_model_that_returns_a_dict_is_trained_as_in_keras() -> None:
    theirs, ours = connect(keras.layers, keras.Model, "dict"), connect(layers, Model, "dict")
    ours.set_weights(theirs.get_weights())
    arguments = {"loss": LOSSES, "loss_weights": {"score": 0.5, "kind": 1.5}}
    theirs.compile(optimizer=keras.optimizers.SGD(0.1), **arguments)
    ours.compile(optimizer="sgd(lr=0.1)", **arguments)
    histories = [
        model.fit(
            [LEFT, RIGHT], {"score": SCORE, "kind": KIND}, epochs=3, shuffle=False, verbose=0
        ).history
        for model in (theirs, ours)
    ]
    assert list(histories[0]) == list(histories[1])
    for key, values in histories[0].items():
        np.testing.assert_allclose(histories[1][key], values, rtol=1e-5, err_msg=key)
    data = {"x": [LEFT, RIGHT], "y": {"score": SCORE, "kind": KIND}, "verbose": 0}
    assert ours.metrics_names == [
        "loss",
        "score_loss",
        "kind_loss",
    ]  # the order of the dict of losses
    np.testing.assert_allclose(ours.evaluate(**data), theirs.evaluate(**data), rtol=1e-5)
    found, expected = (
        model.predict([LEFT, RIGHT], batch_size=7, verbose=0) for model in (ours, theirs)
    )
    assert set(found) == set(expected) == {"score", "kind"}
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-6)


def subclass(library: Any, model_class: Any) -> Any:
    """Return a model whose class says nothing of the dict that it returns, in Keras or here."""

    class Unnamed(model_class):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.score = library.Dense(1)
            self.kind = library.Dense(3, activation="softmax")

        def call(self, inputs: Any) -> Any:
            return {"score": self.score(inputs), "kind": self.kind(inputs)}

    return Unnamed()


def test_losses_by_name_name_the_outputs_of_a_class_that_states_none() -> None:
    theirs, ours = subclass(keras.layers, keras.Model), subclass(layers, Model)
    theirs(LEFT), ours(LEFT)
    ours.set_weights(theirs.get_weights())
    arguments: Any = {"loss": LOSSES, "metrics": {"kind": ["accuracy"]}}
    theirs.compile(optimizer=keras.optimizers.SGD(0.1), **arguments)
    ours.compile(optimizer="sgd(lr=0.1)", **arguments)
    y = {"kind": KIND, "score": SCORE}
    first, second = (
        model.fit(LEFT, y, epochs=3, shuffle=False, verbose=0).history for model in (theirs, ours)
    )
    assert set(first) == set(second)
    for key, values in first.items():
        np.testing.assert_allclose(second[key], values, rtol=1e-5, atol=1e-6, err_msg=key)
    found, expected = (
        model.evaluate(LEFT, y, verbose=0, return_dict=True) for model in (ours, theirs)
    )
    assert found == pytest.approx(expected, rel=1e-5)
    for name, array in theirs.predict(LEFT, verbose=0).items():
        np.testing.assert_allclose(ours.predict(LEFT, verbose=0)[name], array, rtol=1e-5, atol=1e-6)
    with pytest.raises(DataError, match="Did you mean 'kind'"):
        ours.fit(LEFT, {"kinds": KIND, "score": SCORE}, verbose=0)


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
def test_one_batch_gives_the_numbers_of_keras(method: str) -> None:
    theirs, ours = connect(keras.layers, keras.Model), connect(layers, Model)
    ours.set_weights(theirs.get_weights())
    arguments: dict[str, Any] = {"loss": LOSSES, "metrics": {"score": ["mae"]}}
    theirs.compile(optimizer=keras.optimizers.SGD(0.1), **arguments)
    ours.compile(optimizer="sgd(lr=0.1)", **arguments)
    found, expected = (
        getattr(model, method)(
            [LEFT, RIGHT], [SCORE, KIND], sample_weight=[W_SCORE, W_KIND], return_dict=True
        )
        for model in (ours, theirs)
    )
    assert found == pytest.approx({key: float(value) for key, value in expected.items()}, rel=1e-5)


# ---------------------------------------------------------------- forms of data


def as_dataset() -> torch.utils.data.Dataset[Any]:
    class Pairs(torch.utils.data.Dataset[Any]):
        def __len__(self) -> int:
            return len(LEFT)

        def __getitem__(self, index: int) -> Any:
            x = {"left": LEFT[index], "right": RIGHT[index]}
            return x, (SCORE[index], KIND[index]), (W_SCORE[index], W_KIND[index])

    return Pairs()


def as_generator() -> Any:
    for start in range(0, 20, 8):
        rows = slice(start, start + 8)
        x = [LEFT[rows], RIGHT[rows]]
        yield x, {"kind": KIND[rows], "score": SCORE[rows]}, [W_SCORE[rows], W_KIND[rows]]


WEIGHTS = {"kind": W_KIND, "score": W_SCORE}
FORMS: dict[str, Callable[[], dict[str, Any]]] = {
    "tuples": lambda: {"x": (LEFT, RIGHT), "y": (SCORE, KIND), "sample_weight": (W_SCORE, W_KIND)},
    "dicts": lambda: {
        "x": {"right": RIGHT, "left": LEFT},
        "y": {"kind": KIND, "score": SCORE},
        "sample_weight": WEIGHTS,
    },
    "tensors": lambda: {
        "x": [torch.from_numpy(LEFT), torch.from_numpy(RIGHT)],
        "y": [torch.from_numpy(SCORE), torch.from_numpy(KIND)],
        "sample_weight": WEIGHTS,
    },
    "pandas": lambda: {
        "x": {"left": pd.DataFrame(LEFT), "right": pd.DataFrame(RIGHT, columns=["b", "a"])},
        "y": [pd.Series(SCORE[:, 0]), pd.Series(KIND, index=range(7, 27))],
        "sample_weight": [pd.Series(W_SCORE), pd.Series(W_KIND)],
    },
    "dataset": lambda: {"x": as_dataset()},
    "loader": lambda: {"x": torch.utils.data.DataLoader(as_dataset(), batch_size=8)},
    "generator": lambda: {"x": as_generator()},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["functional", "subclass"])
def test_every_form_of_data_trains_alike(form: str, kind: str) -> None:
    losses = []
    reference = {"x": [LEFT, RIGHT], "y": [SCORE, KIND], "sample_weight": WEIGHTS}
    for arguments in (reference, FORMS[form]()):
        model = connect(layers, Model) if kind == "functional" else Two()
        model.predict_on_batch([LEFT, RIGHT])  # which builds it
        random = np.random.default_rng(3)
        model.set_weights([random.normal(size=each.shape) for each in model.get_weights()])
        if form == "dicts" and kind == "subclass":
            arguments["x"] = {"left": LEFT, "right": RIGHT}  # it takes them in the order given
        model.compile(optimizer="sgd(lr=0.1)", loss=LOSSES, metrics={"score": "mae"})
        history = model.fit(**arguments, batch_size=8, shuffle=False, verbose=0).history
        losses.append([history[key][0] for key in sorted(history)])
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


@pytest.mark.parametrize("returns", ["list", "dict"])
def test_a_prediction_has_the_structure_of_the_model(returns: str) -> None:
    for model in (make_model(returns), Two(returns)):
        found = model.predict([LEFT, RIGHT], batch_size=8, verbose=0)
        assert isinstance(found, list if returns == "list" else dict)
        by_index = list(found.values()) if isinstance(found, dict) else found
        assert [array.shape for array in by_index] == [(20, 1), (20, 3)]
        again = model.predict_on_batch({"left": LEFT, "right": RIGHT})
        again = list(again.values()) if isinstance(again, dict) else again
        for one, other in zip(by_index, again, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_one_array_of_weights_counts_for_every_output() -> None:
    model = make_model()
    data = {"x": [LEFT, RIGHT], "y": [SCORE, KIND], "verbose": 0}
    one = model.evaluate(**data, sample_weight=W_SCORE)
    assert one == model.evaluate(**data, sample_weight=[W_SCORE, W_SCORE])
    assert one != model.evaluate(**data)


def test_an_output_without_a_loss_needs_no_targets() -> None:
    model = make_model(loss={"score": "mse"}, metrics={"score": "mae"})
    history = model.fit([LEFT, RIGHT], {"score": SCORE}, validation_split=0.25, verbose=0).history
    assert list(history) == ["loss", "score_mae", "val_loss", "val_score_mae"]
    assert model.metrics_names == ["loss", "score_mae"]


# ---------------------------------------------------------------- what does not fit


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"x": [LEFT, RIGHT[:18]], "y": [SCORE, KIND]},
            "fit: the arrays have different numbers of samples: x['left'] has 20, x['right'] has 18, "
            "y['score'] has 20, y['kind'] has 20\n  The first axis of every array counts the samples.",
        ),
        (
            {"x": [LEFT, RIGHT], "y": [SCORE, KIND], "sample_weight": {"kind": W_KIND[:5]}},
            "fit: the arrays have different numbers of samples: x['left'] has 20, x['right'] has 20, "
            "y['score'] has 20, y['kind'] has 20, sample_weight['kind'] has 5\n"
            "  The first axis of every array counts the samples.",
        ),
        (
            {"x": [RIGHT, RIGHT], "y": [SCORE, KIND]},
            "fit: x['left'] has samples of shape (2,), but input 'left' of model 'functional' takes "
            "samples of shape (3,)",
        ),
        (
            {"x": [LEFT, RIGHT], "y": {"score": SCORE}},
            "fit: y has no targets for output 'kind', and its loss 'sparse_categorical_crossentropy' "
            "needs them\n  Pass them, or leave 'kind' out of what compile is given.",
        ),
        (
            {"x": [LEFT, RIGHT]},
            "fit: y is None, and the loss 'score: mean_squared_error, kind: "
            "sparse_categorical_crossentropy' needs targets\n"
            "  Pass the targets as the second argument.",
        ),
        (
            {"x": [LEFT, RIGHT], "y": [SCORE, KIND], "class_weight": {0: 2.0}},
            "fit: class_weight is for models with one output, and this one has 2\n"
            "  Make a sample_weight for each output, as a list or a dict by name.",
        ),
        (
            {
                "x": {"left": pd.DataFrame({"city": ["a"] * 20}, dtype=object), "right": RIGHT},
                "y": [SCORE, KIND],
            },
            "fit: x['left'] holds object values in column 'city'; numbers are needed\n"
            "  Encode strings and categories as numbers, as pandas.get_dummies and column.cat.codes do, "
            "or leave them out; astype('float32') makes numbers of objects that are numbers.",
        ),
    ],
    ids=["inputs", "weights", "shape", "output", "targets", "classes", "column"],
)
def test_data_that_do_not_fit(arguments: dict[str, Any], text: str) -> None:
    model = make_model()
    before = model.get_weights()
    with pytest.raises(DataError) as caught:
        model.fit(**arguments, verbose=0)
    assert str(caught.value) == text
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_metric_needs_targets_too() -> None:
    model = make_model(loss={"score": "mse"}, metrics={"kind": "accuracy"})
    with pytest.raises(DataError) as caught:
        model.fit([LEFT, RIGHT], {"score": SCORE}, verbose=0)
    assert str(caught.value) == (
        "fit: y has no targets for output 'kind', and its metric 'kind_accuracy' needs them\n"
        "  Pass them, or leave 'kind' out of what compile is given."
    )
    with pytest.raises(DataError, match="a batch has no targets, and the metric 'kind_accuracy'"):
        model.fit(iter([([LEFT, RIGHT], {"score": SCORE})]), verbose=0)
    alone = Sequential([layers.Dense(1, input_shape=(3,), kernel_regularizer="l2")])
    alone.compile(metrics=["mae"])
    with pytest.raises(DataError, match="fit: y is None, and the metric 'mae' needs targets"):
        alone.fit(LEFT, verbose=0)


@pytest.mark.parametrize("options", [{"input_shape": (3,)}, {}], ids=["built", "deferred"])
def test_two_arrays_for_one_input_are_named(options: dict[str, Any]) -> None:
    model = Sequential([layers.Dense(1, **options)], name="chain")
    model.compile(loss="mse")
    with pytest.raises(DataError) as caught:
        model.fit([LEFT, LEFT], SCORE, verbose=0)
    assert str(caught.value) == (
        "fit: x is a list of 2 arrays, but model 'chain' has 1 input\n"
        "  Inputs and targets are two arguments, as in fit(x, y); np.stack makes one array of a "
        "list of samples."
    )


# ---------------------------------------------------------------- masks


@pytest.mark.parametrize(
    "weights", [None, RANDOM.uniform(0.5, 2, size=(20, 4))], ids=["plain", "weighted"]
)
def test_masked_steps_count_as_in_keras(weights: Any) -> None:
    x = RANDOM.normal(size=(20, 4, 2)).astype("f4")
    x[RANDOM.uniform(size=(20, 4)) < 0.4] = 0
    y = RANDOM.normal(size=(20, 4, 1)).astype("f4")

    def make(library: Any, model_class: Any) -> Any:
        inputs = library.Input((4, 2))
        hidden = library.Dense(3, name="hidden")(library.Masking()(inputs))
        return model_class(inputs, [library.Dense(1, name="one")(hidden), library.Dense(1)(hidden)])

    theirs, ours = make(keras.layers, keras.Model), make(layers, Model)
    ours.set_weights(theirs.get_weights())
    arguments: dict[str, Any] = {"loss": ["mse", "mae"], "weighted_metrics": [["mae"], ["mse"]]}
    theirs.compile(optimizer=keras.optimizers.SGD(0.1), metrics=[["mse"], ["mae"]], **arguments)
    ours.compile(optimizer="sgd(lr=0.1)", metrics=[["mse"], ["mae"]], **arguments)
    weights = None if weights is None else [weights, weights]
    data = {"x": x, "y": [y, -y], "sample_weight": weights, "verbose": 0}
    # On torch, Keras 3.15 multiplies the weights by the scaled mask in place, before metrics see them:
    # weighted means over several batches are off there, that of one batch is right.
    size = 8 if weights is None else 20
    found, expected = (
        list(model.fit(**data, epochs=3, batch_size=size, shuffle=False).history.values())
        for model in (ours, theirs)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.evaluate(**data), theirs.evaluate(**data), rtol=1e-5)
