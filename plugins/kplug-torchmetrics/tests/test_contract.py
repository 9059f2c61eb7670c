"""The contract of metrics, for the classes that answer it with one number for any batch."""

from __future__ import annotations

from typing import Any

import pytest

from kplug.testing import ContractCase, Example, check_contract, contract_cases

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:torchmetrics")

LEAVE_OUT = {"weights": "torchmetrics knows no sample weights"}
VALIDATES = {"reads": "it looks whether targets are 0 or 1, unless it has validate_args=False"}
BINARY = [
    "accuracy",
    "auroc",
    "average_precision",
    "cohen_kappa",
    "f1_score",
    "hamming_distance",
    "hinge_loss",
    "jaccard_index",
    "matthews_corr_coef",
    "negative_predictive_value",
    "precision",
    "recall",
    "specificity",
]
VALUES = [
    "mean_absolute_error",
    "mean_squared_error",
    "mean_squared_log_error",
    "weighted_mean_absolute_percentage_error",
    "symmetric_mean_absolute_percentage_error",
    "log_cosh_error",
    "kl_divergence",
    "total_variation",
]


def _example(**arguments: Any) -> Example:
    return Example(arguments, leave_out=LEAVE_OUT | (VALIDATES if arguments else {}))


EXAMPLES = {
    **{f"metric/kplug-torchmetrics/{name}": _example(task="binary") for name in BINARY},
    **{f"metric/kplug-torchmetrics/{name}": _example() for name in VALUES},
}
CASES = [
    case
    for case in contract_cases("kplug-torchmetrics", examples=EXAMPLES)
    if f"metric/{case.component.qualified_name}" in EXAMPLES
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: ContractCase) -> None:
    check_contract(case)
