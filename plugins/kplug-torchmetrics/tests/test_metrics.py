"""Every class on Keras's targets and predictions, against torchmetrics on its own."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import kplug_torchmetrics
import pytest
import torch
import torchmetrics
import torchmetrics.image
import torchmetrics.segmentation
from kplug_torchmetrics import components
from kplug_torchmetrics.adapter import find_original
from kplug_torchmetrics.table import LEFT_OUT, ROWS
from torch import Tensor
from torchmetrics.functional.audio import scale_invariant_signal_noise_ratio

import kplug
from kplug import metrics
from kplug.errors import ArgumentValueError, ContractError, DataError, UnknownComponentError

# torchmetrics warns when it keeps every prediction, and of batches that it finds odd.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:torchmetrics")

MULTICLASS = {"task": "multiclass", "num_classes": 3}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "FBetaScore": {"beta": 2.0},
    "PrecisionAtFixedRecall": {"min_recall": 0.3},
    "RecallAtFixedPrecision": {"min_precision": 0.3},
    "SensitivityAtSpecificity": {"min_specificity": 0.3},
    "SpecificityAtSensitivity": {"min_sensitivity": 0.3},
    "CriticalSuccessIndex": {"threshold": 0.5},
    "MinkowskiDistance": {"p": 3.0},
    "CramersV": {"num_classes": 3},
    "PearsonsContingencyCoefficient": {"num_classes": 3},
    "TheilsU": {"num_classes": 3},
    "TschuprowsT": {"num_classes": 3},
    "MultiScaleStructuralSimilarityIndexMeasure": {
        "kernel_size": 3,
        "betas": (0.5, 0.5),
        "data_range": 1.0,
    },
    "PeakSignalNoiseRatio": {"data_range": 1.0},
    "StructuralSimilarityIndexMeasure": {"data_range": 1.0},
    "PanopticQuality": {"things": [0, 1], "stuffs": [6, 7]},
    "ModifiedPanopticQuality": {"things": [0, 1], "stuffs": [6, 7]},
    "PermutationInvariantTraining": {"metric_func": scale_invariant_signal_noise_ratio},
    "RetrievalRecallAtFixedPrecision": {"min_precision": 0.3},
    "RetrievalPrecisionRecallCurve": {"max_k": 3},
    "DiceScore": {"num_classes": 3, "input_format": "mixed"},
    "GeneralizedDiceScore": {"num_classes": 3, "input_format": "mixed"},
    "HausdorffDistance": {"num_classes": 3, "input_format": "mixed"},
    "MeanIoU": {"num_classes": 3, "input_format": "mixed"},
    "RunningMean": {"window": 2},
    "RunningSum": {"window": 2},
}


def random(*shape: int, seed: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def integers(high: int, *shape: int, seed: int) -> Tensor:
    return torch.randint(0, high, shape, generator=torch.Generator().manual_seed(seed))


def draw(inputs: str, seed: int) -> tuple[Any, Any, tuple[Any, ...]]:
    """Return targets and predictions as kplug has them, and what torchmetrics is given by hand."""
    other = seed + 100
    if inputs == "classes":
        ids, scores = integers(3, 20, seed=seed), torch.softmax(random(20, 3, seed=other), -1)
        return torch.nn.functional.one_hot(ids, 3).float(), scores, (scores, ids)
    if inputs == "values":
        y, p = random(20, 1, seed=seed), random(20, 1, seed=other)
        return y, p, (p[:, 0], y[:, 0])
    if inputs == "vectors":
        y, p = random(20, 4, seed=seed), random(20, 4, seed=other)
        return y, p, (p, y)
    if inputs == "reversed":
        y, p = (torch.softmax(random(20, 4, seed=each), -1) for each in (seed, other))
        return y, p, (y, p)
    if inputs == "categories":
        y, p = integers(3, 60, 1, seed=seed), integers(3, 60, seed=other)
        return y.float(), p, (p, y[:, 0])
    if inputs in ("images", "image"):
        y, p = random(2, 32, 32, 3, seed=seed), random(2, 32, 32, 3, seed=other)
        both = (p.permute(0, 3, 1, 2), y.permute(0, 3, 1, 2))
        return y, p, both if inputs == "images" else both[:1]
    if inputs == "masks":
        y, p = integers(3, 2, 12, 12, seed=seed), random(2, 12, 12, 3, seed=other)
        return y.float(), p, (p.movedim(-1, 1), y)
    if inputs == "queries":
        y, p = integers(2, 4, 5, seed=seed), random(4, 5, seed=other)
        y[:, 0] = 1
        numbers = torch.arange(4).repeat_interleave(5) + 4 * seed
        return y.float(), p, (p.flatten(), y.flatten(), numbers)
    if inputs == "signals":
        y, p = random(2, 2, 800, seed=seed), random(2, 2, 800, seed=other)
        return y, p, (p, y)
    values = random(10, 1, seed=seed)
    return values, values, (values,)


def draw_for(class_name: str, seed: int) -> tuple[Any, Any, tuple[Any, ...]]:
    if class_name == "FleissKappa":
        ratings = integers(5, 30, 3, seed=seed)
        ratings = ratings + torch.nn.functional.pad(12 - ratings.sum(1, keepdim=True), (0, 2))
        return ratings, ratings, (ratings,)
    if class_name == "Perplexity":
        y, p = integers(5, 2, 4, seed=seed), random(2, 4, 5, seed=seed)
        return y.float(), p, (p, y)
    if class_name.endswith("PanopticQuality"):
        y, p = (integers(2, 1, 6, 6, 2, seed=each) for each in (seed, seed + 1))
        return y.float(), p, (p, y)
    return draw(ROWS[class_name].inputs, seed)


def arguments_of(class_name: str) -> dict[str, Any]:
    shared = MULTICLASS if ROWS[class_name].inputs == "classes" else {}
    return {**shared, **ARGUMENTS.get(class_name, {})}


def flatten(result: Any) -> list[Tensor]:
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        return [tensor for each in result for tensor in flatten(each)]
    return [torch.as_tensor(result)]


NUMERIC = sorted(name for name, row in ROWS.items() if row.inputs not in ("texts", "inner"))


def test_the_table_holds_every_public_name_of_torchmetrics() -> None:
    public = {*torchmetrics.__all__, *torchmetrics.segmentation.__all__}
    assert set(ROWS) | set(LEFT_OUT) == public
    assert not set(ROWS) & set(LEFT_OUT)
    assert len({row.name for row in ROWS.values()}) == len(ROWS)


@pytest.mark.parametrize("class_name", NUMERIC)
def test_values_are_those_of_torchmetrics(class_name: str) -> None:
    arguments = arguments_of(class_name)
    name = f"kplug-torchmetrics/{ROWS[class_name].name}"
    ours = metrics.get({"name": name, "args": arguments})
    assert ours is not None
    oracle = find_original(class_name)(**arguments)
    for seed in (0, 1):
        y, p, direct = draw_for(class_name, seed)
        ours.update_state(y, p)
        oracle.update(*direct)
    expected = flatten(oracle.compute())
    for have, want in zip(flatten(ours.result()), expected, strict=True):
        torch.testing.assert_close(have, want, equal_nan=True)
    ours.reset_state()
    y, p, direct = draw_for(class_name, 0)
    oracle.reset()
    oracle.update(*direct)
    for have, want in zip(flatten(ours(y, p)), flatten(oracle.compute()), strict=True):
        torch.testing.assert_close(have, want, equal_nan=True)


@pytest.mark.parametrize("class_name", NUMERIC)
def test_a_fresh_metric_is_zero_and_can_be_pickled(class_name: str) -> None:
    metric = getattr(components, class_name)(**arguments_of(class_name))
    assert metric.result().item() == 0.0
    assert metric.name == ROWS[class_name].name
    first = metric(*draw_for(class_name, 0)[:2])
    twin = pickle.loads(pickle.dumps(metric))
    for have, want in zip(flatten(twin.result()), flatten(first), strict=True):
        torch.testing.assert_close(have, want, equal_nan=True)
    again = type(metric).from_config(metric.get_config())
    assert again.get_config() == metric.get_config()


@pytest.mark.parametrize(
    ("name", "y_true", "y_pred"),
    [
        ("word_error_rate", ["a b c d"], ["a b x d"]),
        ("char_error_rate", ["abcd"], ["abxd"]),
        ("match_error_rate", ["a b c d"], ["a b x d"]),
        ("word_info_lost", ["a b c d"], ["a b x d"]),
        ("word_info_preserved", ["a b c d"], ["a b x d"]),
        ("bleu_score", [["the cat is on the mat"]], ["the cat is on a mat"]),
        ("chrf_score", [["the cat is on the mat"]], ["the cat is on a mat"]),
        ("sacre_bleu_score", [["the cat is on the mat"]], ["the cat is on a mat"]),
        ("translation_edit_rate", [["the cat is on the mat"]], ["the cat is on a mat"]),
        ("extended_edit_distance", [["the cat is on the mat"]], ["the cat is on a mat"]),
        (
            "squad",
            [{"answers": {"answer_start": [0], "text": ["yes"]}, "id": "1"}],
            [{"prediction_text": "yes", "id": "1"}],
        ),
    ],
)
def test_texts(name: str, y_true: Any, y_pred: Any) -> None:
    class_name = next(each for each, row in ROWS.items() if row.name == name)
    metric = metrics.get(f"kplug-torchmetrics/{name}")
    assert metric is not None
    oracle = find_original(class_name)()
    oracle.update(y_pred, y_true)
    for have, want in zip(flatten(metric(y_true, y_pred)), flatten(oracle.compute()), strict=True):
        torch.testing.assert_close(have, want)


BINARY = "kplug-torchmetrics/accuracy(task='binary')"


@pytest.mark.parametrize(
    ("spec", "keys"),
    [
        (f"min_max_metric({BINARY})", {"raw", "min", "max"}),
        (f"boot_strapper({BINARY}, num_bootstraps=4)", {"mean", "std"}),
        (f"metric_collection([{BINARY}, cohen_kappa(task='binary')])", None),
        ("classwise_wrapper(stat_scores(task='multiclass', num_classes=2, average=None))", None),
    ],
)
def test_wrappers_hold_metrics(spec: str, keys: set[str] | None) -> None:
    resolved = kplug.resolve("metric", spec)
    metric = resolved.object
    y, p = integers(2, 20, 1, seed=0).float(), random(20, 1, seed=1)
    two = torch.cat((1 - p, p), -1)
    found = metric(y, two if "multiclass" in spec else p)
    assert isinstance(found, dict)
    assert keys is None or set(found) == keys
    again = type(metric).from_config(metric.get_config())
    assert again.get_config() == metric.get_config()
    assert type(metrics.get(str(resolved.spec))) is type(metric)


def test_outputs_of_their_own() -> None:
    metric = metrics.get("multioutput_wrapper(spearman_corr_coef(), num_outputs=2)")
    assert metric is not None
    y, p = random(20, 2, seed=0), random(20, 2, seed=1)
    oracle = torchmetrics.SpearmanCorrCoef(num_outputs=2)
    oracle.update(p, y)
    torch.testing.assert_close(metric(y, p), oracle.compute())


@pytest.mark.parametrize(
    ("arguments", "y_shape", "p_shape"),
    [
        ({"task": "binary"}, (20,), (20, 1)),
        ({"task": "binary"}, (20, 1), (20, 1)),
        ({"task": "binary"}, (5, 4), (5, 4)),
        ({"task": "multilabel", "num_labels": 3}, (20, 3), (20, 3)),
        ({"task": "multilabel", "num_labels": 3}, (5, 4, 3), (5, 4, 3)),
        ({**MULTICLASS}, (20,), (20, 3)),
        ({**MULTICLASS}, (20, 1), (20, 3)),
        ({**MULTICLASS}, (5, 4), (5, 4, 3)),
        ({**MULTICLASS}, (5, 4, 1), (5, 4, 3)),
    ],
)
def test_tasks_and_shapes(
    arguments: dict[str, Any], y_shape: tuple[int, ...], p_shape: tuple[int, ...]
) -> None:
    is_multiclass = arguments["task"] == "multiclass"
    y = integers(3 if is_multiclass else 2, *y_shape, seed=0)
    p = random(*p_shape, seed=1)
    given = {**arguments, "average": "micro"} if "binary" not in arguments.values() else arguments
    found = components.Accuracy(**given)(y.float(), p)
    answers = p.argmax(-1) if is_multiclass else (p > 0.5).long()
    expected = (answers.reshape(-1) == y.reshape(-1)).float().mean()
    torch.testing.assert_close(found, expected)


SEGMENTATION = ["DiceScore", "GeneralizedDiceScore", "HausdorffDistance", "MeanIoU"]


@pytest.mark.parametrize("is_wrapped", [False, True], ids=["by name", "wrapped"])
@pytest.mark.parametrize("input_format", ["one-hot", "mixed", "index"])
@pytest.mark.parametrize("class_name", SEGMENTATION)
def test_segmentations_have_the_classes_last(
    class_name: str, input_format: str, is_wrapped: bool
) -> None:
    arguments = {"num_classes": 3, "input_format": input_format}
    ids, scores = integers(3, 2, 12, 12, seed=0), random(2, 12, 12, 3, seed=1)
    one_hot = torch.nn.functional.one_hot(ids, 3)
    oracle = find_original(class_name)(**arguments)
    metric = getattr(components, class_name)(**arguments)
    if is_wrapped:
        metric = kplug_torchmetrics.wrap(find_original(class_name)(**arguments))
    first = scores.movedim(-1, 1)
    given, theirs = {
        "one-hot": ((one_hot, scores), (first, one_hot.movedim(-1, 1))),
        "mixed": ((ids.float(), scores), (first, ids)),
        "index": ((ids.float(), scores.argmax(-1).float()), (scores.argmax(-1), ids)),
    }[input_format]
    oracle.update(*theirs)
    torch.testing.assert_close(metric(*given), oracle.compute())


@pytest.mark.parametrize("spec", ["auroc(task='binary')", BINARY, "spearman_corr_coef"])
def test_workers_are_merged(spec: str) -> None:
    parts = [metrics.get(spec) for _ in range(4)]
    whole = metrics.get(spec)
    assert whole is not None
    for seed, part in enumerate(parts[1:3]):
        y, p = integers(2, 20, 1, seed=seed).float(), random(20, 1, seed=seed + 9)
        assert part is not None
        part.update_state(y, p)
        whole.update_state(y, p)
    first, *others = (part for part in parts if part is not None)
    first.merge_state(others)
    torch.testing.assert_close(first.result(), whole.result())


def check_continuation(make: Callable[[], Any], batches: Any) -> None:
    """Give a snapshot after a batch to another metric, and compare it to one that has seen all batches."""
    (y, p), (later_y, later_p) = batches
    first, other, whole = make(), make(), make()
    first.update_state(y, p)
    other.restore(first.snapshot())
    other.update_state(later_y, later_p)
    whole.update_state(y, p)
    whole.update_state(later_y, later_p)
    for found, expected in zip(flatten(other.result()), flatten(whole.result()), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("class_name", NUMERIC)
def test_a_metric_goes_on_from_the_snapshot_of_another(class_name: str) -> None:
    def make() -> Any:
        return getattr(components, class_name)(**arguments_of(class_name))

    check_continuation(make, [draw_for(class_name, seed)[:2] for seed in (0, 1)])


@pytest.mark.parametrize(
    ("spec", "inputs"),
    [
        ("classwise_wrapper(stat_scores(**MULTICLASS, average=None))", "classes"),
        ("min_max_metric('kplug-torchmetrics/mean_squared_error')", "values"),
    ],
)
def test_a_wrapper_goes_on_with_what_is_inside(spec: str, inputs: str) -> None:
    spec = spec.replace("**MULTICLASS", "task='multiclass', num_classes=3")
    check_continuation(lambda: metrics.get(spec), [draw(inputs, seed)[:2] for seed in (0, 1)])


def test_state_moves_with_the_predictions() -> None:
    metric = components.MeanAbsoluteError()
    metric.update_state(random(4, 1, seed=0).to("meta"), random(4, 1, seed=1).to("meta"))
    assert {state.device.type for state in metric.variables} == {"meta"}


def test_weights_reach_aggregates_and_no_others() -> None:
    values, weights = torch.tensor([1.0, 5.0]), torch.tensor([3.0, 1.0])
    assert components.MeanMetric()(values, values, weights).item() == 2.0
    with pytest.raises(ContractError) as caught:
        components.Accuracy(task="binary").update_state(values, values, weights)
    assert str(caught.value) == (
        "accuracy takes no sample weights: torchmetrics does not know them\n"
        "  Give it as one of metrics=[…], not of weighted_metrics=[…]."
    )


def test_a_batch_that_torchmetrics_refuses() -> None:
    metric = components.Accuracy(task="binary")
    with pytest.raises(DataError, match=r"^accuracy: torchmetrics refuses the batch: "):
        metric.update_state(torch.zeros(3), torch.zeros(4))
    assert metric.result().item() == 0.0


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (lambda: metrics.Recall(), "accuracy cannot take in the state of recall"),
        (lambda: components.Recall(task="binary"), "accuracy cannot take in the state of recall"),
    ],
)
def test_metrics_that_cannot_be_merged(other: Any, text: str) -> None:
    with pytest.raises(ContractError) as caught:
        components.Accuracy(task="binary").merge_state([other()])
    assert str(caught.value) == text


def test_queries_of_two_workers_have_the_same_numbers() -> None:
    first, second = components.RetrievalMRR(), components.RetrievalMRR()
    y, p, _ = draw("queries", 0)
    second.update_state(y, p)
    with pytest.raises(ContractError, match=r"cannot be merged: its queries are numbered from 0"):
        first.merge_state([second])


@pytest.mark.parametrize("arguments", [MULTICLASS, {"task": "binary"}])
def test_an_instance_is_wrapped(arguments: dict[str, Any]) -> None:
    y, p, (scores, ids) = draw("classes", 0)
    if arguments["task"] == "binary":
        y, p, scores, ids = ids[:, None] > 0, p[:, :1], scores[:, 0], (ids > 0).long()
    metric = kplug_torchmetrics.wrap(torchmetrics.AUROC(**arguments))
    oracle = torchmetrics.AUROC(**arguments)
    metric.update_state(y, p)
    oracle.update(scores, ids)
    torch.testing.assert_close(metric.result(), oracle.compute())
    assert metric.name == f"{arguments['task']}_auroc"
    assert pickle.loads(pickle.dumps(metric)).result() == metric.result()


def test_an_adapted_instance_is_not_adapted_again() -> None:
    metric = kplug.channels_first(torchmetrics.image.StructuralSimilarityIndexMeasure)()
    with pytest.raises(ContractError) as caught:
        kplug_torchmetrics.wrap(metric)
    assert str(caught.value) == (
        "the StructuralSimilarityIndexMeasure is adapted already, and would have its channels moved twice\n"
        "  Give the metric of torchmetrics as it is: wrap knows where the channels are."
    )


def test_channels_first_adapts_the_update_of_a_class() -> None:
    y, p, direct = draw("images", 0)
    adapted = kplug.channels_first(torchmetrics.image.StructuralSimilarityIndexMeasure)(
        data_range=1.0
    )
    oracle = torchmetrics.image.StructuralSimilarityIndexMeasure(data_range=1.0)
    torch.testing.assert_close(pickle.loads(pickle.dumps(adapted))(p, y), oracle(*direct))
    adapted.update(p, y)
    torch.testing.assert_close(adapted.compute(), oracle.compute())


def test_an_instance_of_an_unknown_class_says_what_it_takes() -> None:
    class Bias(torchmetrics.MeanMetric):
        def update(self, preds: Tensor, target: Tensor) -> None:  # type: ignore[override]
            super().update(preds - target)

    with pytest.raises(
        ArgumentValueError, match=r"^wrap: argument 'inputs' is None; allowed: for a Bia"
    ):
        kplug_torchmetrics.wrap(Bias())
    metric = kplug_torchmetrics.wrap(Bias(), inputs="values", name="bias")
    assert metric(torch.zeros(2), torch.ones(2, 1)).item() == 1.0


def test_an_instance_that_is_not_wrapped_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        metrics.get(torchmetrics.AUROC(task="binary"))
    assert str(caught.value) == (
        "BinaryAUROC gathers state over batches in torchmetrics's way, with update and compute\n"
        "  Install kplug-torchmetrics and name it ('auroc(…)'), or give kplug_torchmetrics.wrap(metric)."
    )


def test_what_is_left_out_says_why() -> None:
    with pytest.raises(UnknownComponentError) as caught:
        kplug.resolve("metric", "kplug-torchmetrics/metric_tracker")
    assert f"leaves it out: {LEFT_OUT['MetricTracker']}." in str(caught.value)
