"""One suite of tests for each kind of component, for kplug's own and for plugins'.

A plugin's test file is three lines::

    from kplug.testing import check_contract, contract_cases

    @pytest.mark.parametrize("case", contract_cases("my-distribution"), ids=str)
    def test_contract(case):
        check_contract(case)

Nothing here imports pytest: ``run_contract("my-distribution")`` runs the same cases anywhere.
"""

from kplug.exports import export_names
from kplug.registry.examples import Example as Example
from kplug.testing.cases import (
    BrokenContractError as BrokenContractError,
    ContractCase as ContractCase,
    check_contract as check_contract,
    contract_cases as contract_cases,
    run_contract as run_contract,
)
from kplug.testing.checks.common import COMMON as COMMON
from kplug.testing.checks.subject import (
    Check as Check,
    Subject as Subject,
    Suite as Suite,
    check as check,
)
from kplug.testing.suites import list_checks as list_checks

export_names(globals())
