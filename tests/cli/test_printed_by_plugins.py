"""Text that plugins print stays out of the JSON that a command writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_app import run_main
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

PRINTING = """
import ctypes, os, subprocess, sys
def speak(word):
    print(word, "one")
    os.write(1, f"{word} two".encode())
    subprocess.run([sys.executable, "-S", "-c", f"print('{word} three')"])
    sys.__stdout__.write(f"{word} four")
    if os.name == "posix":
        ctypes.CDLL(None).puts(f"{word} five".encode())
"""
HOOKS = """
import kplug
import printing
printing.speak("import")
@kplug.hookimpl
def kplug_losses():
    printing.speak("hook")
    return {"puddle": "puddles:puddle"}
@kplug.hookimpl
def kplug_commands():
    return {"count": "counting:count"}
"""
PUDDLES = '''
import printing
printing.speak("target")
def puddle(y_true, y_pred):
    """Return the distance."""
    printing.speak("call")
    return (y_true - y_pred).abs().mean(-1)
'''
COUNTING = """
import json
import printing
printing.speak("command")
def count(as_json: bool = False):
    print(json.dumps({"count": 3}))
"""


@pytest.fixture
def noisy(install: Sandbox) -> Sandbox:
    modules = {"printing.py": PRINTING, "hooks.py": HOOKS, "puddles.py": PUDDLES}
    install(
        "noisy",
        entry_points={"kplug": {"p": "hooks"}},
        modules={**modules, "counting.py": COUNTING},
    )
    return install


def read(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str
) -> tuple[dict[str, Any], str]:
    """Return the JSON of a command, and what it wrote to standard error."""
    run_main(monkeypatch, *arguments)
    written = capfd.readouterr()
    return json.loads(written.out), written.err


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "losses"], ["import", "hook"]),
        (["list"], ["import", "hook"]),
        (["list", "noisy"], ["import", "hook"]),
        (["list", "--count"], ["import", "hook"]),
        pytest.param(["list", "--check"], ["import", "hook", "target"], marks=pytest.mark.slow),
        (["why", "loss", "puddle"], ["import", "hook"]),
        (["why", "puddle"], ["import", "hook"]),
        (["show", "noisy"], ["import", "hook"]),
        (["conflicts"], ["import", "hook"]),
        (["env"], ["import"]),
        (["doctor"], ["import", "hook"]),
        (["doctor", "--import"], ["import", "hook", "target"]),
        (["lock", "--allow-unlocked", "--use", "loss:puddle"], ["import", "hook"]),
        (["lock", "--allow-unlocked"], ["import", "hook"]),
        (["show", "puddle"], ["import", "hook", "target", "call"]),
    ],
    ids=" ".join,
)
@pytest.mark.torch
def test_nothing_but_json_is_on_standard_output(
    noisy: Sandbox,
    arguments: list[str],
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    data, others = read(monkeypatch, capfd, *arguments, "--json")
    assert data["schema"] == 1
    for word in words:
        assert all(f"{word} {number}" in others for number in ("one", "two", "three", "four"))


def test_the_plan_of_a_sync_is_alone_on_standard_output(
    noisy: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run_main(monkeypatch, "lock", "--allow-unlocked")
    capfd.readouterr()
    data, _ = read(monkeypatch, capfd, "sync", "--dry-run", "--json")
    assert data["schema"] == 1


def test_a_command_of_a_plugin_answers_alone(
    noisy: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever runs it does not see what hooks and modules print that are asked for its name."""
    data, others = read(monkeypatch, capfd, "count", "--as-json")
    assert data == {"count": 3}
    assert "import one" in others
    assert "command three" in others


def test_an_error_leaves_standard_output_as_it_was(
    noisy: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_main(monkeypatch, "show", "zzzz", "--json") == 2
    assert capfd.readouterr().out == ""
    print("still there")
    assert capfd.readouterr().out == "still there\n"


@pytest.mark.slow  # a process of its own, as a library in C writes at its end
def test_nothing_follows_the_json(tmp_path: Path) -> None:
    info = tmp_path / "noisy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: noisy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[kplug]\np = hooks\n")
    (info / "RECORD").write_text("hooks.py,,\nprinting.py,,\n")
    (tmp_path / "hooks.py").write_text(HOOKS)
    (tmp_path / "printing.py").write_text(PRINTING)
    done = subprocess.run(
        [sys.executable, "-m", "kplug", "list", "losses", "--json"],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    found = {each["qualified_name"] for each in json.loads(done.stdout)["components"]}
    assert "noisy/puddle" in found
    assert b"hook five" in done.stderr or os.name != "posix"
