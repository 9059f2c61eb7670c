"""State of a metric: merged, moved, and made in Keras's way."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

from kplug import metrics
from kplug.errors import ContractError
from kplug.metrics import Metric


def test_metrics_of_different_kinds_are_not_merged() -> None:
    target, other = metrics.Recall(), metrics.Precision()
    with pytest.raises(ContractError) as caught:
        target.merge_state([metrics.Recall(), other])
    assert str(caught.value) == (
        "recall is a Recall and cannot take in the state of precision, a Precision"
    )
    first = metrics.Recall()
    first.update_state([1], [1.0])
    with pytest.raises(ContractError) as caught:
        target.merge_state([first, metrics.Recall(thresholds=[0.1, 0.2])])
    assert str(caught.value) == (
        "recall keeps 'true_positives' of shape (1,) and cannot take in shape (2,)\n"
        "  Metrics can be merged if they were made with the same arguments."
    )
    assert target.result().item() == 0.0


class KerasStyle(Metric):
    """A metric as it is written for tf.keras."""

    def __init__(self, name: str = "hits", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.hits = self.add_weight(name="total_hits", initializer="zeros")
        self.seen = self.add_variable((), "ones", "int32", "result")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.hits.assign_add((y_true == (y_pred > 0.5)).sum())
        self.seen.assign(self.seen + len(y_true))

    def result(self) -> Tensor:
        return self.hits / self.seen


def test_metrics_written_for_keras_work() -> None:
    metric = KerasStyle()
    assert [(each.label, each.item()) for each in (metric.hits, metric.seen)] == [
        ("total_hits", 0.0),
        ("result", 1),
    ]
    metric.reset_state()
    y, p = torch.tensor([1, 0, 1]), torch.tensor([0.9, 0.8, 0.7])
    metric.update_state(y, p)
    metric.update_state(y, p)
    assert metric.result().item() == pytest.approx(2 / 3)
    assert type(metric.result()) is Tensor
    twin = pickle.loads(pickle.dumps(metric))
    twin.merge_state([metric])
    assert twin.hits.item() == 8.0
    metric.to("meta")
    assert (metric.hits.device.type, metric.hits.label) == ("meta", "total_hits")
    assert metric.hits is metric.state["total_hits"]


Y_TRUE, Y_PRED = torch.eye(3)[[0, 1, 2, 0]], torch.eye(3)[[0, 2, 2, 1]] * 0.9


@pytest.mark.parametrize(
    "make",
    [
        lambda: metrics.Recall(),
        lambda: metrics.F1Score(),  # creates its state at the first batch
        lambda: metrics.R2Score(),
        lambda: metrics.AUC(multi_label=True),
        lambda: metrics.MeanSquaredError(),
    ],
)
@pytest.mark.parametrize("has_seen", [True, False])
def test_a_metric_goes_on_from_the_snapshot_of_another(make: Any, has_seen: bool) -> None:
    first, other, whole = make(), make(), make()
    first.update_state(Y_TRUE, Y_PRED)
    snapshot = first.snapshot()
    first.update_state(Y_TRUE, Y_TRUE)  # no longer in the snapshot
    if has_seen:
        other.update_state(Y_TRUE, Y_TRUE)
        other.reset_state()
    other.restore(snapshot)
    for metric in (other, whole):
        metric.update_state(Y_TRUE[:2], Y_PRED[1:3])
    whole = make()
    whole.update_state(Y_TRUE, Y_PRED)
    whole.update_state(Y_TRUE[:2], Y_PRED[1:3])
    torch.testing.assert_close(other.result(), whole.result(), rtol=0, atol=0)
    other.reset_state()
    assert not any(variable.any() for variable in other.variables)


def test_a_snapshot_of_another_metric_is_refused() -> None:
    target = metrics.Recall()
    with pytest.raises(ContractError) as caught:
        target.restore(metrics.Recall(thresholds=[0.1, 0.2]).snapshot())
    assert str(caught.value) == (
        "recall keeps no 'true_positives' of shape (2,)\n"
        "  A metric goes on from the state of one with the same arguments."
    )
    snapshot = {**target.snapshot(), "state": {"result": torch.zeros(())}}
    with pytest.raises(ContractError, match="recall keeps no 'result' of shape"):
        target.restore(snapshot)
