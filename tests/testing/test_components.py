"""Every installed component, ours and the plugins', against the contract of its kind."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from kplug.registry.kinds import KINDS
from kplug.testing import ContractCase, check_contract, contract_cases

_HOME = Path(__file__).with_name("examples.py")


def _read_examples() -> object:
    """Import the table beside this file; tests are no package."""
    spec = importlib.util.spec_from_file_location("kplug_contract_examples", _HOME)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.find_examples()


# Images, texts, queries and no weights: the tests of that plugin say which checks hold for which.
_ELSEWHERE = "kplug-torchmetrics"
CASES = [
    case
    for case in contract_cases(examples=_read_examples())  # type: ignore[arg-type]
    if case.component.origin.distribution != _ELSEWHERE
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: ContractCase) -> None:
    check_contract(case)


def test_every_kind_is_covered() -> None:
    assert {case.component.kind for case in CASES} == KINDS.keys()
