"""Where settings stand, and what they say together."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kplug.registry.policy import Installed, Policy, read_policy, reading


def _project(folder: Path, table: str) -> Path:
    (folder / "pyproject.toml").write_text(table)
    return folder


def _refusals(policy: Policy, *names: str) -> list[str | None]:
    return [policy.find_refusal(Installed(name)) for name in names]


def test_without_settings_everything_may_load(tmp_path: Path) -> None:
    policy = read_policy({}, tmp_path)
    assert policy == Policy()
    assert policy.find_refusal(Installed("anything")) is None


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
    assert policy.find_refusal(Installed("my-plugin")) == "KPLUG_DISABLE names it"
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


def test_project_file_narrows_the_environment(tmp_path: Path) -> None:
    folder = _project(tmp_path, "[tool.kplug]\nplugins = ['a']")
    policy = read_policy({"KPLUG_PLUGINS": "a,b"}, folder)
    assert policy.find_refusal(Installed("a")) is None
    assert (
        policy.find_refusal(Installed("b"))
        == f"'plugins' in {folder / 'pyproject.toml'} does not name it"
    )


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
    assert read_policy(environ, folder).find_refusal(Installed("b")) == reason


def test_disabled_names_of_both_places_add_up(tmp_path: Path) -> None:
    folder = _project(tmp_path, "[tool.kplug]\ndisable = ['b']")
    policy = read_policy({"KPLUG_DISABLE": "a"}, folder)
    assert None not in _refusals(policy, "a", "b")


def test_preferences_of_code_go_before_environment_before_project(tmp_path: Path) -> None:
    folder = _project(tmp_path, "[tool.kplug]\nprefer = ['c']")
    policy = read_policy({"KPLUG_PREFER": "b/dice"}, folder).preferring(("A",))
    assert policy.prefer == ("a", "b/dice", "c")


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


@pytest.fixture
def inner(tmp_path: Path) -> Path:
    """The inner one of two projects."""
    folder = tmp_path / "outer" / "between" / "inner"
    folder.mkdir(parents=True)
    return folder


def test_every_project_around_the_folder_is_heard(tmp_path: Path, inner: Path) -> None:
    _project(tmp_path / "outer", "[tool.kplug]\ndisable = ['far']\nplugins = ['a', 'far']")
    _project(inner.parent, "[project]\nname = 'without-settings'")
    _project(inner, "[tool.kplug]\ndisable = ['near']\nplugins = ['a', 'b', 'near']")
    policy = read_policy({}, inner)
    far, near = (folder / "pyproject.toml" for folder in (tmp_path / "outer", inner))
    assert _refusals(policy, "a", "b", "far", "near") == [
        None,
        f"'plugins' in {far} does not name it",
        f"'disable' in {far} names it",
        f"'plugins' in {far} does not name it",
    ]
    reasons = [reason for _, reason in policy.find_refusals(Installed("near"))]
    assert reasons == [f"'plugins' in {far} does not name it", f"'disable' in {near} names it"]


def test_the_nearest_preference_goes_first(tmp_path: Path, inner: Path) -> None:
    reading.SYSTEM_FILE.parent.mkdir()
    reading.SYSTEM_FILE.write_text("prefer = ['system']")
    (tmp_path / "company.toml").write_text("prefer = ['company']")
    _project(tmp_path / "outer", "[tool.kplug]\nprefer = ['far']")
    _project(inner, "[tool.kplug]\nprefer = ['near']")
    environ = {"KPLUG_PREFER": "process", "KPLUG_POLICY": str(tmp_path / "company.toml")}
    policy = read_policy(environ, inner).preferring(("code",))
    assert policy.prefer == ("code", "process", "near", "far", "company", "system")


def test_places_are_kept_from_the_outermost_to_the_nearest(tmp_path: Path, inner: Path) -> None:
    reading.SYSTEM_FILE.parent.mkdir()
    reading.SYSTEM_FILE.write_text("strict = false")
    company = tmp_path / "company.toml"
    company.write_text("")
    _project(tmp_path / "outer", "[project]")
    _project(inner, "[tool.kplug]\nprefer = ['near']")
    environ = {"KPLUG_POLICY": str(company), "KPLUG_AUTOLOAD": "1"}
    assert [source.place for source in read_policy(environ, inner).sources] == [
        str(reading.SYSTEM_FILE),
        str(company),
        "environment",
        str(tmp_path / "outer" / "pyproject.toml"),
        str(inner / "pyproject.toml"),
    ]


@pytest.mark.parametrize("is_system_wide", [True, False])
def test_a_policy_of_the_machine_is_only_narrowed(tmp_path: Path, is_system_wide: bool) -> None:
    file = reading.SYSTEM_FILE if is_system_wide else tmp_path / "company.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("plugins = ['a', 'b']\ndisable = ['d']\nautoload = false\n")
    _project(tmp_path, "[tool.kplug]\nplugins = ['a', 'c', 'd']\nautoload = true\ndisable = []")
    environ = {"KPLUG_PLUGINS": "a,b,c,d", "KPLUG_AUTOLOAD": "1", "KPLUG_DISABLE": ""}
    if not is_system_wide:
        environ["KPLUG_POLICY"] = str(file)
    assert _refusals(read_policy(environ, tmp_path), "a", "b", "c", "d") == [
        None,
        f"'plugins' in {tmp_path / 'pyproject.toml'} does not name it",
        f"'plugins' in {file} does not name it",
        f"'plugins' in {file} does not name it",
    ]


def test_policy_variable_and_system_file_both_count(tmp_path: Path) -> None:
    reading.SYSTEM_FILE.parent.mkdir()
    reading.SYSTEM_FILE.write_text("disable = ['a']")
    (tmp_path / "company.toml").write_text("disable = ['b']")
    policy = read_policy({"KPLUG_POLICY": str(tmp_path / "company.toml")}, tmp_path)
    assert None not in _refusals(policy, "a", "b")


@pytest.mark.parametrize("name", ["", "missing.toml"])
def test_policy_variable_that_names_no_file(tmp_path: Path, name: str) -> None:
    policy = read_policy({"KPLUG_POLICY": name}, tmp_path)
    assert [str(error) for error in policy.errors] == [
        f"KPLUG_POLICY is {name!r}, and there is no such file\n"
        "  Name the file, or unset the variable."
    ]
    assert _refusals(policy, "a") == [policy.errors[0].message]


@pytest.mark.parametrize(
    ("environ", "table"),
    [
        ({"KPLUG_BLOCK": "b"}, ""),
        ({"KPLUG_DISABLE": "a b"}, ""),
        ({}, "[tool.kplug]\ndisabled = ['b']"),
        ({}, "[tool.k-plug]\ndisable = ['b']"),
        ({}, "[tool.kplug\n"),
        ({"KPLUG_PLUGINS": "a"}, "[tool.kplug]\nplugins = 'a'"),
    ],
)
def test_with_an_error_no_plugin_may_load(
    tmp_path: Path, environ: dict[str, str], table: str
) -> None:
    policy = read_policy(environ, _project(tmp_path, table))
    assert len(policy.errors) == 1
    assert _refusals(policy, "a", "b") == [policy.errors[0].message] * 2


STRICT = "'strict' in {file} is on and no list of plugins pins it to a version or a hash"
OF_VARIABLE = STRICT.replace("'strict' in {file}", "KPLUG_STRICT")


@pytest.mark.parametrize(
    ("environ", "table", "reason"),
    [
        ({}, "strict = true", STRICT),
        ({}, "strict = true\nplugins = ['a']", STRICT),
        ({}, "strict = true\nplugins = ['a>=1,<2']", STRICT),
        ({}, "strict = true\nplugins = ['b==1.0']", "'plugins' in {file} does not name it"),
        ({}, "strict = true\nplugins = ['a>=1', 'a==2.0']", STRICT),
        ({}, "strict = true\nplugins = ['a==1.0']", None),
        ({}, f"strict = true\nplugins = ['a --hash=sha256:{'a' * 64}']", None),
        ({"KPLUG_PLUGINS": "a==1.0"}, "strict = true", None),
        ({"KPLUG_PLUGINS": "a==1.0"}, "strict = true\nplugins = ['a']", None),
        ({"KPLUG_STRICT": "1"}, "plugins = ['a==1.0']\nstrict = false", OF_VARIABLE),
        ({"KPLUG_STRICT": "0"}, "strict = true", STRICT),
    ],
)
def test_strict(tmp_path: Path, environ: dict[str, str], table: str, reason: str | None) -> None:
    folder = _project(tmp_path, f"[tool.kplug]\n{table}")
    installed = Installed("a", "1.0", lambda: f"sha256:{'a' * 64}")
    expected = reason and reason.format(file=folder / "pyproject.toml")
    assert read_policy(environ, folder).find_refusal(installed) == expected


def test_a_file_names_the_variables_of_other_programs(tmp_path: Path) -> None:
    environ = {"KPLUG_HOME": "x", "KPLUG_DISABLE": "b"}
    assert len(read_policy(environ, tmp_path).errors) == 1
    _project(tmp_path, "[tool.kplug]\nother-variables = ['KPLUG_HOME']")
    policy = read_policy(environ, tmp_path)
    assert policy.errors == []
    assert policy.named == {"b": "KPLUG_DISABLE"}
    assert _refusals(policy, "a", "b") == [None, "KPLUG_DISABLE names it"]
