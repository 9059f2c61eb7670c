"""The same model with the same weights and batches in Keras 3 and here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from kplug import layers
from kplug.models import Sequential

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own tensors.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Arrays = npt.NDArray[Any]

OPTIMIZERS: list[tuple[str, Callable[[], Any]]] = [
    ("sgd(lr=0.05)", lambda: keras.optimizers.SGD(0.05)),
    (
        "sgd(lr=0.05, momentum=0.9, nesterov=True)",
        lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    ),
    ("adam(lr=0.01)", lambda: keras.optimizers.Adam(0.01)),
]


def make_pair(kind: str) -> tuple[Sequential, Any, Arrays, Arrays, str]:
    """Return a kplug model, a Keras model with the same weights, data and a loss."""
    random = np.random.default_rng(7)
    x: Arrays
    y: Arrays
    if kind == "regression":
        ours, theirs = (
            lib.Sequential([inp, module.Dense(8, activation="tanh"), module.Dense(1)])
            for lib, module, inp in (
                (_Ours, layers, layers.Input((5,))),
                (keras, keras.layers, keras.Input((5,))),
            )
        )
        x, y, loss = random.normal(size=(80, 5)), random.normal(size=80), "mean_squared_error"
    elif kind == "classification":
        ours, theirs = (
            lib.Sequential(
                [
                    inp,
                    module.Dense(
                        8, activation="relu", kernel_regularizer="l2", activity_regularizer="l1"
                    ),
                    module.Dense(3, activation="softmax"),
                ]
            )
            for lib, module, inp in (
                (_Ours, layers, layers.Input((5,))),
                (keras, keras.layers, keras.Input((5,))),
            )
        )
        x, y = random.normal(size=(80, 5)), random.integers(0, 3, 80)
        loss = "sparse_categorical_crossentropy"
    else:
        ours, theirs = (
            lib.Sequential(
                [
                    inp,
                    module.Conv2D(4, 3, activation="relu", padding="same"),
                    module.MaxPooling2D(),
                    module.Conv2D(6, 3),
                    module.Flatten(),
                    module.Dense(2, activation="sigmoid", kernel_constraint="non_neg"),
                ]
            )
            for lib, module, inp in (
                (_Ours, layers, layers.Input((8, 8, 2))),
                (keras, keras.layers, keras.Input((8, 8, 2))),
            )
        )
        x, y = random.normal(size=(40, 8, 8, 2)), random.integers(0, 2, (40, 2))
        loss = "binary_crossentropy"
    ours.compile(optimizer="sgd", loss="mse")
    weights = [random.normal(scale=0.3, size=each.shape) for each in ours.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs, x.astype("float32"), y.astype("float32"), loss


class _Ours:
    Sequential = Sequential


def plain(found: Any) -> Any:
    """Return what Keras reports as Python numbers; its torch backend reports tensors."""
    if isinstance(found, dict):
        return {name: plain(value) for name, value in found.items()}
    return [float(value) for value in found] if isinstance(found, list) else float(found)


KINDS = ["regression", "classification", "images"]


@pytest.mark.sampled
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("ours_optimizer", "make_theirs"), OPTIMIZERS, ids=lambda one: str(one)[:12]
)
def test_twenty_steps_have_the_same_losses(
    kind: str, ours_optimizer: str, make_theirs: Callable[[], Any]
) -> None:
    ours, theirs, x, y, loss = make_pair(kind)
    ours.compile(optimizer=ours_optimizer, loss=loss)
    theirs.compile(optimizer=make_theirs(), loss=loss)
    for step in range(20):
        rows = np.arange(step * 8, step * 8 + 8) % len(x)
        our_loss = ours.train_on_batch(x[rows], y[rows])
        assert our_loss == pytest.approx(plain(theirs.train_on_batch(x[rows], y[rows])), abs=1e-5)
    for our_weight, their_weight in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(our_weight, their_weight, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_history_evaluation_and_prediction_are_those_of_keras(kind: str) -> None:
    ours, theirs, x, y, loss = make_pair(kind)
    metrics = {
        "regression": ["mae", "mse"],
        "classification": ["accuracy"],
        "images": ["acc", "mean_absolute_error"],
    }[kind]
    ours.compile(optimizer="sgd(lr=0.05)", loss=loss, metrics=metrics)
    theirs.compile(optimizer=keras.optimizers.SGD(0.05), loss=loss, metrics=metrics)
    options: dict[str, Any] = {
        "batch_size": 12,
        "epochs": 3,
        "shuffle": False,
        "verbose": 0,
        "validation_split": 0.2,
    }
    our_history = ours.fit(x, y, **options).history
    their_history = plain(theirs.fit(x, y, **options).history)
    assert list(our_history) == list(their_history)
    for name, values in their_history.items():
        assert our_history[name] == pytest.approx(values, abs=1e-5), name
    assert ours.evaluate(x, y, verbose=0) == pytest.approx(
        plain(theirs.evaluate(x, y, verbose=0)), abs=1e-5
    )
    predictions = ours.predict(x, verbose=0)
    np.testing.assert_allclose(predictions, theirs.predict(x, verbose=0), atol=1e-5)
    assert predictions.dtype == np.float32


@pytest.mark.parametrize(
    "options",
    [
        {"class_weight": {0: 0.5, 2: 3.0}},
        {"sample_weight": np.linspace(0, 2, 80).astype("float32")},
        {"class_weight": {0: 0.5, 2: 3.0}, "validation_split": 0.25},
        {"sample_weight": np.linspace(0, 2, 80).astype("float32"), "validation_split": 0.25},
        {"steps_per_epoch": 2},
        {"initial_epoch": 1},
        {"validation_split": 0.25, "validation_freq": 2},
        {"validation_split": 0.25, "validation_batch_size": 7},
    ],
    ids=lambda options: ",".join(options),
)
@pytest.mark.filterwarnings("ignore:fit. class_weight has no weight for class 1")
def test_weights_and_splits_act_as_in_keras(options: dict[str, Any]) -> None:
    ours, theirs, x, y, loss = make_pair("classification")
    metrics: dict[str, Any] = {"metrics": ["accuracy"], "weighted_metrics": ["accuracy"]}
    ours.compile(optimizer="sgd(lr=0.05)", loss=loss, **metrics)
    theirs.compile(optimizer=keras.optimizers.SGD(0.05), loss=loss, **metrics)
    shared: dict[str, Any] = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0}
    our_history = ours.fit(x, y, **shared, **options).history
    their_history = plain(theirs.fit(x, y, **shared, **options).history)
    assert list(our_history) == list(their_history)
    for name, values in their_history.items():
        assert our_history[name] == pytest.approx(values, abs=1e-5), name


def test_validation_data_may_have_weights() -> None:
    ours, theirs, x, y, loss = make_pair("regression")
    weights = np.linspace(0, 3, 80).astype("float32")
    ours.compile(optimizer="sgd(lr=0.05)", loss=loss)
    theirs.compile(optimizer=keras.optimizers.SGD(0.05), loss=loss)
    options: dict[str, Any] = {
        "shuffle": False,
        "verbose": 0,
        "validation_data": (x, y, weights),
        "validation_split": 0.5,
    }
    assert ours.fit(x, y, **options).history["val_loss"] == pytest.approx(
        plain(theirs.fit(x, y, **options).history["val_loss"]), abs=1e-5
    )
    ours_found = ours.evaluate(x, y, sample_weight=weights, verbose=0)
    theirs_found = theirs.evaluate(x, y, sample_weight=weights, verbose=0)
    assert ours_found == pytest.approx(plain(theirs_found), abs=1e-5)


def test_batch_logs_are_running_averages_as_in_keras() -> None:
    ours, theirs, x, y, loss = make_pair("regression")
    ours.compile(optimizer="sgd(lr=0.05)", loss=loss, metrics=["mae"])
    theirs.compile(optimizer=keras.optimizers.SGD(0.05), loss=loss, metrics=["mae"])
    seen: list[list[dict[str, float]]] = [[], []]
    options: dict[str, Any] = {"shuffle": False, "verbose": 0, "batch_size": 32}
    ours.fit(x, y, callbacks=[_recorder_class()(seen[0])], **options)
    theirs.fit(x, y, callbacks=[_keras_recorder(seen[1])], **options)
    assert len(seen[0]) == 3
    for our_logs, their_logs in zip(*seen, strict=True):
        assert our_logs == pytest.approx(plain(their_logs), abs=1e-5)


def _recorder_class() -> Any:
    from kplug.callbacks import Callback

    class Recorder(Callback):
        def __init__(self, seen: list[dict[str, float]]) -> None:
            self.seen = seen

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.seen.append(dict(logs))

    return Recorder


def _keras_recorder(seen: list[dict[str, float]]) -> Any:
    return keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(dict(logs))
    )


def test_a_callback_of_keras_works() -> None:
    ours, _, x, y, _ = make_pair("regression")
    ours.compile(optimizer="sgd", loss="mse")
    epochs: list[int] = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    ours.fit(x, y, epochs=2, verbose=0, callbacks=[callback])
    assert epochs == [0, 1]
