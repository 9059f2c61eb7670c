"""Which plugins may load: the environment and ``[tool.kplug]``."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from kplug.errors import PolicyError
from kplug.registry.policy import Policy, read_policy


def _project(folder: Path, table: str) -> Path:
    (folder / "pyproject.toml").write_text(table)
    return folder


def _refusals(policy: Policy, *names: str) -> list[str | None]:
    return [policy.find_refusal(name) for name in names]


def test_without_settings_everything_may_load(tmp_path: Path) -> None:
    policy = read_policy({}, tmp_path)
    assert policy == Policy()
    assert policy.find_refusal("anything") is None


@pytest.mark.parametrize(
    ("environ", "a", "b"),
    [
        ({"KPLUG_PLUGINS": "a"}, None, "KPLUG_PLUGINS does not name it"),
        ({"KPLUG_PLUGINS": " A , B "}, None, None),
        ({"KPLUG_PLUGINS": ""}, "KPLUG_PLUGINS does not name it", "KPLUG_PLUGINS does not name it"),
        ({"KPLUG_DISABLE": "b"}, None, "KPLUG_DISABLE names it"),
        ({"KPLUG_DISABLE": ""}, None, None),
        ({"KPLUG_PLUGINS": "a,b", "KPLUG_DISABLE": "b"}, None, "KPLUG_DISABLE names it"),
        (
            {"KPLUG_AUTOLOAD": "0"},
            "KPLUG_AUTOLOAD is off and no list of plugins names it",
            "KPLUG_AUTOLOAD is off and no list of plugins names it",
        ),
        (
            {"KPLUG_AUTOLOAD": "0", "KPLUG_PLUGINS": "a"},
            None,
            "KPLUG_PLUGINS does not name it",
        ),
        ({"KPLUG_AUTOLOAD": "1"}, None, None),
        ({"KPLUG_AUTOLOAD": "Off", "KPLUG_PLUGINS": "a,b"}, None, None),
    ],
)
def test_environment(tmp_path: Path, environ: dict[str, str], a: str | None, b: str | None) -> None:
    assert _refusals(read_policy(environ, tmp_path), "a", "b") == [a, b]


@pytest.mark.parametrize("name", ["My_Plugin", "my.plugin", "MY-PLUGIN"])
def test_names_are_normalised(tmp_path: Path, name: str) -> None:
    policy = read_policy({"KPLUG_DISABLE": name, "KPLUG_PREFER": f"{name}/dice"}, tmp_path)
    assert policy.find_refusal("my-plugin") == "KPLUG_DISABLE names it"
    assert policy.prefer == ("my-plugin/dice",)


@pytest.mark.parametrize(
    ("table", "a", "b"),
    [
        ("[tool.kplug]\nplugins = ['a']", None, "'plugins' in {file} does not name it"),
        ("[tool.kplug]\ndisable = ['b']", None, "'disable' in {file} names it"),
        (
            "[tool.kplug]\nautoload = false",
            "'autoload' in {file} is off and no list of plugins names it",
            "'autoload' in {file} is off and no list of plugins names it",
        ),
        ("[tool.kplug]\nautoload = false\nplugins = ['a', 'b']", None, None),
        ("[tool]\nkplug = {{disable = ['b']}}", None, "'disable' in {file} names it"),
        ("[tool]\nkplug.disable = ['b']", None, "'disable' in {file} names it"),
        ("[ tool . 'kplug' ]\ndisable = ['b']", None, "'disable' in {file} names it"),
        ("tool.kplug.disable = ['b']", None, "'disable' in {file} names it"),
        ("tool = {{kplug = {{disable = ['b']}}}}", None, "'disable' in {file} names it"),
        ("[tool.other]\nx = 1", None, None),
        ("[tool]\nother = 'kplug'", None, None),
        ("tool = 3", None, None),
    ],
)
def test_project_file(tmp_path: Path, table: str, a: str | None, b: str | None) -> None:
    folder = _project(tmp_path, table.format())
    expected = [text and text.format(file=tmp_path / "pyproject.toml") for text in (a, b)]
    assert _refusals(read_policy({}, folder), "a", "b") == expected


def test_nearest_project_file_above_the_folder(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    _project(tmp_path, "[tool.kplug]\ndisable = ['far']")
    _project(tmp_path / "a", "[tool.kplug]\ndisable = ['near']")
    policy = read_policy({}, inner)
    assert policy.find_refusal("near") is not None
    assert policy.find_refusal("far") is None


def test_project_file_narrows_the_environment(tmp_path: Path) -> None:
    folder = _project(tmp_path, "[tool.kplug]\nplugins = ['a']")
    policy = read_policy({"KPLUG_PLUGINS": "a,b"}, folder)
    assert policy.find_refusal("a") is None
    assert policy.find_refusal("b") == f"'plugins' in {folder / 'pyproject.toml'} does not name it"


@pytest.mark.parametrize(
    ("environ", "table", "reason"),
    [
        ({"KPLUG_PLUGINS": "a"}, "plugins = ['b']", "KPLUG_PLUGINS does not name it"),
        ({"KPLUG_PLUGINS": ""}, "plugins = ['b']", "KPLUG_PLUGINS does not name it"),
        ({"KPLUG_DISABLE": "b"}, "plugins = ['b']", "KPLUG_DISABLE names it"),
        ({"KPLUG_PLUGINS": "a"}, "autoload = true", "KPLUG_PLUGINS does not name it"),
        (
            {"KPLUG_AUTOLOAD": "0"},
            "plugins = ['b']\nautoload = true",
            "KPLUG_AUTOLOAD is off and no list of plugins names it",
        ),
    ],
)
def test_project_file_never_widens_the_environment(
    tmp_path: Path, environ: dict[str, str], table: str, reason: str
) -> None:
    folder = _project(tmp_path, f"[tool.kplug]\n{table}")
    assert read_policy(environ, folder).find_refusal("b") == reason


def test_disabled_names_of_both_places_add_up(tmp_path: Path) -> None:
    folder = _project(tmp_path, "[tool.kplug]\ndisable = ['b']")
    policy = read_policy({"KPLUG_DISABLE": "a"}, folder)
    assert None not in _refusals(policy, "a", "b")


def test_preferences_of_code_go_before_environment_before_project(tmp_path: Path) -> None:
    folder = _project(tmp_path, "[tool.kplug]\nprefer = ['c']")
    policy = read_policy({"KPLUG_PREFER": "b/dice"}, folder).preferring(("A",))
    assert policy.prefer == ("a", "b/dice", "c")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"KPLUG_AUTOLOAD": "maybe"}, "KPLUG_AUTOLOAD is 'maybe'\n  It is 0 or 1."),
        (
            {"KPLUG_DISABLE": "a b"},
            "KPLUG_DISABLE holds 'a b'\n  Give names of distributions.",
        ),
        (
            {"KPLUG_PLUGINS": "a/dice"},
            "KPLUG_PLUGINS holds 'a/dice'\n  Give names of distributions.",
        ),
        (
            {"KPLUG_PREFER": "/dice"},
            "KPLUG_PREFER holds '/dice'\n  Give names of distributions, or distribution/name.",
        ),
        (
            {"KPLUG_DISABLE": "torch"},
            "KPLUG_DISABLE names 'torch', which ships with kplug\n"
            "  Built-in components cannot be switched off; prefer a plugin's instead.",
        ),
        (
            {"KPLUG_DISABLED": "a"},
            "KPLUG_DISABLED is no setting of kplug\n  Did you mean 'KPLUG_DISABLE'?",
        ),
        (
            {"KPLUG_PLUGIN": "a"},
            "KPLUG_PLUGIN is no setting of kplug\n  Did you mean 'KPLUG_PLUGINS'?",
        ),
    ],
)
def test_setting_in_the_environment_that_is_refused(
    tmp_path: Path, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(PolicyError, match=f"^{re.escape(message)}$"):
        read_policy(environ, tmp_path)


def test_variable_of_somebody_else_is_none_of_ours(tmp_path: Path) -> None:
    assert read_policy({"KPLUG_SEGMENTATION_CACHE": "x"}, tmp_path) == Policy()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            "[tool.kplug]\ndisabled = []",
            "[tool.kplug] in {file} has an unknown key 'disabled'\n"
            "  Keys are plugins, disable, autoload, prefer.",
        ),
        (
            "[tool.kplug]\nplugins = 'a'",
            "'plugins' in {file} is 'a'\n  Give a list of names.",
        ),
        ("[tool.kplug]\ndisable = [1]", "'disable' in {file} is [1]\n  Give a list of names."),
        ("[tool.kplug]\nautoload = 0", "'autoload' in {file} is 0\n  It is true or false."),
        (
            "[tool.kplug]\ndisable = ['kplug']",
            "'disable' in {file} names 'kplug', which ships with kplug\n"
            "  Built-in components cannot be switched off; prefer a plugin's instead.",
        ),
        ("[tool]\nkplug = 3", "'tool.kplug' in {file} is no table\n  Write [tool.kplug]."),
        ("[tool.kplug\n", "{file} cannot be read: "),
    ],
)
def test_project_file_that_is_refused(tmp_path: Path, table: str, message: str) -> None:
    folder = _project(tmp_path, table)
    expected = message.format(file=folder / "pyproject.toml")
    with pytest.raises(PolicyError, match=f"^{re.escape(expected)}"):
        read_policy({}, folder)


def test_preference_in_code_that_is_refused() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy().preferring(("a//b c",))
    assert str(caught.value) == (
        "the call of prefer() holds 'a//b c'\n  Give names of distributions, or distribution/name."
    )


def test_every_named_distribution_is_known_with_its_setting(tmp_path: Path) -> None:
    folder = _project(tmp_path, "[tool.kplug]\nprefer = ['c/dice']\nplugins = ['a']")
    policy = read_policy({"KPLUG_PLUGINS": "a", "KPLUG_DISABLE": "b"}, folder)
    assert policy.named == {
        "a": "KPLUG_PLUGINS",
        "b": "KPLUG_DISABLE",
        "c": f"'prefer' in {folder / 'pyproject.toml'}",
    }


def test_working_directory_that_was_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    shutil.rmtree(gone)
    assert read_policy({}) == Policy()
