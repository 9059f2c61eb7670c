"""The layers keep the contract of layers, made as their authors say."""

from __future__ import annotations

import pytest
from kplug_authoring import ContractCase, Example, check_contract, contract_cases

EXAMPLES = {
    "layer/kplug-preprocessing/Resizing": Example(
        {"height": 2, "width": 2},
        leave_out={"idle": "`fill_value` fills what an image of another aspect ratio leaves"},
    ),
}


@pytest.mark.parametrize("case", contract_cases("kplug-preprocessing", examples=EXAMPLES), ids=str)
def test_contract(case: ContractCase) -> None:
    check_contract(case)
