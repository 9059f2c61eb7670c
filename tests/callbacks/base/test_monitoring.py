"""Which way is better, and what a callback does about a log that is not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import kplug
from kplug.callbacks import EarlyStopping, ReduceLROnPlateau
from kplug.callbacks.base.monitoring import find_direction
from kplug.errors import ArgumentValueError, KplugWarning
from kplug.layers import Dense
from kplug.registry import REGISTRY, get_kind
from kplug.registry.component_facts import find_metric_names

ARGUMENTS: dict[str, dict[str, Any]] = {
    "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "MeanIoU": {"num_classes": 2},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 2},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}
WITHOUT_DIRECTION = {"Mean", "Sum", "Metric", "MeanMetricWrapper"}
KERAS_METRICS = sorted(
    name
    for name, value in vars(keras.metrics).items()
    if isinstance(value, type) and name not in WITHOUT_DIRECTION
)


def direction_in_keras(name: str) -> tuple[Any, str | None]:
    metric = getattr(keras.metrics, name)(**ARGUMENTS.get(name, {}))
    return metric, {"up": "max", "down": "min"}.get(getattr(metric, "_direction", None) or "")


@pytest.mark.parametrize("name", KERAS_METRICS)
def test_metrics_of_keras_have_its_direction(name: str) -> None:
    metric, direction = direction_in_keras(name)
    if direction is None:
        with pytest.raises(ArgumentValueError, match="does not say which"):
            find_direction(f"val_{metric.name}")
    else:
        assert find_direction(f"val_{metric.name}") == direction
    assert getattr(kplug.metrics, name).direction == direction


@pytest.mark.parametrize("name", KERAS_METRICS)
def test_a_metric_with_a_name_of_its_own_is_known_by_its_class(name: str) -> None:
    _, direction = direction_in_keras(name)
    metric = getattr(kplug.metrics, name)(**ARGUMENTS.get(name, {}), name="quality")
    for log in ("quality", "val_quality", "val_head_quality"):
        if direction is None:
            with pytest.raises(ArgumentValueError):
                find_direction(log, metrics=[metric])
        else:
            assert find_direction(log, metrics=[metric]) == direction


def test_every_built_in_metric_states_its_direction() -> None:
    without = set()
    for component in REGISTRY.index(get_kind("metric")).components:
        if component.origin.distribution == "kplug":
            metric = REGISTRY.load(component)
            if not find_metric_names(metric) and metric.direction not in ("min", "max"):
                without.add(metric.__name__)
    counts = {
        f"{truth}{sign}" for truth in ("True", "False") for sign in ("Positives", "Negatives")
    }
    # An object around another metric has the direction of that one.
    assert without == {"Mean", "Sum", "TorchConvention", *counts}


def half_square(y_true: Any, y_pred: Any) -> Any:
    return (y_true - y_pred).square().mean(-1) / 2


class HalfSquare(kplug.metrics.MeanMetric, formula=kplug.metric_named("half")(half_square)):
    """The formula is that of a loss."""


class Share(kplug.metrics.MeanMetricWrapper):
    direction = "max"


def closeness_to_one(y_true: Any, y_pred: Any) -> Any:
    return (y_pred - y_true).abs().neg().exp()


closeness_to_one.direction = "max"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("cosine_proximity", "min"),  # a negative cosine, with "similarity" in the log's name
        ("cosine_similarity", "max"),
        ("huber", "min"),
        (kplug.losses.Dice(), "min"),  # 1 - dice, with "dice" in the log's name
        (kplug.losses.dice, "min"),
        (kplug.losses.Dice(name="quality"), "min"),
        (kplug.metrics.MeanMetricWrapper(kplug.losses.dice, name="iou"), "min"),
        (half_square, "min"),
        (HalfSquare(), "min"),
        (Share(half_square, name="loss_share"), "min"),  # the function's own fact counts
        (Share(lambda t, p: p - t, name="loss_share"), "max"),
        (closeness_to_one, "max"),
        (kplug.metrics.BinaryAccuracy(name="error"), "max"),
    ],
)
def test_the_fact_of_the_metric_or_loss_decides(metric: Any, direction: str) -> None:
    model = kplug.Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse", metrics=[metric])
    name = model.metrics[-1].name
    assert find_direction(f"val_{name}", metrics=model.metrics) == direction
    assert find_direction(name, metrics=model.metrics) == direction


def test_the_metric_with_the_longest_name_decides() -> None:
    metrics = [kplug.metrics.BinaryAccuracy(name="cost"), kplug.metrics.Hinge(name="my_cost")]
    assert find_direction("val_my_cost", metrics=metrics) == "min"
    assert find_direction("val_cost", metrics=metrics) == "max"


@pytest.mark.parametrize(
    ("log", "direction"),
    [("val_huber", "min"), ("head_kld_2", "min"), ("log_cosh", "min"), ("iou_loss", "min")],
)
def test_a_log_without_a_metric_is_known_by_the_built_in_metric_of_its_name(
    log: str, direction: str
) -> None:
    assert find_direction(log) == direction


def fit(callback: Any, metrics: Any) -> Any:
    model = kplug.Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse", metrics=metrics)
    x, y = np.zeros((8, 2)), np.zeros((8, 1))
    data = (x, y)
    return model.fit(x, y, validation_data=data, epochs=3, callbacks=callback, verbose=0)


def test_fit_stops_by_a_metric_with_a_name_of_its_own() -> None:
    metric = kplug.metrics.BinaryAccuracy(name="quality")
    history = fit("early_stopping('val_quality', patience=1)", [metric])
    assert len(history.epoch) == 2  # always 1.0, so the second epoch is no improvement


def test_callbacks_are_given_as_text() -> None:
    history = fit(["early_stopping(patience=1)", "terminate_on_nan"], None)
    assert len(history.epoch) == 2


def test_a_metric_without_a_direction_asks_for_one() -> None:
    def closeness(y_true: Any, y_pred: Any) -> Any:
        return (y_true - y_pred).abs().mean(-1)

    with pytest.raises(ArgumentValueError) as caught:
        fit(["early_stopping('val_closeness')"], [closeness])
    assert str(caught.value) == (
        "EarlyStopping: argument 'mode' is 'auto'; allowed: 'min' or 'max', because the name "
        "'val_closeness' does not say which"
    )
    # Keras 3 refuses it with the same advice.
    theirs = keras.callbacks.EarlyStopping("val_closeness")
    theirs.set_model(keras.Sequential([keras.layers.Dense(1)]))
    with pytest.raises(ValueError, match="mode='max'"):
        theirs.on_epoch_end(0, {"val_closeness": 1.0})


@pytest.mark.parametrize(
    ("spec", "owner"),
    [
        ("early_stopping('val_f1', mode='max')", "EarlyStopping"),
        ("reduce_lr_on_plateau('val_f1', mode='max')", "ReduceLROnPlateau"),
        (
            "model_checkpoint('m.h5', 'val_f1', save_best_only=True, save_weights_only=True)",
            "ModelCheckpoint",
        ),
    ],
)
def test_a_log_that_is_missing_is_named_with_those_there_are(spec: str, owner: str) -> None:
    text = f"{owner} watches 'val_f1', and this epoch has no log of that name; it has: "
    with pytest.warns(KplugWarning, match=re.escape(text) + r"loss, val_loss"):
        fit([spec], None)


NUMBERS = (
    "Keras numbers a metric without a name among all that a program has made, kplug among those of a "
    "model: give the metric a name, such as Precision(name='p')"
)


@pytest.mark.parametrize("name", ["Precision", "MeanIoU", "BinaryAccuracy"])
def test_the_number_that_keras_gave_a_metric_is_left_out(name: str) -> None:
    metric = getattr(kplug.metrics, name)(**ARGUMENTS.get(name, {}))
    callback = EarlyStopping(f"val_{metric.name}_2", patience=1)
    text = (
        f"EarlyStopping watches 'val_{metric.name}_2', and this epoch has no log of that name; "
        f"'val_{metric.name}' stands for it. {NUMBERS}"
    )
    with pytest.warns(KplugWarning, match=f"^{re.escape(text)}$"):
        history = fit([callback], [metric])
    assert len(history.epoch) == 2
    assert callback.monitor == f"val_{metric.name}_2"


def test_a_number_that_may_mean_several_metrics_is_explained() -> None:
    metrics = [kplug.metrics.Precision(), kplug.metrics.Precision(thresholds=0.7)]
    text = (
        "EarlyStopping watches 'val_precision_3', and this epoch has no log of that name; it has: loss, "
        f"precision, precision_1, val_loss, val_precision, val_precision_1. {NUMBERS}"
    )
    with pytest.warns(KplugWarning, match=f"^{re.escape(text)}$"):
        assert len(fit([EarlyStopping("val_precision_3", patience=1)], metrics).epoch) == 3


def test_a_number_in_the_name_of_another_metric_means_none() -> None:
    metrics = [kplug.metrics.TopKCategoricalAccuracy(1, name="top_1")]
    with pytest.warns(
        KplugWarning, match="'val_top_3', and this epoch has no log of that name; it has"
    ):
        fit([EarlyStopping("val_top_3", mode="max", patience=1)], metrics)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: EarlyStopping(patience=-1),
            "EarlyStopping: argument 'patience' is -1; allowed: a number of epochs >= 0",
        ),
        (
            lambda: EarlyStopping(start_from_epoch=-2),
            "EarlyStopping: argument 'start_from_epoch' is -2; allowed: an epoch >= 0",
        ),
        (
            lambda: ReduceLROnPlateau(patience=-1),
            "ReduceLROnPlateau: argument 'patience' is -1; allowed: a number of epochs >= 0",
        ),
        (
            lambda: ReduceLROnPlateau(cooldown=-1),
            "ReduceLROnPlateau: argument 'cooldown' is -1; allowed: a number of epochs >= 0",
        ),
        (
            lambda: ReduceLROnPlateau(min_lr=-0.5),
            "ReduceLROnPlateau: argument 'min_lr' is -0.5; allowed: a number >= 0",
        ),
    ],
)
def test_negative_numbers_are_refused(make: Callable[[], object], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make()
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("monitor", "direction"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("val_mae", "min"),
        ("mean_squared_error", "min"),
        ("accuracy", "max"),
        ("val_acc", "max"),
        ("dice_coef", "max"),
        ("val_top_k_categorical_accuracy", "max"),
    ],
)
def test_the_direction_is_in_the_name(monitor: str, direction: str) -> None:
    assert find_direction(monitor) == direction


def test_an_unclear_direction_is_asked_for() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        EarlyStopping(monitor="loss_", mode="middle")
    assert str(caught.value) == (
        "EarlyStopping: argument 'mode' is 'middle'; allowed: 'auto', 'min' or 'max'"
    )
    with pytest.raises(ArgumentValueError) as caught:
        find_direction("quality")
    assert str(caught.value) == (
        "EarlyStopping: argument 'mode' is 'auto'; allowed: 'min' or 'max', because the name "
        "'quality' does not say which"
    )
