"""Tables of settings that plugins read."""

from __future__ import annotations

from pathlib import Path

import pytest

from kplug.errors import PolicyError
from kplug.registry.policy.tables import read_settings_tables


def write_project(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    return folder / "pyproject.toml"


def test_tables_come_with_their_files_the_outermost_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = tmp_path / "kplug.toml"
    machine.write_text("[registries.one]\npath = '1'")
    outer = write_project(tmp_path / "a", "[tool.kplug.registries.two]\npath = '2'")
    inner = write_project(tmp_path / "a" / "b", "[tool.kplug.registries.three]\npath = '3'")
    monkeypatch.setenv("KPLUG_POLICY", str(machine))
    monkeypatch.chdir(inner.parent)
    found = [(table.file, list(table.values)) for table in read_settings_tables("registries")]
    assert found == [(machine, ["one"]), (outer, ["two"]), (inner, ["three"])]


def test_a_setting_in_error_is_told_before_any_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(tmp_path, "[tool.kplug]\ndisabled = []\n[tool.kplug.registries.one]\npath = '1'")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PolicyError, match=r"'disabled' in .* is no setting of kplug"):
        read_settings_tables("registries")
