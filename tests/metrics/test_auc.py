"""Areas under curves: against Keras, a float64 rewrite, and scikit-learn's exact areas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from kplug import metrics
from kplug.errors import ArgumentValueError, DataError

Draw = Callable[..., list[Any]]
Feed = Callable[[Any, list[Any]], Any]
CURVES = ["ROC", "PR", "PRGAIN"]
METHODS = ["interpolation", "minoring", "majoring"]


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=15, deadline=None)
@given(
    thresholds=st.sampled_from([None, [], [0.5], [0.7, 0.2], [0.25, 0.5, 0.75]]),
    count=st.sampled_from([2, 3, 20, 200]),
    columns=st.integers(1, 3),
    labels=st.sampled_from(["pooled", "pooled weighted", "own", "own weighted"]),
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    seed=st.integers(0, 2**16),
    weighting=st.sampled_from(["none", "rows", "zero"]),
)
def test_areas_equal_keras(
    curve: str,
    method: str,
    thresholds: list[float] | None,
    count: int,
    columns: int,
    labels: str,
    sizes: list[int],
    seed: int,
    weighting: str,
    draw_batches: Draw,
    feed: Feed,
) -> None:
    batches = draw_batches(sizes, columns, seed, weighting)
    arguments: dict[str, Any] = {
        "num_thresholds": count,
        "curve": curve,
        "summation_method": method,
        "thresholds": thresholds,
        "multi_label": labels.startswith("own"),
        "label_weights": [0.5, 2.0, 1.0][:columns] if labels.endswith("weighted") else None,
    }
    ours = feed(metrics.AUC(**arguments), batches)
    oracle = feed(keras.metrics.AUC(**arguments), batches)
    # Keras sums in float32, and the gains are differences of quotients.
    torch.testing.assert_close(ours, oracle, rtol=2e-4, atol=2e-4)


def find_area(y: NDArray[Any], p: NDArray[Any], w: NDArray[Any], curve: str, method: str) -> float:
    """Return the area from the definition, threshold by threshold, in float64."""
    thresholds = [-1.0, *(step / 49 for step in range(1, 49)), 2.0]
    yes = np.array([p > threshold for threshold in thresholds])
    tp, fp = ((yes * y * w).sum(1), (yes * (1 - y) * w).sum(1))
    fn, tn = ((~yes * y * w).sum(1), (~yes * (1 - y) * w).sum(1))
    with np.errstate(all="ignore"):
        recall, fall = np.nan_to_num(tp / (tp + fn)), np.nan_to_num(fp / (fp + tn))
        precision = np.nan_to_num(tp / (tp + fp))
    if curve == "PR" and method == "interpolation":
        return interpolate_pr(tp, tp + fp, (tp + fn)[0])
    x, height = (fall, recall) if curve == "ROC" else (recall, precision)
    choices: dict[str, Callable[[float, float], float]] = {
        "interpolation": lambda a, b: (a + b) / 2,
        "minoring": min,
        "majoring": max,
    }
    choose = choices[method]
    return float(
        sum((x[i] - x[i + 1]) * choose(height[i], height[i + 1]) for i in range(len(x) - 1))
    )


def interpolate_pr(tp: NDArray[Any], answered: NDArray[Any], positives: float) -> float:
    """Integrate precision numerically along TP, which is linear in the number of positive predictions."""
    area = 0.0
    for i in range(len(tp) - 1):
        gained, growth = tp[i] - tp[i + 1], answered[i] - answered[i + 1]
        if gained <= 0:
            continue
        slope = gained / growth
        if answered[i + 1] == 0:
            area += slope * gained
            continue
        steps = np.linspace(answered[i + 1], answered[i], 20001)
        precision = (tp[i + 1] + slope * (steps - answered[i + 1])) / steps
        area += float(((precision[1:] + precision[:-1]) / 2 * np.diff(steps)).sum() * slope)
    return area / positives


@pytest.mark.parametrize("curve", ["ROC", "PR"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_areas_follow_the_definition(curve: str, method: str, is_weighted: bool) -> None:
    generator = np.random.default_rng(5)
    y = generator.integers(0, 2, 300).astype(float)
    p = np.clip(0.25 * y + generator.uniform(0, 0.75, 300), 0, 1)
    w = generator.uniform(0, 2, 300) if is_weighted else np.ones(300)
    metric = metrics.AUC(50, curve, method, dtype="float64")
    found = metric(y, p, w if is_weighted else None)
    assert found.item() == pytest.approx(find_area(y, p, w, curve, method), rel=1e-7)


@pytest.mark.parametrize("curve", ["ROC", "PR"])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_many_thresholds_come_close_to_the_exact_area(curve: str, is_weighted: bool) -> None:
    generator = np.random.default_rng(11)
    y = generator.integers(0, 2, 2000)
    p = np.clip(0.2 * y + generator.normal(0.4, 0.15, 2000), 0, 1)
    w = generator.uniform(0, 2, 2000) if is_weighted else None
    exact = (roc_auc_score if curve == "ROC" else average_precision_score)(y, p, sample_weight=w)
    assert metrics.AUC(5000, curve)(y, p, w).item() == pytest.approx(exact, abs=2e-3)


def test_logits_are_turned_into_probabilities() -> None:
    y, logits = torch.tensor([0, 1, 1, 0]), torch.tensor([-2.0, 3.0, -1.0, 0.5])
    expected = metrics.AUC()(y, torch.sigmoid(logits))
    assert torch.equal(metrics.AUC(from_logits=True)(y, logits), expected)


def test_state_of_labels_is_made_at_the_first_batch() -> None:
    metric = metrics.AUC(multi_label=True)
    assert metric.variables == []
    assert metric.result().item() == 0.0
    metric.update_state(torch.ones(4, 3), torch.rand(4, 3))
    assert metric.state["true_positives"].shape == (200, 3)
    metric.reset_state()
    assert metric.result().item() == 0.0


@pytest.mark.parametrize("arguments", [{}, {"multi_label": True}, {"curve": "PR"}])
def test_workers_are_merged(arguments: dict[str, Any], draw_batches: Draw, feed: Feed) -> None:
    batches = draw_batches([8, 5, 9], 2, 1, "rows")
    whole = feed(metrics.AUC(**arguments), batches)
    parts = [metrics.AUC(**arguments) for _ in range(4)]
    for part, batch in zip(parts[1:], batches, strict=True):
        feed(part, [batch])
    parts[0].merge_state(parts[1:])
    torch.testing.assert_close(parts[0].result(), whole)


def test_configuration_holds_thresholds_only_if_they_were_given() -> None:
    config = metrics.AUC(thresholds=[0.7, 0.2]).get_config()
    assert (config["thresholds"], config["num_thresholds"]) == ([0.2, 0.7], 4)
    assert (
        metrics.AUC.from_config(config).thresholds == metrics.AUC(thresholds=[0.2, 0.7]).thresholds
    )
    assert "thresholds" not in metrics.AUC().get_config()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"curve": "F1"}, "argument 'curve' is 'F1'; allowed: 'roc', 'pr' or 'prgain'"),
        (
            {"summation_method": "simpson"},
            "argument 'summation_method' is 'simpson'; allowed: 'interpolation', 'majoring' or "
            "'minoring'",
        ),
        (
            {"label_weights": [1.0, -1.0]},
            "argument 'label_weights' is -1.0; allowed: None or a list of finite numbers >= 0",
        ),
        ({"num_thresholds": 1}, "argument 'num_thresholds' is 1; allowed: an integer >= 2"),
        (
            {"num_labels": 2},
            "argument 'num_labels' is 2; allowed: None, unless multi_label is True",
        ),
        (
            {"thresholds": [0.5, 2.0]},
            "argument 'thresholds' is [0.5, 2.0]; allowed: a number in [0, 1], or a list of such "
            "numbers",
        ),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        metrics.AUC(**arguments)
    assert str(caught.value) == f"auc: {text}"


@pytest.mark.parametrize(
    ("arguments", "shape", "text"),
    [
        (
            {"multi_label": True},
            (4,),
            "auc: y_pred has shape (4,); multi_label=True needs (N, L)",
        ),
        (
            {"multi_label": True, "num_labels": 2},
            (4, 3),
            "auc: y_pred has 3 labels, and 2 are expected",
        ),
        (
            {"label_weights": [1.0, 2.0]},
            (4, 3),
            "auc: label_weights has 2 values, and y_pred has 3 labels",
        ),
    ],
)
def test_shapes_that_do_not_fit(
    arguments: dict[str, Any], shape: tuple[int, ...], text: str
) -> None:
    with pytest.raises(DataError) as caught:
        metrics.AUC(**arguments).update_state(torch.zeros(shape), torch.zeros(shape))
    assert str(caught.value) == text
