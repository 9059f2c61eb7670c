"""Metrics by name on torch's conventions."""

from __future__ import annotations

import pytest
import torch

from kplug import metrics
from kplug.errors import ArgumentValueError, ContractError
from kplug.metrics import Meter, TorchConvention

GENERATOR = torch.Generator().manual_seed(0)
SCORES = torch.randn(4, 3, 5, generator=GENERATOR)
LABELS = torch.randint(0, 3, (4, 5), generator=GENERATOR)


def test_it_is_called_with_the_input_first_and_accumulates() -> None:
    accuracy = metrics.get("torch_convention(sparse_categorical_accuracy)")
    right = (SCORES.argmax(1) == LABELS).float()
    torch.testing.assert_close(accuracy(SCORES[:2], LABELS[:2]), right[:2].mean())
    accuracy.update(SCORES[2:], LABELS[2:])
    torch.testing.assert_close(accuracy.compute(), right.mean())
    accuracy.reset()
    torch.testing.assert_close(accuracy(SCORES[:1], LABELS[:1]), right[:1].mean())


def test_it_agrees_with_torchmetrics() -> None:
    torchmetrics = pytest.importorskip("torchmetrics")
    theirs = torchmetrics.F1Score(task="multiclass", num_classes=3, average="macro")
    ours = metrics.get("torch_convention(f1_score(average='macro'))")
    logits = SCORES[:, :, 0]
    one_hot = torch.nn.functional.one_hot(LABELS[:, 0], 3)
    torch.testing.assert_close(ours(logits.softmax(1), one_hot), theirs(logits, LABELS[:, 0]))


def test_weights_are_for_samples_or_places() -> None:
    accuracy = metrics.get("torch_convention(sparse_categorical_accuracy)")
    right, weights = (SCORES.argmax(1) == LABELS).float(), torch.rand(4, 5)
    torch.testing.assert_close(
        accuracy(SCORES, LABELS, weights), (right * weights).sum() / weights.sum()
    )


def test_the_layout_may_be_the_other_one() -> None:
    name = "torch_convention(sparse_categorical_accuracy, data_format='channels_last')"
    right = (SCORES.argmax(1) == LABELS).float()
    torch.testing.assert_close(metrics.get(name)(SCORES.movedim(1, -1), LABELS), right.mean())


def test_its_parts_are_those_of_the_metric() -> None:
    metric = TorchConvention("auc", "channels_last")
    assert metric.direction == "max"
    assert metric.name == "auc"
    assert metrics.as_metric(Meter(metric)) is metric
    again = TorchConvention.from_config(metric.get_config())
    assert again.metric.get_config() == metric.metric.get_config()
    described = metrics.serialize(metric)
    assert isinstance(metrics.deserialize(described), TorchConvention)
    assert repr(metric.meter).startswith("Meter(TorchConvention(")


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentValueError, match="'data_format' is 'NCHW'"):
        metrics.get("torch_convention(mse, data_format='NCHW')")
    with pytest.raises(ContractError, match="torch_convention: there is no metric to adapt"):
        TorchConvention(None)
