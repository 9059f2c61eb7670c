"""Stages of a lifecycle: in entry points, and in Trove classifiers."""

from __future__ import annotations

import pytest

from kplug.errors import RegistrationError
from kplug.registry.lifecycle import Lifecycle, find_classified, parse_lifecycle


@pytest.mark.parametrize(
    ("value", "stage", "successor"),
    [
        ("experimental", "experimental", None),
        ("stable", "stable", None),
        ("deprecated : lake", "deprecated", "lake"),
        ("archived:Acme_Lakes.BigLake", "archived", "acme-lakes/BigLake"),
    ],
)
def test_values_of_entry_points(value: str, stage: str, successor: str | None) -> None:
    found = parse_lifecycle("loss.pond", value)
    assert (found.stage, found.successor) == (stage, successor)


def test_the_successor_of_a_distribution_is_one() -> None:
    assert parse_lifecycle("distribution", "archived:Acme_Lakes.x").successor == "acme-lakes-x"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("obsolete", "'obsolete' is no lifecycle"),
        ("deprecated:", "'deprecated:' is no lifecycle"),
        ("stable:lake", "the lifecycle 'stable:lake' names a successor"),
    ],
)
def test_values_that_say_nothing_are_refused(value: str, message: str) -> None:
    with pytest.raises(RegistrationError) as caught:
        parse_lifecycle("loss.pond", value)
    assert caught.value.message == message


# Names and order are those of Trove's classifiers.
@pytest.mark.parametrize(
    ("status", "stage"),
    [
        ("1 - Planning", "experimental"),
        ("2 - Pre-Alpha", "experimental"),
        ("3 - Alpha", "experimental"),
        ("4 - Beta", "experimental"),
        ("5 - Production/Stable", "stable"),
        ("6 - Mature", "stable"),
        ("7 - Inactive", "archived"),
    ],
)
def test_classifiers(status: str, stage: str) -> None:
    other = "Programming Language :: Python :: 3"
    found = find_classified([other, f"Development Status :: {status}"])
    assert found == Lifecycle(stage)  # type: ignore[arg-type]
    assert find_classified([other]) is None
