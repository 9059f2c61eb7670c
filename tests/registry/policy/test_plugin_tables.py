"""Plugins read their own tables of the settings, and ask what could load."""

from __future__ import annotations

from pathlib import Path

import pytest

from kplug.errors import PolicyError
from kplug.registry.policy.plugin_tables import find_refusal, read_settings_tables


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


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("", None),
        ("plugins = ['A_Pond==1.0']", None),
        ("plugins = ['a-pond --hash=sha256:" + "0" * 64 + "']\nstrict = true", None),
        ("plugins = ['other']", "'plugins' in {file} does not name it"),
        ("plugins = ['a-pond>=2']", "'plugins' in {file} asks for >=2"),
        ("disable = ['a-pond']", "'disable' in {file} names it"),
        ("autoload = false", "'autoload' in {file} is off and no list of plugins names it"),
        ("disabled = []", "'disabled' in {file} is no setting of kplug"),
    ],
    ids=["none", "pinned", "hash", "others", "version", "disabled", "autoload", "error"],
)
def test_what_could_not_load_if_it_were_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, reason: str | None
) -> None:
    file = write_project(tmp_path, f"[tool.kplug]\n{setting}\n")
    monkeypatch.chdir(tmp_path)
    assert find_refusal("A-Pond", "1.0") == (reason and reason.format(file=file))
