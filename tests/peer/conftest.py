"""Lets ``pytest tests/peer`` run what a plain ``pytest`` leaves to the slow pass, and prints its table."""

from __future__ import annotations

from pathlib import Path

import pytest

collect_ignore_glob = ["kplug_peer/*"]

_TABLE = pytest.StashKey[list[str]]()
_HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Drop ``-m 'not slow'`` if this folder alone was asked for by name."""
    config.stash[_TABLE] = []
    asked = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    is_named = bool(asked) and all(path.is_relative_to(_HERE) for path in asked)
    if is_named and config.option.markexpr == "not slow":
        config.option.markexpr = ""


@pytest.fixture
def table(request: pytest.FixtureRequest) -> list[str]:
    """The lines to print when all tests have run."""
    return request.config.stash.setdefault(_TABLE, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print file → passed, failed, not applicable."""
    lines = config.stash.get(_TABLE, [])
    if lines:
        terminalreporter.section("Keras's own tests against kplug")
        for line in lines:
            terminalreporter.write_line(line)
