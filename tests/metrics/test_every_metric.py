"""Every metric matches Keras: names, configuration, state, merging, data types and devices."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import re
from typing import Any

import keras
import pytest
import torch
from torch import Tensor

from kplug import metrics

pytestmark = pytest.mark.filterwarnings("ignore:accuracy. y_pred holds .* equal their target")

NEEDED: dict[str, dict[str, Any]] = {
    "TopKCategoricalAccuracy": {"k": 2},
    "SparseTopKCategoricalAccuracy": {"k": 2},
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "MeanIoU": {"num_classes": 3},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [1]},
    "OneHotMeanIoU": {"num_classes": 3},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
}
#: Metrics of one function, and those that take values instead of pairs.
SPECIAL = {"MeanMetricWrapper", "Mean", "Sum"}
IDS = {"IoU", "MeanIoU"}
SPARSE = {
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
}
#: Keras leaves these out of its configuration, so that the axis is lost.
LOST_BY_KERAS = {"CosineSimilarity": {"axis"}}


def is_metric(found: object) -> bool:
    return inspect.isclass(found) and issubclass(found, keras.metrics.Metric)


KERAS = sorted(
    name
    for name in dir(keras.metrics)
    if is_metric(getattr(keras.metrics, name)) and name not in ("Metric", "MeanMetricWrapper")
)
PAIRED = [name for name in KERAS if name not in SPECIAL]


def make(class_name: str, owner: Any = metrics, **arguments: Any) -> Any:
    return getattr(owner, class_name)(**{**NEEDED.get(class_name, {}), **arguments})


def draw(name: str, rows: int, seed: int, device: str = "cpu") -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.softmax(torch.randn(rows, 3, generator=generator), -1)
    ids = torch.randint(0, 3, (rows,), generator=generator)
    y = ids if name in SPARSE | IDS else torch.nn.functional.one_hot(ids, 3).float()
    p = scores.argmax(-1) if name in IDS else scores
    return y.to(device), p.to(device)


@pytest.mark.parametrize("name", KERAS)
def test_signature_and_name_are_those_of_keras(name: str) -> None:
    ours, oracle = getattr(metrics, name), getattr(keras.metrics, name)
    parameters = [
        [(each.name, each.default) for each in inspect.signature(owner).parameters.values()]
        for owner in (ours, oracle)
    ]
    assert parameters[0] == parameters[1]
    counted = make(name, keras.metrics).name  # Keras numbers the automatic ones: auc, auc_1, …
    assert make(name).name == re.sub(r"_\d+$", "", counted)


@pytest.mark.parametrize("name", KERAS)
def test_configuration_has_the_keys_of_keras(name: str) -> None:
    expected = set(make(name, keras.metrics).get_config()) | LOST_BY_KERAS.get(name, set())
    assert set(make(name).get_config()) == expected


@pytest.mark.parametrize("name", KERAS)
def test_configuration_of_keras_makes_the_metric(name: str) -> None:
    config = json.loads(json.dumps(make(name, keras.metrics, name="mine").get_config()))
    metric = getattr(metrics, name).from_config(config)
    assert metric.name == "mine"
    assert (
        getattr(metrics, name).from_config(metric.get_config()).get_config() == metric.get_config()
    )


@pytest.mark.parametrize("name", KERAS)
def test_a_keras_dict_or_a_name_makes_the_metric(name: str) -> None:
    config = {"class_name": name, "config": make(name).get_config()}
    metric = metrics.get(config)
    expected = metrics.AutoAccuracy if name == "Accuracy" else getattr(metrics, name)
    assert type(metric) is expected
    snake = keras.src.utils.naming.to_snake_case(name)
    assert type(metrics.get({"name": snake, "args": NEEDED.get(name, {})})) is expected


@pytest.mark.parametrize("name", PAIRED)
def test_metrics_equal_keras_over_batches(name: str) -> None:
    ours, oracle = make(name), make(name, keras.metrics)
    for seed, rows in enumerate((7, 1, 4)):
        y, p = draw(name, rows, seed)
        weights = torch.arange(1.0, rows + 1)
        if "IoU" in name:  # Keras cuts fractions off, and wants a weight for each place
            weights = weights.int().repeat_interleave(3 if name == "BinaryIoU" else 1)
        ours.update_state(y, p, weights)
        oracle.update_state(y, p, weights)
    torch.testing.assert_close(ours.result(), oracle.result(), rtol=1e-5, atol=1e-6)


def draw_row(name: str, size: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return targets and predictions of one axis."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.softmax(torch.randn(size, generator=generator), -1)
    one = torch.randint(0, size, (), generator=generator)
    if name in SPARSE:
        return one, scores
    if name in IDS:
        return torch.arange(size) % 3, torch.randint(0, 3, (size,), generator=generator)
    return torch.nn.functional.one_hot(one, size).float(), scores


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("weight", [None, 2.5, [2.5]])
def test_one_axis_is_one_sample_as_in_keras(name: str, weight: Any) -> None:
    if weight is not None and "IoU" in name:
        return  # Keras cuts fractions off
    ours, oracle = make(name), make(name, keras.metrics)
    weights = None if weight is None else torch.tensor(weight)
    for seed, size in enumerate((4, 3)):
        y, p = draw_row(name, size, seed)
        try:
            oracle.update_state(y, p, weights)
        except (IndexError, ValueError):  # it takes no such shape
            return
        ours.update_state(y, p, weights)
    torch.testing.assert_close(ours.result(), oracle.result(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["CosineSimilarity", "KLDivergence", "MeanSquaredError", "Hinge"])
def test_one_axis_with_a_weight_for_each_is_a_column(name: str) -> None:
    y, p = draw_row(name, 4, 0)
    weights = [1.0, 2.0, 0.5, 3.0]
    torch.testing.assert_close(
        make(name)(y, p, weights), make(name)(y[:, None], p[:, None], weights)
    )


def test_accuracy_by_its_short_name_reads_one_axis_as_binary() -> None:
    assert metrics.AutoAccuracy()([0, 1, 1], [0.2, 0.9, 0.4]).item() == pytest.approx(2 / 3)
    assert metrics.AutoAccuracy()(torch.tensor(1), torch.tensor([0.2, 0.9])).item() == 1.0


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("place", [slice(None), 1, (1, 2)])
def test_nan_is_nan_where_it_is_in_keras(name: str, place: Any) -> None:
    y, p = draw(name, 5, 1)
    if name in IDS:  # they take no floats
        return
    p[place] = float("nan")
    found = make(name)(y, p)
    if name == "BinaryCrossentropy":  # Keras calls torch's, which takes no NaN
        assert found.isnan()
        return
    assert torch.equal(found.isnan(), make(name, keras.metrics)(y, p).isnan())


@pytest.mark.parametrize("name", PAIRED)
def test_fresh_reset_and_copied_metrics(name: str) -> None:
    metric = make(name)
    assert torch.equal(metric.result().reshape(-1), torch.zeros_like(metric.result()).reshape(-1))
    first = metric(*draw(name, 6, 0))
    assert torch.equal(pickle.loads(pickle.dumps(metric)).result(), first)
    twin = copy.deepcopy(metric)
    metric.reset_state()
    torch.testing.assert_close(metric(*draw(name, 6, 0)), first)
    assert torch.equal(twin.result(), first)


@pytest.mark.parametrize("name", PAIRED)
def test_workers_are_merged(name: str) -> None:
    whole, parts = make(name), [make(name) for _ in range(3)]
    for seed, part in enumerate(parts[1:]):
        pair = draw(name, 5 + seed, seed)
        part.update_state(*pair)
        whole.update_state(*pair)
    parts[0].merge_state(parts[1:])
    torch.testing.assert_close(parts[0].result(), whole.result())


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_update_waits_for_no_device_and_follows_the_predictions(
    name: str, is_weighted: bool
) -> None:
    metric = make(name)
    weights = torch.ones(4, device="meta") if is_weighted else None
    metric.update_state(*draw(name, 4, 0, "meta"), weights)
    assert {state.device.type for state in metric.variables} == {"meta"}
    assert metric.result().device.type == "meta"


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_dtype_is_that_of_the_result(name: str, dtype: str) -> None:
    result = make(name, dtype=dtype)(*draw(name, 4, 0))
    assert result.dtype is getattr(torch, dtype)


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_predictions_of_every_type_are_taken(name: str, kind: torch.dtype) -> None:
    y, p = draw(name, 6, 3)
    if name == "MeanAbsolutePercentageError":
        y = y + 0.5  # a target of 0 makes an error that float16 cannot hold
    given = p if name in IDS else p.to(kind)
    expected = make(name)(y, p if name in IDS else given.float())
    torch.testing.assert_close(make(name)(y, given), expected, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("name", PAIRED)
def test_state_survives_inference_mode(name: str) -> None:
    metric, expected = make(name), make(name)(*draw(name, 4, 0))
    with torch.inference_mode():
        metric.update_state(*draw(name, 3, 1))
        metric.reset_state()
        metric.update_state(*draw(name, 3, 1))
    metric.reset_state()
    torch.testing.assert_close(metric(*draw(name, 4, 0)), expected)


@pytest.mark.parametrize("name", PAIRED)
def test_an_empty_batch_changes_nothing(name: str) -> None:
    metric = make(name)
    before = metric(*draw(name, 4, 0)).clone()
    y, p = draw(name, 4, 1)
    metric.update_state(y[:0], p[:0])
    torch.testing.assert_close(metric.result(), before)


@pytest.mark.parametrize("name", PAIRED)
def test_weights_of_zero_count_nothing(name: str) -> None:
    metric, plain = make(name), make(name)
    y, p = draw(name, 6, 0)
    weights = torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    torch.testing.assert_close(metric(y, p, weights), plain(y[:3], p[:3]))
    nothing = make(name)(y, p, torch.zeros(6))
    torch.testing.assert_close(nothing, torch.zeros_like(nothing))


@pytest.mark.parametrize("name", PAIRED)
def test_inputs_are_not_written_to_and_no_gradient_is_kept(name: str) -> None:
    y, p = draw(name, 5, 1)
    if p.is_floating_point():
        p.requires_grad_()
    before = (y.clone(), p.detach().clone())
    metric = make(name)
    result = metric(y, p)
    assert not result.requires_grad
    assert torch.equal(y, before[0])
    assert torch.equal(p.detach(), before[1])
