"""Packages that could be installed."""

from __future__ import annotations

from typing import Any

import pytest

from kplug import Package
from kplug.errors import RegistrationError


def test_a_name_is_put_into_its_normal_form() -> None:
    package = Package("Pond_Losses", "2.1")
    assert (package.distribution, str(package)) == ("pond-losses", "pond-losses 2.1")
    assert package.install == "pip install pond-losses"
    assert str(Package("pond-losses")) == "pond-losses"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "'' cannot be the name of a distribution"),
        (("a b",), "'a b' cannot be the name of a distribution"),
        (("--index-url=x",), "'--index-url=x' cannot be the name of a distribution"),
        ((None,), "None cannot be the name of a distribution"),
        (("pond", "latest"), "'latest' is no version of pond"),
        (("pond", 2), "2 is no version of pond"),
        (
            ("pond", "1.0", "pip install pond\nrm x"),
            r"'pip install pond\nrm x' is no command that installs pond",
        ),
        (("pond", "1.0", "\x1b[2J"), r"'\x1b[2J' is no command that installs pond"),
        (("pond", "1.0", ["pip"]), "['pip'] is no command that installs pond"),
        (("pond", "1.0", "x" * 501), f"'{'x' * 79}…' is no command that installs pond"),
    ],
)
def test_facts_that_cannot_be_printed_or_installed(
    arguments: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(RegistrationError) as caught:
        Package(*arguments)
    assert caught.value.message == message
