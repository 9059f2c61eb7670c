"""The weighted mean that most metrics are, against Keras; and state: reset, move, merge."""

from __future__ import annotations

import json
import pickle
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor

from kplug import metrics
from kplug.errors import ContractError, DataError

shapes = st.one_of(
    st.tuples(st.integers(1, 5)),
    st.tuples(st.integers(1, 4), st.integers(2, 4)),
    st.tuples(st.integers(1, 3), st.integers(2, 3), st.integers(2, 3)),
)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_each_sample_counts_once_however_many_values_it_has(is_weighted: bool) -> None:
    ours, oracle = metrics.Mean(), keras.metrics.Mean()
    for steps in (2, 5):
        values = torch.arange(3.0 * steps).reshape(3, steps)
        weights = values + 1 if is_weighted else None
        ours.update_state(values, weights)
        oracle.update_state(values, weights)
    torch.testing.assert_close(ours.result(), oracle.result())


ERRORS: list[tuple[str, str, str]] = [
    ("MeanSquaredError", "real", "real"),
    ("RootMeanSquaredError", "real", "real"),
    ("MeanAbsoluteError", "real", "real"),
    ("MeanAbsolutePercentageError", "real", "real"),
    ("MeanSquaredLogarithmicError", "unit", "unit"),
    ("LogCoshError", "real", "real"),
    ("CosineSimilarity", "real", "real"),
    ("BinaryCrossentropy", "label", "unit"),
    ("CategoricalCrossentropy", "one_hot", "unit"),
    ("SparseCategoricalCrossentropy", "ids", "unit"),
    ("KLDivergence", "unit", "unit"),
    ("Poisson", "unit", "unit"),
    ("Hinge", "label", "real"),
    ("SquaredHinge", "label", "real"),
    ("CategoricalHinge", "one_hot", "real"),
]


def draw(sort: str, size: int, seed: int) -> Tensor:
    generator = np.random.default_rng(seed)
    if sort == "ids":
        return torch.tensor(generator.integers(0, 3, size))
    made: dict[str, Any] = {
        "real": lambda: generator.normal(size=(size, 3)),
        "unit": lambda: generator.uniform(0.01, 0.99, (size, 3)),
        "label": lambda: generator.integers(0, 2, (size, 3)),
        "one_hot": lambda: np.eye(3)[generator.integers(0, 3, size)],
    }
    return torch.tensor(made[sort](), dtype=torch.float32)


@pytest.mark.parametrize(("name", "targets", "outputs"), ERRORS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**16), is_weighted=st.booleans())
def test_metrics_of_losses_equal_keras(
    name: str, targets: str, outputs: str, seed: int, is_weighted: bool
) -> None:
    ours, oracle = getattr(metrics, name)(), getattr(keras.metrics, name)()
    for size in (4, 2):
        y, p = draw(targets, size, seed), draw(outputs, size, seed + 1)
        weights = torch.arange(1.0, size + 1) if is_weighted else None
        ours.update_state(y, p, weights)
        oracle.update_state(y, p, weights)
    torch.testing.assert_close(ours.result(), oracle.result(), rtol=1e-5, atol=1e-6)


def every_metric() -> list[Any]:
    named = [
        *(item[0] for item in ERRORS),
        "Accuracy",
        "AutoAccuracy",
        "BinaryAccuracy",
        "CategoricalAccuracy",
        "SparseCategoricalAccuracy",
        "TopKCategoricalAccuracy",
        "SparseTopKCategoricalAccuracy",
        "Mean",
    ]
    return [getattr(metrics, name)() for name in named]


@pytest.mark.parametrize("metric", every_metric(), ids=lambda item: type(item).__name__)
def test_configuration_survives_json(metric: Any) -> None:
    config = json.loads(json.dumps(metric.get_config()))
    assert type(metric).from_config(config).get_config() == metric.get_config()


@pytest.mark.parametrize("metric", every_metric(), ids=lambda item: type(item).__name__)
def test_fresh_metric_is_zero(metric: Any) -> None:
    result = metric.result()
    assert result.shape == ()
    assert result.dtype is torch.float32
    assert result.item() == 0.0


@pytest.mark.parametrize("metric", every_metric(), ids=lambda item: type(item).__name__)
def test_metrics_can_be_pickled(metric: Any) -> None:
    assert pickle.loads(pickle.dumps(metric)).get_config() == metric.get_config()


@pytest.mark.parametrize(("name", "targets", "outputs"), ERRORS)
def test_update_waits_for_no_device_and_follows_the_predictions(
    name: str, targets: str, outputs: str
) -> None:
    metric = getattr(metrics, name)()
    metric.update_state(draw(targets, 4, 0).to("meta"), draw(outputs, 4, 1).to("meta"))
    metric.update_state(
        draw(targets, 4, 0).to("meta"), draw(outputs, 4, 1).to("meta"), torch.ones(4)
    )
    assert metric.total.device.type == "meta"
    assert metric.result().shape == ()


