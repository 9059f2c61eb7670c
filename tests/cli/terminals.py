"""The program in a pseudo-terminal, as a person sees it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping


def run_in_terminal(
    *arguments: str, width: int = 80, environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run kplug in a terminal of a width; return the exit status and what is on the screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "kplug", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": str(width), **(environment or {})},
    )
    os.close(theirs)
    parts = []
    while part := read_screen(ours):
        parts.append(part)
    os.close(ours)
    return process.wait(), b"".join(parts).decode().replace("\r\n", "\n")


def read_screen(terminal: int) -> bytes:
    """Return what has come since, or nothing if nobody writes any more."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # so Linux says that nobody writes any more
        return b""
