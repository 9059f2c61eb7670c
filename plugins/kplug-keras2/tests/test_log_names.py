"""Names of logs: both Kerases' names are read, one is written."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kplug_keras2.models.log_names import Logs, name_fields

X = np.random.default_rng(0).random((10, 3)).astype("float32")
Y = (X[:, :1] > 0.5).astype("float32")


def make_model(keras: Any, metrics: Any) -> Any:
    layer = keras.layers.Dense(1, input_dim=3, activation="sigmoid")
    model = keras.models.Sequential([layer])
    model.compile("sgd", "mse", metrics=metrics)
    return model


def test_history_answers_to_both_names_and_has_one(installed: Any) -> None:
    model = make_model(installed, ["mae", "accuracy"])
    history = model.fit(X, Y, validation_split=0.2, verbose=0).history
    for written, other in (("mae", "mean_absolute_error"), ("acc", "accuracy")):
        for start in ("", "val_"):
            assert history[start + other] == history[start + written] == history.get(start + other)
            assert start + other in history
            assert start + other not in list(history)
    assert "val_precision" not in history
    with pytest.raises(KeyError, match="val_precision"):
        history["val_precision"]
    assert set(json.loads(json.dumps(history))) == set(dict(history))
    assert type(pickle.loads(pickle.dumps(history))) is dict


def test_callbacks_find_either_name(installed: Any, tmp_path: Path) -> None:
    callbacks = installed.callbacks
    seen: list[Any] = []

    class Reader(callbacks.Callback):  # type: ignore[misc,name-defined]
        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(logs["accuracy"] == logs.get("acc"))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(logs["val_mean_absolute_error"] == logs["val_mae"])
            logs["mine"] = 7.0

    csv = tmp_path / "log.csv"
    stopping = callbacks.EarlyStopping(monitor="val_accuracy", patience=5)
    model = make_model(installed, ["mae", "acc"])
    found = model.fit(
        X,
        Y,
        validation_data=(X, Y),
        verbose=0,
        callbacks=[
            Reader(),
            stopping,
            callbacks.ModelCheckpoint(
                str(tmp_path / "w{epoch}-{val_accuracy:.1f}.h5"),
                monitor="val_accuracy",
                save_best_only=True,
            ),
            callbacks.CSVLogger(str(csv)),
        ],
    )
    assert seen == [True, True]
    assert stopping.best == found.history["val_acc"][0]
    assert found.history["mine"] == [7.0]
    assert len(list(tmp_path.glob("w1-*.h5"))) == 1
    header = csv.read_text().splitlines()[0].split(",")
    assert header == ["epoch", "acc", "loss", "mae", "mine", "val_acc", "val_loss", "val_mae"]


def test_the_learning_rate_of_a_callback_stays(installed: Any) -> None:
    class Rates(installed.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["lr"] = 0.5

    found = make_model(installed, None).fit(X, Y, verbose=0, callbacks=[Rates()])
    assert found.history["lr"] == found.history["learning_rate"] == [0.5]


def test_results_by_name_answer_too(installed: Any) -> None:
    found = make_model(installed, ["mae"]).evaluate(X, Y, verbose=0, return_dict=True)
    assert found["mean_absolute_error"] == found["mae"]


def test_a_field_is_renamed_whole() -> None:
    logs = Logs({"val_acc": 0.5, "accuracy_of_mine": 1.0})
    template = "{epoch}-{val_accuracy:.2f}-{accuracy_of_mine}-{unknown}"
    wanted = "{epoch}-{val_acc:.2f}-{accuracy_of_mine}-{unknown}"
    assert name_fields(template, {"epoch": 1, **logs}) == wanted


@pytest.mark.parametrize("form", [tuple, list])
def test_validation_data_without_targets_reach_callbacks(installed: Any, form: Any) -> None:
    K, layers = installed.backend, installed.layers
    seen: list[Any] = []

    class Reader(installed.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.extend(self.validation_data)

    x = layers.Input((3,))
    y = layers.Dense(3)(x)
    model = installed.models.Model(x, y)
    model.add_loss(K.mean(K.square(x - y)))
    model.compile("sgd")
    model.fit(X, None, verbose=0, validation_data=form((X[:4], None)), callbacks=[Reader()])
    assert [one.shape for one in seen] == [(4, 3)]