def test_reset_forgets() -> None:
    metric = metrics.MeanAbsoluteError()
    metric.update_state(torch.zeros(3, 1), torch.ones(3, 1))
    metric.reset_state()
    assert metric.result().item() == 0.0
    assert metric(torch.zeros(3, 1), torch.full((3, 1), 2.0)).item() == 2.0


def test_metrics_of_workers_are_merged() -> None:
    whole, parts = metrics.Mean(), [metrics.Mean(), metrics.Mean()]
    for part, values in zip(parts, ([1.0, 2.0], [6.0]), strict=True):
        part.update_state(values)
        whole.update_state(values)
    parts[0].merge_state(parts[1:])
    assert torch.equal(parts[0].result(), whole.result())


def test_no_gradient_is_kept() -> None:
    metric = metrics.MeanSquaredError()
    metric.update_state(torch.zeros(2, 1), torch.ones(2, 1, requires_grad=True))
    assert not metric.total.requires_grad


def test_state_survives_inference_mode() -> None:
    metric = metrics.MeanSquaredError()
    with torch.inference_mode():
        metric.reset_state()
        metric.update_state(torch.zeros(2, 1), torch.ones(2, 1))
        metric.add_state("extra")
    metric.update_state(torch.zeros(2, 1), torch.ones(2, 1))
    metric.reset_state()
    assert metric.result().item() == 0.0


@pytest.mark.parametrize("name", ["MeanSquaredError", "AutoAccuracy"])
@pytest.mark.parametrize("weights", [None, torch.arange(4.0)], ids=["plain", "weighted"])
def test_update_compiles_to_one_graph(name: str, weights: Tensor | None) -> None:
    y, p = draw("one_hot", 4, 0), draw("unit", 4, 1)
    compiled, eager = getattr(metrics, name)(), getattr(metrics, name)()
    torch._dynamo.reset()
    update: Any = torch.compile(compiled.update_state, backend="aot_eager", fullgraph=True)
    for _ in range(2):
        update(y, p, weights)
        eager.update_state(y, p, weights)
    torch.testing.assert_close(compiled.result(), eager.result())


def test_counts_do_not_stop_at_the_limit_of_float32() -> None:
    metric = metrics.Mean()
    metric.count.fill_(2.0**24)
    metric.total.fill_(2.0**24)
    metric.update_state([1.0])
    assert metric.count.item() == 2.0**24 + 1


def test_dtype_is_that_of_the_result() -> None:
    assert metrics.Mean(dtype="float64").result().dtype is torch.float64


def test_weights_that_do_not_fit() -> None:
    with pytest.raises(DataError, match=r"^sample_weight has shape \(3,\) and the values have"):
        metrics.MeanSquaredError().update_state(torch.ones(2, 1), torch.ones(2, 1), torch.ones(3))


# --- a formula in the place of call ----------------------------------------------------------------


def share_within(y_true: Tensor, y_pred: Tensor, distance: float = 1.0) -> Tensor:
    return ((y_true - y_pred).abs() <= distance).float()


class ShareWithin(metrics.MeanMetric, formula=share_within):
    def __init__(self, distance: float = 1.0, name: str = "share_within") -> None:
        super().__init__(name)
        self.distance = distance


def bias(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return y_pred - y_true


class Bias(metrics.MeanMetric, formula=bias):
    """Mean of differences."""


def test_a_formula_makes_the_metric() -> None:
    y_true, y_pred = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([[1.5], [4.0], [3.0]])
    assert ShareWithin()(y_true, y_pred).item() == pytest.approx(2 / 3)
    assert ShareWithin(distance=0.0)(y_true, y_pred).item() == pytest.approx(1 / 3)
    assert Bias()(y_true, y_pred).item() == pytest.approx(2.5 / 3)
    assert (Bias().name, Bias("mine").name) == ("bias", "mine")
    assert repr(ShareWithin.from_config({"distance": 2.0})) == (
        "ShareWithin(distance=2.0, name='share_within')"
    )


def test_the_formula_stands_for_the_metric() -> None:
    assert type(metrics.as_metric(bias)) is Bias
    assert type(metrics.as_metric(metrics.mean_squared_error)) is metrics.MeanSquaredError
    # As functions these two are losses, under names and with signs of their own.
    assert metrics.as_metric(metrics.log_cosh).name == "log_cosh"
    assert type(metrics.as_metric(metrics.huber)) is metrics.FunctionMetric


def test_a_metric_without_values_is_refused() -> None:
    class Empty(metrics.MeanMetric):
        """It has neither call nor formula."""

    with pytest.raises(ContractError, match="it has no call and no formula"):
        Empty()
