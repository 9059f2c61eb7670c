"""One suite of tests for each kind of component, for kplug's own and for plugins'.

A plugin's test file is three lines::

    from kplug.testing import check_contract, contract_cases

    @pytest.mark.parametrize("case", contract_cases("my-distribution"), ids=str)
    def test_contract(case):
        check_contract(case)

Nothing here imports pytest: ``run_contract("my-distribution")`` runs the same cases anywhere.
"""

from __future__ import annotations

from kplug.testing.cases import (
    BrokenContractError,
    ContractCase,
    check_contract,
    contract_cases,
    run_contract,
)
from kplug.testing.examples import Example
from kplug.testing.suites import list_checks

__all__ = [
    "BrokenContractError",
    "ContractCase",
    "Example",
    "check_contract",
    "contract_cases",
    "list_checks",
    "run_contract",
]
