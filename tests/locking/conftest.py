"""Distributions to lock: a plugin with a RECORD that has hashes, and working copies under git."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kplug.registry import REGISTRY
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

InstallPlugin = Callable[..., None]
LOSS = "def {name}(y_true, y_pred):\n    return (y_true - y_pred).abs().mean(-1)\n"


@pytest.fixture(autouse=True)
def _plugins_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave kplug and torch out of locks: how they are installed differs between machines."""
    monkeypatch.setattr("kplug.locking.collecting.BUILT_IN", ())


@pytest.fixture
def install_plugin(install: Sandbox) -> InstallPlugin:
    """Return a function that installs a plugin with losses; ``direct_url`` says where it came from."""

    def add(
        name: str = "kplug-one",
        version: str = "1.0",
        losses: tuple[str, ...] = ("overlap",),
        code: str = "aaa",
        direct_url: Any = None,
    ) -> None:
        module = name.replace("-", "_")
        entries = {"kplug.losses": {loss: f"{module}:{loss}" for loss in losses}}
        source = f"# {code}\n" + "".join(LOSS.format(name=loss) for loss in losses)
        install(name, version, entry_points=entries, modules={f"{module}.py": source})
        install.record(name, version)
        if direct_url is not None:
            text = json.dumps(direct_url)
            (install.info(name, version) / "direct_url.json").write_text(text)
        REGISTRY.reload()

    return add


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *identity, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def working_copy(tmp_path: Path) -> Path:
    """Return the folder of a project inside a repository with one commit and a remote."""
    project = tmp_path / "repository" / "plugins" / "one"
    project.mkdir(parents=True)
    (project / "pyproject.toml").write_text("[project]\n")
    git(tmp_path / "repository", "init", "--quiet")
    git(project, "remote", "add", "origin", "https://me:secret@example.org/plugins.git")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "first")
    return project


def editable(folder: Path) -> dict[str, Any]:
    """Return what an installer notes about an editable install."""
    return {"url": folder.as_uri(), "dir_info": {"editable": True}}
