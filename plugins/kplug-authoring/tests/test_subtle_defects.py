"""A subtle defect is found by its check, and the same component without it passes."""

from __future__ import annotations

import re

import pytest
from kplug_authoring import BrokenContractError, contract_cases

import kplug
from kplug.registry import get_kind
from tests.plugins.subtle_defects import SUBTLE, Subtle


@pytest.mark.sampled
@pytest.mark.parametrize("subtle", SUBTLE, ids=str)
def test_the_defect_is_found_and_what_is_right_passes(subtle: Subtle) -> None:
    assert run(subtle, subtle.sound) is None
    found = run(subtle, subtle.broken)
    assert found is not None
    assert re.search(subtle.found, found), found


def run(subtle: Subtle, component: object) -> str | None:
    """Return what the check finds."""
    with kplug.scope(**{get_kind(subtle.kind).plural: {"planted": component}}):
        cases = contract_cases("custom", kinds=[subtle.kind], examples={"planted": subtle.example})
        (case,) = (case for case in cases if case.check.name == subtle.check)
        try:
            case.run()
        except BrokenContractError as error:
            return error.found
    return None
