"""Contract suites: the tests of each kind of component, for kplug's own and for plugins'.

A plugin's test file is three lines::

    from kplug_authoring import check_contract, contract_cases

    @pytest.mark.parametrize("case", contract_cases("my-distribution"), ids=str)
    def test_contract(case):
        check_contract(case)

Nothing here imports pytest: ``run_contract("my-distribution")`` runs the same cases anywhere. The names are
imported lazily, since the commands of this distribution start without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kplug import Example as Example
    from kplug_authoring.cases import (
        BrokenContractError as BrokenContractError,
        ContractCase as ContractCase,
        check_contract as check_contract,
        contract_cases as contract_cases,
        run_contract as run_contract,
    )
    from kplug_authoring.checks.common import COMMON as COMMON
    from kplug_authoring.checks.subject import (
        Check as Check,
        Subject as Subject,
        Suite as Suite,
        check as check,
    )
    from kplug_authoring.suites import list_checks as list_checks

_HOMES = {
    "kplug": ("Example",),
    "kplug_authoring.cases": (
        "BrokenContractError",
        "ContractCase",
        "check_contract",
        "contract_cases",
        "run_contract",
    ),
    "kplug_authoring.checks.common": ("COMMON",),
    "kplug_authoring.checks.subject": ("Check", "Subject", "Suite", "check"),
    "kplug_authoring.suites": ("list_checks",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'kplug_authoring' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
