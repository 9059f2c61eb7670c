"""Each metric on channels-last batches against MONAI's on channels-first data."""

from __future__ import annotations

import pickle
from typing import Any

import monai.metrics
import numpy as np
import pytest
import torch
from kplug_monai.table import METRICS
from torch import Tensor

import kplug
from kplug.errors import ContractError, DataError
from kplug.layers import Dense
from kplug.metrics import get

# MONAI's warnings, for example about classes that a sample lacks.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::FutureWarning:monai")

CHANCE = torch.Generator().manual_seed(0)


def draw(*shape: int) -> Tensor:
    return torch.rand(shape, generator=CHANCE)


def draw_masks(*spatial: int) -> tuple[Tensor, Tensor]:
    """Return one-hot targets and probabilities, mostly right, of four samples."""
    ids = torch.randint(0, 3, (4, *spatial), generator=CHANCE)
    one_hot = torch.nn.functional.one_hot(ids, 3).float()
    return one_hot, (one_hot + 2.0 * draw(4, *spatial, 3)).softmax(-1)


def choose(probabilities: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(probabilities.argmax(-1), 3).float()


SCALARS = draw(4, 12, 13, 2), draw(4, 12, 13, 2)
VOLUMES = draw(4, 12, 13, 11, 1), draw(4, 12, 13, 11, 1)
LARGE = draw(4, 180, 177, 1), draw(4, 180, 177, 1)
LABELS = torch.tensor([[0.0], [1.0], [1.0], [0.0]]), draw(4, 1)
CLASSES = torch.eye(3)[[0, 1, 2, 1]], draw(4, 3)
INSTANCES = torch.randint(0, 3, (4, 8, 9, 2), generator=CHANCE)
# The class, its arguments, targets, predictions.
VALUES: list[tuple[str, dict[str, Any], tuple[Tensor, Tensor]]] = [
    ("AveragePrecisionMetric", {}, LABELS),
    ("AveragePrecisionMetric", {"average": "micro"}, CLASSES),
    ("CalibrationErrorMetric", {"num_bins": 5}, draw_masks(12, 13)),
    ("MAEMetric", {}, SCALARS),
    ("MAPEMetric", {}, SCALARS),
    ("MSEMetric", {"reduction": "mean_channel"}, SCALARS),
    ("MultiScaleSSIMMetric", {"spatial_dims": 2}, LARGE),
    ("PSNRMetric", {"max_val": 1.0}, VOLUMES),
    ("PanopticQualityMetric", {"num_classes": 3}, (INSTANCES, INSTANCES.flip(1))),
    (
        "PanopticQualityMetric",
        {"num_classes": 3, "metric_name": ["pq", "sq"]},
        (INSTANCES, INSTANCES),
    ),
    ("RMSEMetric", {"get_not_nans": True}, SCALARS),
    ("ROCAUCMetric", {}, LABELS),
    ("ROCAUCMetric", {"average": "none"}, CLASSES),
    ("SSIMMetric", {"spatial_dims": 2}, SCALARS),
    ("SSIMMetric", {"spatial_dims": 3}, VOLUMES),
]
MASKS: list[tuple[str, dict[str, Any]]] = [
    ("AbsoluteVolumeDifferenceMetric", {"include_background": False}),
    ("ConfusionMatrixMetric", {"metric_name": "precision"}),
    ("ConfusionMatrixMetric", {"metric_name": ["precision", "f1 score"], "get_not_nans": True}),
    ("DiceMetric", {"include_background": False}),
    ("DiceMetric", {"reduction": "mean_batch", "return_with_label": True}),
    ("FBetaScore", {"beta": 2.0}),
    ("GeneralizedDiceScore", {"reduction": "mean"}),
    ("HausdorffDistanceMetric", {"percentile": 95.0}),
    ("MeanIoU", {"reduction": "mean_batch"}),
    ("SurfaceDiceMetric", {"class_thresholds": [1.0, 2.0]}),
    ("SurfaceDistanceMetric", {"symmetric": True}),
]


def move(images: Tensor) -> Tensor:
    return images.movedim(-1, 1) if images.ndim > 2 else images


def find_expected(
    class_name: str, arguments: dict[str, Any], y_true: Tensor, y_pred: Tensor
) -> list[Any]:
    original = getattr(monai.metrics, class_name)(**arguments)
    for part in (slice(None, 2), slice(2, None)):
        original(y_pred=move(y_pred)[part], y=move(y_true)[part])
    return list_values(original.aggregate())


def list_values(result: Any) -> list[Any]:
    if isinstance(result, dict):
        return [each for item in result.values() for each in list_values(item)]
    if isinstance(result, (list, tuple)) and not isinstance(result[0], float):
        return [each for item in result for each in list_values(item)]
    return [np.squeeze(np.asarray(torch.as_tensor(result)))]


def make(class_name: str, arguments: dict[str, Any]) -> Any:
    return get({"name": f"kplug-monai/{METRICS[class_name][0]}", "args": arguments})


def find_result(metric: Any, y_true: Tensor, y_pred: Tensor) -> list[Any]:
    for part in (slice(None, 2), slice(2, None)):
        metric.update_state(y_true[part], y_pred[part])
    return sorted(list_values(metric.result()), key=str)


def assert_equal(found: list[Any], expected: list[Any]) -> None:
    assert len(found) == len(expected)
    for ours, theirs in zip(found, sorted(expected, key=str), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_every_metric_has_a_case() -> None:
    assert {name for name, *_ in (*VALUES, *MASKS)} == METRICS.keys()


@pytest.mark.parametrize(("class_name", "arguments", "data"), VALUES)
def test_the_value_is_monai_s(
    class_name: str, arguments: dict[str, Any], data: tuple[Tensor, Tensor]
) -> None:
    expected = find_expected(class_name, arguments, *data)
    assert_equal(find_result(make(class_name, arguments), *data), expected)


@pytest.mark.parametrize("spatial", [(12, 13), (9, 8, 7)], ids=["2-D", "3-D"])
@pytest.mark.parametrize(("class_name", "arguments"), MASKS)
def test_the_value_of_masks_is_monai_s(
    class_name: str, arguments: dict[str, Any], spatial: tuple[int, ...]
) -> None:
    one_hot, probabilities = draw_masks(*spatial)
    chosen = choose(probabilities)
    expected = find_expected(class_name, arguments, one_hot, chosen)
    for further, predictions in (
        ({}, chosen),
        ({"threshold": None}, chosen),
        ({"argmax": True}, probabilities),
    ):
        found = find_result(make(class_name, {**arguments, **further}), one_hot, predictions)
        assert_equal(found, expected)


def test_probabilities_become_masks_at_the_threshold() -> None:
    one_hot, probabilities = draw_masks(12, 13)
    expected = find_expected("DiceMetric", {}, one_hot, (probabilities >= 0.3).float())
    found = find_result(make("DiceMetric", {"threshold": 0.3}), one_hot, probabilities)
    assert_equal(found, expected)


def test_probabilities_are_handed_on_without_a_threshold() -> None:
    one_hot, probabilities = draw_masks(12, 13)
    expected = find_expected("DiceMetric", {}, one_hot, probabilities)
    assert_equal(
        find_result(make("DiceMetric", {"threshold": None}), one_hot, probabilities), expected
    )


def test_targets_may_be_class_ids() -> None:
    one_hot, probabilities = draw_masks(12, 13)
    expected = find_result(make("DiceMetric", {"argmax": True}), one_hot, probabilities)
    ids = one_hot.argmax(-1)
    for targets in (ids, ids[..., None]):
        assert_equal(
            find_result(make("DiceMetric", {"argmax": True}), targets, probabilities), expected
        )


def test_predicted_class_ids_are_no_scores() -> None:
    one_hot, probabilities = draw_masks(12, 13)
    ids = [each.argmax(-1, keepdim=True) for each in (one_hot, probabilities)]
    expected = find_expected("DiceMetric", {"num_classes": 3}, *ids)
    assert_equal(find_result(make("DiceMetric", {"num_classes": 3}), *ids), expected)


def test_several_numbers_are_logs_of_their_own() -> None:
    metric = make("ConfusionMatrixMetric", {"metric_name": ["precision", "recall"]})
    one_hot, probabilities = draw_masks(12, 13)
    metric.update_state(one_hot, choose(probabilities))
    assert metric.result().keys() == {"precision", "recall"}
    assert make("DiceMetric", {}).result() == 0


def test_a_metric_is_reset_merged_moved_and_pickled() -> None:
    one_hot, probabilities = draw_masks(12, 13)
    whole, first, second = (make("DiceMetric", {"argmax": True}) for _ in range(3))
    whole.update_state(one_hot, probabilities)
    first.update_state(one_hot[:1], probabilities[:1])
    second.update_state(one_hot[1:], probabilities[1:])
    first.to("cpu").merge_state([second, make("DiceMetric", {})])
    assert first.result() == whole.result()
    copied = pickle.loads(pickle.dumps(first))
    assert copied.result() == whole.result()
    other = make("DiceMetric", {"argmax": True})
    for _ in range(2):  # what is already there does not count
        other.restore(first.snapshot())
    assert other.result() == whole.result()
    first.reset_state()
    assert first.result() == 0
    other.restore(first.snapshot())
    assert other.result() == 0
    with pytest.raises(ContractError, match="cannot take in the state of mean_iou"):
        first.merge_state([make("MeanIoU", {})])


def test_weights_are_refused() -> None:
    with pytest.raises(ContractError) as caught:
        make("MSEMetric", {}).update_state(*SCALARS, sample_weight=[1.0] * 4)
    assert str(caught.value) == (
        "mse_metric takes no sample weights: MONAI does not know them\n"
        "  Give it as one of metrics=[…], not of weighted_metrics=[…]."
    )


def test_what_monai_refuses_is_an_error_of_the_data() -> None:
    with pytest.raises(DataError, match="dice_metric: MONAI refuses the batch: "):
        make("DiceMetric", {}).update_state(draw(2, 4, 4, 3), draw(2, 5, 5, 3))


def test_a_model_is_measured_and_loaded(tmp_path: Any) -> None:
    x, y = draw(8, 3), draw(8, 2).round()
    model = kplug.Sequential([Dense(2, activation="sigmoid", input_shape=(3,))])
    model.compile("adam", "bce", metrics=["mse_metric", "rocauc_metric(average='micro')"])
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert logs["mse_metric"] == pytest.approx(
        float((model(x).detach() - y).square().mean()), rel=1e-5
    )
    model.save(tmp_path / "model.keras")
    again = kplug.load_model(tmp_path / "model.keras").evaluate(x, y, verbose=0, return_dict=True)
    assert again == pytest.approx(logs)
