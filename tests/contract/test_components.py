"""Every installed component, ours and the plugins', against the contract of its kind."""

from __future__ import annotations

import pytest
from kplug_authoring import ContractCase, check_contract, contract_cases

from kplug.registry.kinds import BUILT_IN_KINDS
from tests.contract.examples import find_examples

# The tests of these plugins say what their components are made with, and which checks hold for which.
_ELSEWHERE = (
    "kplug-loggers",
    "kplug-monai",
    "kplug-optuna",
    "kplug-preprocessing",
    "kplug-pytorch-optimizer",
    "kplug-torchmetrics",
)
CASES = [
    case
    for case in contract_cases(examples=find_examples(), kinds=BUILT_IN_KINDS)
    if case.component.origin.distribution not in _ELSEWHERE
]


@pytest.mark.sampled(12)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: ContractCase) -> None:
    check_contract(case)


def test_every_kind_of_kplug_is_covered() -> None:
    assert {case.component.kind for case in CASES} == BUILT_IN_KINDS.keys()
