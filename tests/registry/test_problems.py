"""What is kept of an exception."""

from __future__ import annotations

import pytest

from kplug.errors import ContractError
from kplug.registry.problems import describe_error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("two\nlines"), "ValueError: two"),
        (SystemExit(), "SystemExit"),
        (SystemExit(3), "SystemExit: 3"),
        (ContractError("no loss", hint="Give one."), "ContractError: no loss"),
    ],
)
def test_exceptions_in_one_line(error: BaseException, text: str) -> None:
    assert describe_error(error) == text
