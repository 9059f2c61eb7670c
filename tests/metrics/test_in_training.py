"""Metrics by name in compile, fit and evaluate, against Keras on the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug.callbacks import CSVLogger, EarlyStopping
from kplug.errors import ArgumentValueError
from kplug.layers import Dense

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(48, 5)).astype("float32")
Y = np.eye(3, dtype="float32")[GENERATOR.integers(0, 3, 48)]
KERNEL = [GENERATOR.normal(size=(5, 3)).astype("float32"), np.zeros(3, "float32")]

NAMES = [
    "auc",
    "AUC",
    "precision",
    "Recall",
    "true_positives",
    "false_negatives",
    "f1_score",
    "f_beta_score",
    "r2_score",
    "pearson_correlation",
    "concordance_correlation",
    "binary_io_u",
    "cosine_similarity",
    "mse",
    "accuracy",
]


def make_model(metrics: list[Any], weighted_metrics: list[Any] | None = None) -> kplug.Sequential:
    model = kplug.Sequential([Dense(3, activation="softmax", input_dim=5)])
    model.compile(
        "sgd", "categorical_crossentropy", metrics=metrics, weighted_metrics=weighted_metrics
    )
    model.set_weights(KERNEL)
    return model


def make_oracle(metrics: list[Any], weighted_metrics: list[Any] | None = None) -> Any:
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(
        keras.optimizers.SGD(0.01),
        "categorical_crossentropy",
        metrics=metrics,
        weighted_metrics=weighted_metrics,
    )
    model.set_weights(KERNEL)
    return model


def as_array(value: Any) -> Any:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else np.array(value)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_evaluate_equals_keras(is_weighted: bool) -> None:
    metrics = (None, NAMES) if is_weighted else (NAMES, None)
    weights = np.linspace(0, 2, 48).astype("float32")
    if is_weighted:  # Keras wants a weight for each place there
        metrics = (None, [name for name in NAMES if name != "binary_io_u"])
    arguments: dict[str, Any] = {"sample_weight": weights, "batch_size": 20, "verbose": 0}
    ours = make_model(*metrics).evaluate(X, Y, return_dict=True, **arguments)
    oracle = make_oracle(*metrics).evaluate(X, Y, return_dict=True, **arguments)
    assert set(ours) >= {name for name in oracle if not name.endswith("_1")}
    for name, value in oracle.items():
        np.testing.assert_allclose(ours[name], as_array(value), rtol=1e-4, atol=1e-5, err_msg=name)


def test_history_of_fit_equals_keras() -> None:
    names = ["auc", "precision", "f1_score", "r2_score"]
    arguments: dict[str, Any] = {"epochs": 2, "verbose": 0, "shuffle": False, "batch_size": 16}
    ours = make_model(names).fit(X, Y, validation_split=0.25, **arguments).history
    oracle = make_oracle(names).fit(X, Y, validation_split=0.25, **arguments).history
    assert sorted(ours) == sorted(oracle)
    for name, values in oracle.items():
        have = np.array(ours[name])
        want = np.stack([as_array(value) for value in values])
        np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_value_for_each_class_is_a_list_in_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_model(["f1_score", "precision(thresholds=[0.3, 0.5])"])
    logger = CSVLogger(tmp_path / "log.csv")
    history = model.fit(X, Y, epochs=1, verbose=2, callbacks=[logger]).history
    assert [len(history[name][0]) for name in ("f1_score", "precision")] == [3, 2]
    assert all(isinstance(value, float) for value in history["f1_score"][0])
    assert "f1_score: [0." in capsys.readouterr().out
    assert '"[0.' in (tmp_path / "log.csv").read_text()
    assert [type(value) for value in model.evaluate(X, Y, verbose=0)] == [float, list, list]


def test_a_list_cannot_be_monitored() -> None:
    model = make_model(["f1_score"])
    stopping = EarlyStopping("f1_score", mode="max")
    with pytest.raises(ArgumentValueError) as caught:
        model.fit(X, Y, verbose=0, callbacks=[stopping])
    text = (
        "EarlyStopping: argument 'monitor' is 'f1_score'; allowed: a log that is one number, and "
    )
    assert str(caught.value).startswith(text)
    model = make_model(["f1_score(average='macro')"])
    assert len(model.fit(X, Y, verbose=0, callbacks=[stopping]).history["f1_score"]) == 1


def test_a_metric_of_several_logs_has_one_for_each_key() -> None:
    class Extremes(kplug.metrics.Metric):
        def __init__(self, name: str = "extremes") -> None:
            super().__init__(name)
            self.highest = self.add_state("highest", fill=-1.0)

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            torch.maximum(self.highest, y_pred.max(), out=self.highest)

        def result(self) -> Any:
            return {"highest": self.highest, "room": 1 - self.highest}

    logs = make_model([Extremes()]).evaluate(X, Y, verbose=0, return_dict=True)
    assert logs["highest"] + logs["room"] == pytest.approx(1.0)
    assert list(logs) == ["highest", "loss", "room"]  # by the alphabet, as in Keras
    twice = make_model([Extremes(), Extremes("again")])
    names = ["again_highest", "again_room", "highest", "loss", "room"]
    assert list(twice.evaluate(X, Y, verbose=0, return_dict=True)) == names


def test_arguments_are_in_the_table_of_components() -> None:
    model = make_model(["auc(curve='PR', num_thresholds=50)"])
    row = next(row for row in model.components if row.slot == "metrics/0")
    assert row.written == "kplug/auc(curve='PR', num_thresholds=50)"
    assert row.arguments["summation_method"] == "interpolation"


class Distance(kplug.Metric):
    """A metric as it is written for Keras: what it does not know goes to the base class."""

    def __init__(self, power: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.power = power
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total.assign_add(((y_true - y_pred).abs() ** self.power).sum())

    def result(self) -> Any:
        return self.total

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power": self.power}


@pytest.mark.sampled
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize(
    "options", [{}, {"name": "far"}, {"dtype": "float64"}, {"name": "far", "dtype": "float32"}]
)
def test_a_metric_that_passes_name_and_dtype_on_is_saved(
    tmp_path: Path, options: dict[str, Any], suffix: str
) -> None:
    metric = Distance(power=2.0, **options)
    model = kplug.Sequential([Dense(1, input_dim=3)])
    model.compile("sgd", "mse", metrics=[metric])
    path = tmp_path / f"model.{suffix}"
    model.save(path)
    again = kplug.load_model(path, custom_objects={"Distance": Distance})
    (found,) = [one for one in again.metrics if isinstance(one, Distance)]
    assert (found.power, found.name, found.dtype) == (2.0, metric.name, metric.dtype)
    assert again.metrics_names == model.metrics_names
