"""Which checks each kind of component has to pass."""

from __future__ import annotations

import pytest

from kplug.errors import UnknownKindError
from kplug.testing.suites import SUITES, list_checks


def test_singular_and_plural_name_the_same_checks() -> None:
    checks = list_checks("loss")
    assert checks == list_checks("losses")
    assert list(checks) == [check.name for check in SUITES["loss"].checks]


def test_a_check_is_listed_with_what_must_hold() -> None:
    assert list_checks("constraints")["idempotent"] == "no change when it is applied again"


@pytest.mark.parametrize("kind", SUITES)
def test_no_two_checks_of_a_kind_have_the_same_name(kind: str) -> None:
    names = [check.name for check in SUITES[kind].checks]
    assert names
    assert len(set(names)) == len(names)


def test_a_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownKindError, match="losss"):
        list_checks("losss")
