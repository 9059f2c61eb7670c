"""Metrics as data: Keras reads what is written here, and its own is read back."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest
import torch
from torch import Tensor

from kplug import metrics

MADE = [
    metrics.AUC(curve="PR", thresholds=[0.2, 0.7]),
    metrics.Precision(top_k=2, name="p2"),
    metrics.RecallAtPrecision(0.3, class_id=1),
    metrics.MeanIoU(4, ignore_class=0),
    metrics.F1Score("macro"),
    metrics.R2Score(num_regressors=1),
    metrics.MeanSquaredError(dtype="float64"),
    metrics.Accuracy(),
]


@pytest.mark.parametrize("metric", MADE, ids=lambda each: type(each).__name__)
def test_data_survives_json_and_keras(metric: Any) -> None:
    data = json.loads(json.dumps(metrics.serialize(metric)))
    oracle = keras.metrics.deserialize(data)
    assert type(oracle).__name__ == type(metric).__name__
    assert oracle.name == metric.name
    read = metrics.deserialize(json.loads(json.dumps(keras.metrics.serialize(oracle))))
    assert read is not None
    expected = {**metric.get_config(), "dtype": None}
    assert {**read.get_config(), "dtype": None} == expected


def test_what_keras_has_not_is_text() -> None:
    text = metrics.serialize(metrics.AutoAccuracy())
    assert text == "kplug/accuracy(name='accuracy', dtype=None)"
    assert isinstance(metrics.deserialize(text), metrics.AutoAccuracy)


def test_custom_objects_are_known_for_one_call() -> None:
    def bias(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_pred - y_true

    metric = metrics.deserialize("bias", {"bias": bias})
    assert metric is not None
    assert metric(torch.zeros(2), torch.ones(2)).item() == 1.0
    assert metrics.deserialize(None) is None


@pytest.mark.parametrize("weights", [None, torch.tensor([1.0, 3.0])])
def test_places_that_a_mask_leaves_out_have_no_weight(weights: Tensor | None) -> None:
    y, p = torch.zeros(2, 3), torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    vars(p)["_keras_mask"] = torch.tensor([[True, False, True], [False, False, True]])
    mean = metrics.as_metric(lambda y_true, y_pred: y_pred - y_true)(y, p, weights)
    assert mean.item() == pytest.approx(1 / 3 if weights is None else 1 / 5)
