"""The contract of what a file names, `TimmNetwork`, is tested with all layers; here that of some models."""

from __future__ import annotations

import pytest
from kplug_authoring import ContractCase, check_contract, contract_cases

CASES = [
    case
    for distribution, names in {
        "kplug-timm": ("test_resnet", "test_vit"),
        "kplug-applications": ("MobileNet",),
    }.items()
    for case in contract_cases(distribution, kinds=["model"])
    if case.component.name in names
]


@pytest.mark.sampled(8)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: ContractCase) -> None:
    check_contract(case)
