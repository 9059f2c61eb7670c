"""The watcher of the trust tests sees whatever a process does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.registry.trust.lakes import plant
from tests.registry.trust.watched import run_watched

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox


@pytest.mark.parametrize(
    ("program", "seen"),
    [
        ("open('written', 'a')", ["open written"]),
        ("os.open('written', os.O_CREAT | os.O_RDWR)", ["open written"]),
        ("open('read')", []),
        ("import planted", ["import planted", "open written"]),
        ("eval('1')", ["exec"]),
        ("os.system('true')", ["os.system"]),
        ("subprocess.run(['true'])", ["subprocess.Popen"]),
        ("socket.socket()", ["socket.__new__"]),
        ("os.remove('read')", ["os.remove"]),
    ],
)
def test_whatever_a_process_does_is_seen(install: Sandbox, program: str, seen: list[str]) -> None:
    plant(install)
    Path("read").touch()
    found = run_watched(
        "import subprocess, socket", program, path=install.folder, planted=("planted",)
    )
    assert found.seen[: len(seen) or None] == seen
