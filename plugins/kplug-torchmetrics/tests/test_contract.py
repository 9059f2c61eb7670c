"""The contract of metrics; what is left out has its reason in `kplug_torchmetrics.examples`."""

from __future__ import annotations

import pytest
from kplug_torchmetrics.examples import ARGUMENTS, LEFT_OUT, NOT_CALLED
from kplug_torchmetrics.table import ROWS

from kplug.testing import ContractCase, check_contract, contract_cases

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:torchmetrics")

CASES = contract_cases("kplug-torchmetrics")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: ContractCase) -> None:
    check_contract(case)


def test_what_is_told_is_told_of_metrics_that_exist() -> None:
    told = {name for names in LEFT_OUT.values() for name in names}
    assert {*ARGUMENTS, *NOT_CALLED, *told} <= {row.name for row in ROWS.values()}
