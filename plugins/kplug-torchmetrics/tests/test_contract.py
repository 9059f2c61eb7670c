"""The contract of metrics; `kplug_torchmetrics.examples` gives the reasons for omitted checks."""

from __future__ import annotations

import pytest
from kplug_authoring import ContractCase, check_contract, contract_cases
from kplug_torchmetrics.examples import ARGUMENTS, LEFT_OUT, NOT_CALLED
from kplug_torchmetrics.table import ROWS

from kplug import metrics

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:torchmetrics")

# One of each form: classes, rates, pairs, curves, images, rankings, texts, wrappers.
QUICK = {
    "accuracy",
    "auroc",
    "confusion_matrix",
    "dice_score",
    "f1_score",
    "mean_squared_error",
    "min_max_metric",
    "pearson_corr_coef",
    "peak_signal_noise_ratio",
    "retrieval_map",
    "roc",
    "word_error_rate",
}
CASES = [
    pytest.param(case, id=str(case), marks=() if case.component.name in QUICK else pytest.mark.slow)
    for case in contract_cases("kplug-torchmetrics")
]


@pytest.mark.sampled
@pytest.mark.parametrize("case", CASES)
def test_contract(case: ContractCase) -> None:
    check_contract(case)


def test_what_is_told_is_told_of_metrics_that_exist() -> None:
    told = {name for names in LEFT_OUT.values() for name in names}
    assert {*ARGUMENTS, *NOT_CALLED, *told} <= {row.name for row in ROWS.values()}


def test_a_result_that_was_asked_for_before_is_merged_too() -> None:
    first, second = (metrics.get("kplug-torchmetrics/mean_squared_error") for _ in range(2))
    assert first is not None
    assert second is not None
    first.update_state([[0.0]], [[1.0]])
    second.update_state([[0.0]], [[3.0]])
    assert float(first.result()) == 1.0
    first.merge_state([second])
    assert float(first.result()) == 5.0
