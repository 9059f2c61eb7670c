"""The losses and metrics keep the contracts of their kinds, smooth and thresholded."""

from __future__ import annotations

import pytest
from kplug_authoring import ContractCase, Example, check_contract, contract_cases

THRESHOLDED = Example(
    {"smooth": 1e-5, "thresh": 0.5},
    leave_out={
        "gradcheck": "the value is that of the thresholded mask, the gradient that of the soft"
    },
)
LOSSES = ("dice_loss", "jaccard_loss", "tversky_loss")
CASES = [
    *contract_cases("kplug-segmentation"),
    *contract_cases(
        "kplug-segmentation", kinds=["loss"], examples=dict.fromkeys(LOSSES, THRESHOLDED)
    ),
]


@pytest.mark.sampled
@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: ContractCase) -> None:
    check_contract(case)
