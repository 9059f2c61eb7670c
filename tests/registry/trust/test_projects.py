"""Limits of a project, the working directory and the environment: what they can and cannot do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.errors import PolicyError
from kplug.registry import REGISTRY, get_kind, parse_spec
from kplug.registry.names.lookup import look_up
from tests.registry.trust.lakes import POND, offer, plant
from tests.registry.trust.watched import ROOT

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox


def _project(text: str) -> None:
    Path("pyproject.toml").write_text(f"[tool.kplug]\n{text}\n")
    kplug.reload()


def test_a_project_can_change_what_a_bare_name_means(install: Sandbox) -> None:
    install(
        "lake",
        entry_points={"kplug.regularizers": {"l2": "lake:pond"}},
        modules={"lake.py": POND},
    )
    _project("prefer = ['lake']")
    assert REGISTRY.load(look_up(get_kind("regularizer"), parse_spec("l2")).component)(0) == 0.25


@pytest.mark.parametrize("key", ["plugins", "disable", "prefer"])
@pytest.mark.parametrize(
    "value", ["planted:pond", "./planted.py", "planted.pond:x", "/planted", "@planted"]
)
def test_a_project_names_no_module(install: Sandbox, key: str, value: str) -> None:
    plant(install)
    offer(install)
    _project(f"{key} = ['{value}']")
    with pytest.raises(PolicyError):
        look_up(get_kind("regularizer"), parse_spec("lake/pond"))
    assert install.imported() == set()


LISTING = ("list", "regularizers", "--json")
PROGRAM = "import sys; from kplug.cli.app import app; app(sys.argv[1:])"
AS_MODULE, AS_TEXT = ("-m", "kplug", *LISTING), ("-c", PROGRAM, *LISTING)
SCRIPT = str(Path(sys.executable).with_name("kplug"))
NEW = pytest.mark.skipif(sys.version_info < (3, 11), reason="this Python has no -P")


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("command", "settings", "is_there"),
    [
        ((sys.executable, *AS_MODULE), {}, True),
        ((sys.executable, *AS_TEXT), {}, True),
        pytest.param((sys.executable, "-P", *AS_MODULE), {}, False, marks=NEW),
        pytest.param((sys.executable, "-P", *AS_TEXT), {}, False, marks=NEW),
        ((SCRIPT, *LISTING), {}, False),
        ((sys.executable, *AS_TEXT), {"KPLUG_PLUGINS": "sea"}, False),
        ((SCRIPT, *LISTING), {"PYTHONPATH": "."}, True),
    ],
)
def test_what_is_installed_is_what_is_on_the_path(
    install: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    settings: dict[str, str],
    is_there: bool,
) -> None:
    """The working directory has a distribution in it."""
    offer(install)
    monkeypatch.chdir(install.folder)
    paths = [str(ROOT), *filter(None, [settings.get("PYTHONPATH")])]
    environment = {**os.environ, **settings, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "kplug.regularizers" in done.stdout
    assert ("lake:pond" in done.stdout) == is_there
