"""Intersection over union against Keras, and against a float64 rewrite with fractions of weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from kplug import metrics
from kplug.errors import ArgumentValueError, DataError
from tests.told import telling

NAMES = ["IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]


def make(name: str, owner: Any, **arguments: Any) -> Any:
    if name in ("IoU", "OneHotIoU"):
        arguments["target_class_ids"] = [0, 2]
    return getattr(owner, name)(num_classes=3, **arguments)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    is_sparse=st.booleans(),
    ignored=st.sampled_from([None, 1, -1, 255]),
    seed=st.integers(0, 2**16),
    weighting=st.sampled_from(["none", "integers", "fractions", "zero"]),
)
def test_overlaps_equal_keras(
    name: str,
    sizes: list[int],
    is_sparse: bool,
    ignored: int | None,
    seed: int,
    weighting: str,
) -> None:
    generator = np.random.default_rng(seed)
    is_one_hot = name.startswith("OneHot")
    arguments = {"ignore_class": ignored, "sparse_y_pred": is_sparse, "dtype": "float32"}
    ours, oracle = (make(name, owner, **arguments) for owner in (metrics, keras.metrics))
    for size in sizes:
        ids = generator.integers(0, 3, (size, 2))
        y = np.eye(3)[ids] if is_one_hot else np.where(generator.random(ids.shape) < 0.1, 255, ids)
        p = generator.integers(-1, 4, (size, 2)) if is_sparse else generator.random((size, 2, 3))
        w = {
            "none": None,
            "integers": generator.integers(0, 4, (size, 2)),
            "fractions": generator.uniform(0.1, 2, (size, 2)).astype("float32"),
            "zero": np.zeros((size, 2), "float32"),
        }[weighting]
        ours.update_state(y, p, w)
        oracle.update_state(
            torch.tensor(y), torch.tensor(p), None if w is None else torch.tensor(w)
        )
    torch.testing.assert_close(ours.result(), oracle.result(), rtol=1e-6, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(
    ids=st.sampled_from([[0], [1], [0, 1]]),
    threshold=st.sampled_from([0.0, 0.3, 0.5]),
    size=st.integers(1, 12),
    seed=st.integers(0, 2**16),
)
def test_binary_overlaps_equal_keras(
    ids: list[int], threshold: float, size: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    y = torch.tensor(generator.integers(0, 2, (size, 2)))
    p = torch.tensor(generator.integers(0, 11, (size, 2)) / 10, dtype=torch.float32)
    ours = metrics.BinaryIoU(ids, threshold)(y, p)
    torch.testing.assert_close(ours, keras.metrics.BinaryIoU(ids, threshold)(y, p))


def find_mean(y: NDArray[Any], p: NDArray[Any], w: NDArray[Any]) -> float:
    shares = []
    for each in np.unique(np.concatenate([y, p])):
        either = ((y == each) | (p == each)) * w
        shares.append((((y == each) & (p == each)) * w).sum() / either.sum())
    return float(np.mean(shares))


def test_fractions_of_weights_count() -> None:
    generator = np.random.default_rng(8)
    y, p = generator.integers(0, 4, 100), generator.integers(0, 4, 100)
    w = generator.uniform(0.1, 0.9, 100)
    found = metrics.MeanIoU(5, dtype="float64")(y, p, w)
    assert found.item() == pytest.approx(find_mean(y, p, w), rel=1e-6)


@pytest.mark.parametrize("dtype", [None, "int32", "float64"])
def test_the_result_is_a_float(dtype: str | None) -> None:
    result = metrics.MeanIoU(2, dtype=dtype)([0, 1], [0, 1])
    assert result.is_floating_point()
    assert result.item() == pytest.approx(1.0)


def test_one_weight_acts_on_all_places_of_a_sample() -> None:
    y, p = torch.tensor([[0, 1], [1, 1]]), torch.tensor([[0, 0], [1, 0]])
    expected = metrics.MeanIoU(2)(y, p, torch.tensor([[1.0, 1.0], [3.0, 3.0]]))
    assert torch.equal(metrics.MeanIoU(2)(y, p, torch.tensor([1.0, 3.0])), expected)


def test_no_places() -> None:
    metric = metrics.MeanIoU(3)
    assert metric(torch.zeros(0, 4), torch.zeros(0, 4)).item() == 0.0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"ignore_class": 0.5}, "'ignore_class' is 0.5; allowed: None or an integer"),
        ({"num_classes": 0}, "argument 'num_classes' is 0; allowed: an integer >= 1"),
        (
            {"target_class_ids": [3]},
            "argument 'target_class_ids' is [3]; allowed: class ids from 0 to 2",
        ),
        (
            {"target_class_ids": 1},
            "argument 'target_class_ids' is 1; allowed: class ids from 0 to 2",
        ),
        ({"axis": 0.5}, "'axis' is 0.5; allowed: an integer, the axis of the classes"),
        ({"target_class_ids": []}, "'target_class_ids' is []; allowed: class ids from 0 to 2"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        metrics.IoU(**{"num_classes": 3, "target_class_ids": [0], **arguments})
    assert text in str(caught.value)


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(DataError) as caught:
        metrics.MeanIoU(3).update_state(torch.zeros(4, 3), torch.zeros(4))
    assert str(caught.value) == (
        "mean_io_u: y_true has 12 classes and y_pred has 4\n"
        "  Class ids are the default; say sparse_y_true=False or sparse_y_pred=False for one-hot "
        "targets or scores."
    )
    with pytest.raises(DataError, match=r"^mean_io_u: sample_weight has shape \(3,\) and the"):
        metrics.MeanIoU(3).update_state(torch.zeros(4), torch.zeros(4), torch.ones(3))


@pytest.mark.parametrize(
    ("y_true", "arguments"), [("y_true", {}), ("y_pred", {"sparse_y_true": True})]
)
def test_axis_that_is_not_there(y_true: str, arguments: dict[str, Any]) -> None:
    given = {"sparse_y_true": False, "sparse_y_pred": False, "axis": 9, **arguments}
    with pytest.raises(DataError) as caught:
        metrics.MeanIoU(3, name="m", **given).update_state(torch.zeros(4, 3), torch.zeros(4, 3))
    assert str(caught.value) == (
        f"m: {y_true} has shape (4, 3) and no axis 9\n  axis is that of the classes, -1 for the last."
    )


def test_scores_that_are_cut_to_class_ids_are_told_of_once() -> None:
    metric = metrics.MeanIoU(2)
    with telling() as told:
        for _ in range(2):
            metric.update_state([0.5, 1.0], [0.25, 1.75])
    assert told == [
        "mean_io_u: y_true holds 0.5, which is cut to a class id. Give whole numbers, or sparse_y_true=False "
        "with one-hot targets.",
        "mean_io_u: y_pred holds 0.25, which is cut to a class id. For probabilities of one class use "
        "binary_iou, for scores of classes sparse_y_pred=False.",
    ]


@pytest.mark.parametrize("name", ["OneHotIoU", "OneHotMeanIoU"])
def test_booleans_are_one_hot_targets_and_scores(name: str) -> None:
    arguments = {"num_classes": 2} | ({"target_class_ids": [0, 1]} if name == "OneHotIoU" else {})
    rows = np.array([[True, False], [False, True], [False, True]])
    scores = np.array([[True, False], [True, False], [False, True]])
    theirs = float(getattr(keras.metrics, name)(**arguments)(rows, scores))
    assert float(getattr(metrics, name)(**arguments)(rows, scores)) == pytest.approx(theirs)


@pytest.mark.parametrize("name", ["CategoricalAccuracy", "TopKCategoricalAccuracy"])
def test_accuracies_take_booleans_too(name: str) -> None:
    rows = np.array([[True, False], [False, True], [False, True]])
    scores = np.array([[True, False], [True, False], [False, True]])
    expected = getattr(metrics, name)()(rows, scores.astype("float32"))
    assert float(getattr(metrics, name)()(rows, scores)) == pytest.approx(float(expected))
