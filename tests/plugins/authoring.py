"""For tests that see only what they install: `kplug-authoring`, and the projects that it writes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.registry.conftest import Sandbox

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture(autouse=True)
def authoring(install: Sandbox) -> None:
    """Let ``kplug-authoring`` be seen too."""
    install.expose("kplug-authoring")


def install_project(install: Sandbox, folder: Path) -> None:
    """Install a project as pip would: its modules, and the metadata that its pyproject.toml asks for."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    source = folder / "src"
    modules = {str(path.relative_to(source)): path.read_text() for path in source.rglob("*.py")}
    install(
        project["name"], project["version"], entry_points=project["entry-points"], modules=modules
    )
