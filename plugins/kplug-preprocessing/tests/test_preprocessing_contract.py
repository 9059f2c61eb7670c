"""The layers keep the contract of layers, made as their authors say."""

from __future__ import annotations

import pytest
from kplug_authoring import ContractCase, check_contract, contract_cases


@pytest.mark.sampled
@pytest.mark.parametrize("case", contract_cases("kplug-preprocessing"), ids=str)
def test_contract(case: ContractCase) -> None:
    check_contract(case)
