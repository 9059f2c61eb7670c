"""Accuracies against Keras, and the choice between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import metrics
from kplug.errors import ArgumentValueError, DataError
from tests.told import telling

# Scores stand for labels in cases that all metrics share.
pytestmark = pytest.mark.filterwarnings("ignore:accuracy. y_pred holds .* equal their target")


def draw(sort: str, size: int, classes: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return targets and scores; scores are rounded, so that ties and exact halves occur."""
    generator = np.random.default_rng(seed)
    columns = 1 if sort == "column" else classes
    scores = torch.tensor(generator.integers(0, 11, (size, columns)) / 10, dtype=torch.float32)
    if sort in ("column", "labels"):
        return torch.tensor(generator.integers(0, 2, (size, columns))).float(), scores
    ids = torch.tensor(generator.integers(0, classes, size))
    if sort == "one_hot":
        return torch.nn.functional.one_hot(ids, classes).float(), scores
    return (ids.unsqueeze(-1) if sort == "ids_column" else ids), scores


CASES: list[tuple[str, dict[str, Any], str]] = [
    ("BinaryAccuracy", {}, "column"),
    ("BinaryAccuracy", {}, "labels"),
    ("BinaryAccuracy", {"threshold": 0.7}, "labels"),
    ("CategoricalAccuracy", {}, "one_hot"),
    ("SparseCategoricalAccuracy", {}, "ids"),
    ("SparseCategoricalAccuracy", {}, "ids_column"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one_hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "ids"),
    ("Accuracy", {}, "column"),
]


@pytest.mark.parametrize(("name", "arguments", "sort"), CASES)
@settings(max_examples=20, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    classes=st.integers(2, 5),
    seed=st.integers(0, 2**16),
    is_weighted=st.booleans(),
)
def test_accuracies_equal_keras_over_batches(
    name: str,
    arguments: dict[str, Any],
    sort: str,
    sizes: list[int],
    classes: int,
    seed: int,
    is_weighted: bool,
) -> None:
    ours = getattr(metrics, name)(**arguments)
    oracle = getattr(keras.metrics, name)(**arguments)
    for number, size in enumerate(sizes):
        y, p = draw(sort, size, classes, seed + number)
        weights = torch.arange(float(size)) if is_weighted else None
        ours.update_state(y, p, weights)
        oracle.update_state(y, p, weights)
    torch.testing.assert_close(ours.result(), oracle.result(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("y_shape", "p_shape", "same_as"),
    [
        ((4, 1), (4, 1), metrics.BinaryAccuracy),
        ((4,), (4, 1), metrics.BinaryAccuracy),
        ((4,), (4,), metrics.BinaryAccuracy),
        ((4, 3), (4, 3, 1), metrics.BinaryAccuracy),
        ((4,), (4, 3), metrics.SparseCategoricalAccuracy),
        ((4, 1), (4, 3), metrics.SparseCategoricalAccuracy),
        ((4, 2), (4, 2, 3), metrics.SparseCategoricalAccuracy),
        ((4, 3), (4, 3), metrics.CategoricalAccuracy),
    ],
)
def test_accuracy_is_chosen_from_the_shapes(
    y_shape: tuple[int, ...], p_shape: tuple[int, ...], same_as: type[metrics.MeanMetric]
) -> None:
    generator = torch.Generator().manual_seed(0)
    y = torch.randint(0, 2, y_shape, generator=generator)
    p = torch.rand(p_shape, generator=generator)
    assert torch.equal(metrics.AutoAccuracy()(y, p), same_as()(y, p))


@pytest.mark.parametrize("name", ["accuracy", "acc", "Accuracy"])
def test_text_means_the_accuracy_that_looks_at_shapes(name: str) -> None:
    assert isinstance(metrics.get(name), metrics.AutoAccuracy)


def test_weights_a_step_act_on_steps() -> None:
    y, p = torch.tensor([[1, 0], [1, 1]]), torch.tensor([[[0.9], [0.9]], [[0.1], [0.8]]])
    weights = torch.tensor([[1.0, 0.0], [1.0, 2.0]])
    assert metrics.AutoAccuracy()(y, p, weights).item() == pytest.approx(3 / 4)


@pytest.mark.parametrize(
    ("function", "oracle", "sort"),
    [
        (metrics.binary_accuracy, keras.metrics.binary_accuracy, "labels"),
        (metrics.categorical_accuracy, keras.metrics.categorical_accuracy, "one_hot"),
        (metrics.sparse_categorical_accuracy, keras.metrics.sparse_categorical_accuracy, "ids"),
    ],
)
def test_functions_equal_keras(
    function: Callable[..., torch.Tensor], oracle: Callable[..., torch.Tensor], sort: str
) -> None:
    y, p = draw(sort, 6, 3, seed=4)
    torch.testing.assert_close(function(y, p), oracle(y, p))


def test_a_half_is_no_yes() -> None:
    torch.testing.assert_close(
        metrics.binary_accuracy([0, 1], [0.5, 0.5]), torch.tensor([1.0, 0.0])
    )


@pytest.mark.parametrize(
    ("name", "y_shape", "text"),
    [
        (
            "CategoricalAccuracy",
            (4,),
            "categorical_accuracy: y_true has shape (4,) and y_pred has shape (4, 3); the two must have "
            "the same shape\n  For class ids use sparse_categorical_accuracy.",
        ),
        (
            "SparseCategoricalAccuracy",
            (4, 3),
            "sparse_categorical_accuracy: y_true has shape (4, 3) and y_pred has shape (4, 3); class "
            "ids of shape (4,) are needed\n  For one-hot targets use the metric without 'sparse_'.",
        ),
        (
            "BinaryAccuracy",
            (4, 2),
            "binary_accuracy: y_true has shape (4, 2) and y_pred has shape (4, 3); the two must have "
            "the same shape\n  Give one target for each output, or change the last layer's size.",
        ),
    ],
)
def test_shapes_that_do_not_fit(name: str, y_shape: tuple[int, ...], text: str) -> None:
    with pytest.raises(DataError) as caught:
        getattr(metrics, name)().update_state(torch.zeros(y_shape), torch.rand(4, 3))
    assert str(caught.value) == text


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.5])
def test_threshold_out_of_range(threshold: float) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        metrics.BinaryAccuracy(threshold=threshold)
    assert str(caught.value) == (
        f"binary_accuracy: argument 'threshold' is {threshold!r}; allowed: a number in (0, 1)"
    )


