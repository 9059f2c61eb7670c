"""The command line as a process: exit status, and errors as sentences."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["show", "zzzz"],
            "kplug: no component is named 'zzzz'\n  `kplug list` shows what is installed.\n",
        ),
        (
            ["show", "adam", "--kind", "loss"],
            "kplug: 'adam' is an optimizer, not a loss\n"
            "  `kplug list losses` shows what fits here.\n",
        ),
    ],
)
def test_an_error_is_a_sentence_without_a_traceback(arguments: list[str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kplug", *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)
