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

from kplug.inspection import KINDS

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
    texts: dict[Path, str] = {}
    for key, sentence in json.load(file).items():
        kind, _, name = key.partition(" ")
        page = folder / f"{KINDS[kind].plural}.md"
        before = texts.get(page) or page.read_text(encoding="utf-8")
        texts[page] = add_note(before, name, sentence)
        if texts[page] == before:
            raise SystemExit(f"{page} has no place for {key}")
    for page, text in texts.items():
        page.write_text(text, encoding="utf-8")
