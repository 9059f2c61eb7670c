"""Compares components with other libraries' objects, and writes into their pages which each is equal to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from costs import add_note
from kplug_numbers.plugin import READ

ROOT = Path(__file__).resolve().parents[1]
Running = tuple["subprocess.Popen[bytes]", IO[bytes]]


def begin_comparing(kinds: Iterable[str] = READ) -> Running:
    """Start a process that compares the components of some kinds while the pages are made."""
    environment = {**os.environ, "KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}
    file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - read when the process has ended
    command = (sys.executable, "-m", "tests.references", file.name, *kinds)
    return subprocess.Popen(command, cwd=ROOT, env=environment), file


def add_equalities(folder: Path, running: Running) -> None:
    """Wait for the comparison, and add a sentence to the components of the pages in a folder.

    Raises:
        SystemExit: if something differs for which no reason is known, or a page lacks a component.
    """
    process, file = running
    if process.wait():
        raise SystemExit("components differ from those of other libraries: see above")
    for key, sentence in json.load(file).items():
        kind, _, name = key.partition(" ")
        add_note(folder, kind, name, sentence)
