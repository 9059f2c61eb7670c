"""An exception is described in one line that is short and printable."""

from __future__ import annotations

import pytest

from kplug.errors import ContractError
from kplug.registry.problems import describe_error


class _ShyError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("two\nlines"), "ValueError: two"),
        (ValueError("\x1b[2J\ud800"), "ValueError: ?[2J?"),
        (ValueError("a" * 3000), f"ValueError: {'a' * 499}…"),
        (_ShyError(), "_ShyError"),
        (SystemExit(), "SystemExit"),
        (SystemExit(3), "SystemExit: 3"),
        (ContractError("no loss", hint="Give one."), "ContractError: no loss"),
    ],
)
def test_exceptions_in_one_line(error: BaseException, text: str) -> None:
    assert describe_error(error) == text
