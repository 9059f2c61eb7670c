"""`kplug doctor` reports outdated stubs."""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from tests.plugins import authoring as exposed
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen
authoring = exposed.authoring  # and this distribution


def _find() -> list[tuple[str, ...]]:
    kplug.reload()
    result = CliRunner().invoke(app, ["doctor", "--json", "--budget", "600"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["findings"]
    return [tuple(each[key] for key in ("topic", "about", "message", "command")) for each in found]


def test_names_for_type_checkers_that_are_out_of_date(
    install: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    module = tmp_path / "kplug-stubs" / "names.pyi"
    assert _find() == []
    assert CliRunner().invoke(app, ["stubs", "--no-import"]).exit_code == 0
    assert _find() == []
    install(
        "a-plugin",
        entry_points={"kplug.regularizers": {"pond": "a_plugin:pond"}},
        modules={"a_plugin.py": "def pond(weight_matrix): ..."},
    )
    message = f"type checkers read '{module}', which is out of date: +pond, +a-plugin/pond"
    assert _find() == [("stale", "kplug-stubs", message, "kplug stubs")]
    module.write_text("written by somebody else")
    assert _find() == []
