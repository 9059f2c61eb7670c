"""``why``, ``conflicts`` and ``doctor`` with a kind that a plugin adds."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest
from typer.testing import CliRunner

from kplug.cli.app import app
from tests.registry import conftest
from tests.registry.conftest import Sandbox
from tests.registry.installed import test_plugin_kinds

install = conftest.install  # only what a test installs is seen
kinds = (
    test_plugin_kinds.kinds
)  # the kind "augmentation" with turn; flip, both and number of another plugin


def _run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == status, result.output + repr(result.exception)
    return result.stdout


def _read(*arguments: str, status: int = 0) -> Any:
    return json.loads(_run(*arguments, "--json", status=status))


@pytest.fixture
def rivals(kinds: Sandbox) -> Sandbox:
    """A third plugin, which offers a turn as well."""
    entries = {"kplug.augmentations": {"turn": "my_kind:turn"}}
    kinds("other-turns", entry_points=entries, requires=["my-kinds"])
    return kinds


def test_why(kinds: Sandbox) -> None:
    assert _run("why", "augmentation", "flip").splitlines()[:2] == [
        "the augmentation 'flip' is more-augmentations/flip",
        "  rule: only candidate",
    ]
    assert _run("why", "augmentation", "flop", status=1).startswith(
        "no augmentation is named 'flop'\n  Did you mean 'flip'?"
    )


def test_conflicts(rivals: Sandbox) -> None:
    (found,) = _read("conflicts", "augmentations")["conflicts"]
    assert (found["kind"], found["name"], found["chosen"]) == ("augmentation", "turn", None)
    assert found["prefer"] == {
        f"{name}/turn": f"KPLUG_PREFER={name}/turn" for name in ("my-kinds", "other-turns")
    }
    assert found in _read("conflicts")["conflicts"]


def test_doctor_finds_names_without_a_winner_and_dead_targets(rivals: Sandbox) -> None:
    rivals("dead-turns", entry_points={"kplug.augmentations": {"spin": "no_such:spin"}})
    found = {
        (each["topic"], each["about"])
        for each in _read("doctor", "--budget", "600", status=1)["findings"]
    }
    assert found == {
        ("broken", "dead-turns 1.0"),
        ("duplicate", "my-kinds 1.0"),
        ("duplicate", "other-turns 1.0"),
    }


def test_doctor_finds_folders_that_are_left_over(kinds: Sandbox) -> None:
    targets = {"flip": "my_kind:flip", "both": "my_kind:Both", "number": "my_kind:number"}
    entries = {"kplug.augmentations": targets}
    kinds("more-augmentations", "0.9", entry_points=entries, requires=["my-kinds"])
    stale = [
        each for each in _read("doctor", "--budget", "600")["findings"] if each["topic"] == "stale"
    ]
    (command,) = [each["command"] for each in stale]
    shutil.rmtree(command.removeprefix("rm -r "))
    kinds.changed()
    assert _read("doctor", "--budget", "600")["findings"] == []