@pytest.mark.parametrize("k", [0, -1])
@pytest.mark.parametrize(
    "owner", [metrics.TopKCategoricalAccuracy, metrics.SparseTopKCategoricalAccuracy]
)
def test_k_out_of_range(owner: Any, k: int) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        owner(k=k)
    assert str(caught.value).endswith(f"argument 'k' is {k}; allowed: an integer >= 1")


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_ids_of_the_best_classes_equal_keras(k: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    best = torch.tensor(generator.permuted(np.tile(np.arange(6), (8, 1)), axis=1)[:, :4])
    ids = torch.tensor(generator.integers(0, 6, 8))
    owners = (metrics, keras.metrics)
    ours, oracle = (
        owner.SparseTopKCategoricalAccuracy(k, from_sorted_ids=True)(ids, best) for owner in owners
    )
    torch.testing.assert_close(ours, oracle)
    function = metrics.sparse_top_k_categorical_accuracy(ids, best, k, from_sorted_ids=True)
    torch.testing.assert_close(function.mean(), ours)


@pytest.mark.parametrize("owner", ["SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy"])
@pytest.mark.parametrize("wrong", [-1, 3, 255])
def test_a_class_that_there_is_not_is_never_found(owner: str, wrong: int) -> None:
    scores = torch.tensor([[0.1, 0.2, 0.7], [0.1, 0.2, 0.7]])
    found = getattr(metrics, owner)()(torch.tensor([wrong, 2]), scores)
    assert found.item() == 0.5


@pytest.mark.parametrize("k", [1, 2])
def test_top_k_functions_equal_keras(k: int) -> None:
    y, p = draw("one_hot", 20, 4, seed=2)
    ours = metrics.top_k_categorical_accuracy(y, p, k)
    torch.testing.assert_close(ours, keras.metrics.top_k_categorical_accuracy(y, p, k))


@pytest.mark.parametrize("name", ["CategoricalAccuracy", "TopKCategoricalAccuracy"])
def test_targets_may_be_booleans(name: str) -> None:
    targets = np.eye(6, dtype=bool)[[0, 1, 2, 3]]
    scores = np.random.default_rng(0).random((4, 6)).astype("float32")
    theirs = getattr(keras.metrics, name)()
    expected = theirs(torch.from_numpy(targets), torch.from_numpy(scores))
    assert float(getattr(metrics, name)()(targets, scores)) == float(expected)


@pytest.mark.parametrize(
    ("metric", "y_true", "y_pred", "message"),
    [
        (
            metrics.AutoAccuracy(),
            [[0.25], [1.0]],
            [[0.5], [0.5]],
            "accuracy: y_true holds 0.25, and a target other than 0 and 1 counts as wrong whatever is "
            "predicted. For regression use another metric, such as mean_absolute_error.",
        ),
        (
            metrics.BinaryAccuracy(),
            [2, 1],
            [0.5, 0.5],
            "binary_accuracy: y_true holds 2, and a target other than 0 and 1 counts as wrong whatever is "
            "predicted. For regression use another metric, such as mean_absolute_error.",
        ),
        *(
            (
                metric,
                [0.5, 1.0],
                [[0.5, 0.25], [0.5, 0.25]],
                f"{metric.name}: y_true holds 0.5, which is no class id, so such a sample counts as wrong "
                "whatever is predicted.",
            )
            for metric in (
                metrics.AutoAccuracy(),
                metrics.SparseCategoricalAccuracy(),
                metrics.SparseTopKCategoricalAccuracy(1),
            )
        ),
        (
            metrics.Accuracy(),
            [[0.0], [1.0]],
            [[0.25], [1.0]],
            "accuracy: y_pred holds 0.25, and this metric counts predictions that equal their target. For "
            "probabilities use metrics=['accuracy'], by this text, or BinaryAccuracy().",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, metrics.Metric) else "",
)
def test_what_can_never_be_right_is_told_of_once(
    metric: metrics.Metric, y_true: Any, y_pred: Any, message: str
) -> None:
    with telling() as told:
        for _ in range(2):
            metric.update_state(y_true, y_pred)
    assert told == [message]


def test_class_ids_and_labels_of_any_type_are_right() -> None:
    for kind in ("bool", "int32", "float32", "float64"):
        labels = np.array([[0], [1]], kind)
        metrics.AutoAccuracy()(labels, [[0.5], [0.75]])
        metrics.AutoAccuracy()(labels, [[0.5, 0.5], [0.75, 0.25]])
        metrics.Accuracy()(labels, labels)


@pytest.mark.parametrize("metric", [metrics.BinaryAccuracy(), metrics.get("accuracy")])
def test_targets_of_samples_that_weigh_nothing_may_be_anything(metric: Any) -> None:
    with telling() as told:
        metric.update_state([[1.0], [-1.0]], [[0.75], [0.75]], sample_weight=[1.0, 0.0])
    assert told == []
    assert float(metric.result()) == 1.0
