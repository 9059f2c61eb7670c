"""Settings in files."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from kplug import __version__
from kplug.registry.policy import Installed, Policy
from kplug.registry.policy.files import read_project_file, read_settings_file
from kplug.registry.policy.keys import KEYS
from kplug.registry.policy.settings import Source

KNOWN = f"Keys are {', '.join(KEYS)}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pyproject.toml"


def _read(file: Path, text: str | bytes) -> Source:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    source = read_project_file(file)
    assert source is not None
    return source


def _shown(source: Source) -> dict[str, list[str]]:
    return {
        key: [str(entry) for entry in setting.entries] for key, setting in source.settings.items()
    }


def test_no_file_is_none(file: Path) -> None:
    assert read_project_file(file) is None
    assert read_settings_file(file) is None


DISABLE = "kplug.disable = ['a']"


@pytest.mark.parametrize(
    "text",
    [
        "[tool.kplug]\ndisable = ['a']",
        "\ufeff[tool.kplug]\ndisable = ['a']",
        "[tool.kplug]\r\ndisable = ['a']\r\n",
        f"[tool]\n{DISABLE}",
        "[tool]\nkplug = {disable = ['a']}",
        f"tool.{DISABLE}",
        "tool = {kplug = {disable = ['a']}}",
        "[ tool . 'kplug' ]\n\"disable\" = ['a']",
        'tool."kplug".disable = ["a"]',
        '[tool."\\u006bplug"]\ndisable = ["a"]',
        '[tool."kp\\u006C\\u0075\\U00000067"]\n"\\u0064isable" = ["a"]',
        '"\\u0074ool"."\\U0000006Bplug".disable = ["a"]',
        '# é\n"\\u0074ool" = {"\\u006b\\u0070\\u006c\\u0075\\u0067" = {disable = ["a"]}}',
    ],
)
def test_each_way_to_write_a_table(file: Path, text: str) -> None:
    source = _read(file, text)
    assert (source.place, source.errors) == (str(file), ())
    assert _shown(source) == {"disable": ["a"]}
    assert source.settings["disable"].label == f"'disable' in {file}"


# A project that offers, needs or mentions kplug, and the environments of other tools.
OTHERS = [
    "[project]\nname = 'kplug-pond'\ndependencies = ['kplug==1.0', 'kplug-pond[kplug]>=1']",
    "[project.entry-points.'kplug.losses']\npond = 'pond:pond'",
    "[project.entry-points.kplug]\nplugins = 'pond.plugin'",
    "[project.optional-dependencies]\nkplug = ['kplug']",
    "[dependency-groups]\nkplug = ['kplug']",
    "[tool.poetry.dependencies]\nkplug = '^1.0'\nkplug-pond = {version = '1', optional = true}",
    "[tool.poetry.plugins.kplug]\nplugins = 'pond.plugin'",
    "[tool.poetry.group.kplug]\noptional = true",
    "[tool.uv.sources]\nkplug = {path = '../kplug', editable = true}",
    "[tool.cibuildwheel.environment]\nKPLUG_DISABLE = 'a'\nKPLUG_POLICY = '/x'",
    "[[tool.mypy.overrides]]\nmodule = ['kplug.*']",
    "[tool.hatch.build.targets.wheel]\npackages = ['kplug']",
]


@pytest.mark.parametrize("text", OTHERS)
def test_a_project_that_mentions_kplug_has_no_settings(file: Path, text: str) -> None:
    assert _read(file, text) == Source(str(file))


ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "file",
    [ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")],
    ids=lambda file: file.parent.name,
)
def test_our_own_projects_have_no_settings(file: Path) -> None:
    assert read_project_file(file) == Source(str(file))


@pytest.mark.parametrize(
    "data",
    [
        b"[project\n",
        b"[project]\nname = 'a-mock-plugin'\n[broken",
        b"\xff\xfe\x00",
        "[project]".encode("utf-16"),
        b"[tool.other]\nx = '\xe4'",
        b"#" * (1 << 20),
    ],
)
def test_a_broken_file_that_does_not_mention_kplug_does_not_concern_us(
    file: Path, data: bytes
) -> None:
    assert _read(file, data) == Source(str(file))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[tool.kplug]\ndisable = ['a'\n", ""),
        (b"[broken\n[tool.kplug]\n", ""),
        (b"[tool.kplug}\ndisable = ['a']", ""),
        (b"[tool.k-plug", ""),
        (b"[tool.kplug]\n# \xe4", "byte 15 is not in UTF-8"),
        (b"[tool.kplug]\n#" + b"#" * (256 << 10), "it has more than 256 KiB"),
        *(
            ("[tool.kplug]\n".encode(code), "it is not in UTF-8, but seems to be in UTF-16")
            for code in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")
        ),
    ],
)
def test_a_broken_file_that_mentions_kplug(file: Path, data: bytes, reason: str) -> None:
    source = _read(file, data)
    assert source.settings == {}
    (error,) = source.errors
    assert str(error).startswith(f"{file} cannot be read: {reason}")


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("[tool.k-plug]\ndisable = ['a']", "tool.k-plug", "Settings stand in"),
        ("[tool.k_plug]\ndisable = ['a']", "tool.k_plug", "Settings stand in"),
        ("[tool.Kplug]\ndisable = ['a']", "tool.Kplug", "Settings stand in"),
        ("[tool.KPLUG]\n", "tool.KPLUG", "Settings stand in"),
        ('[tool."\uff4bplug"]\ndisable = []', "tool.\uff4bplug", "Settings stand in"),
        ('[tool."k\u200bplug"]\ndisable = []', "tool.k\u200bplug", "Settings stand in"),
        ('[tool." kplug"]\ndisable = []', "tool. kplug", "Settings stand in"),
        ('[tool."k\\u002dplug"]\ndisable = []', "tool.k-plug", "Settings stand in"),
        ('"\uff4bplug\uff3fdisable" = []', "\uff4bplug\uff3fdisable", "Write 'disable' in"),
        ("[tool.kplug_x]\ny = 1", "tool.kplug_x", "Settings stand in"),
        ("[tool.kplug-policy]\nplugins = []", "tool.kplug-policy", "Settings stand in"),
        ("[[tool.kplugs]]\n", "tool.kplugs", "Settings stand in"),
        ("[tool]\nkplug_disable = ['a']", "tool.kplug_disable", "Write 'disable' in"),
        ("[kplug]\ndisable = ['a']", "kplug", "Settings stand in"),
        ("[kplug.policy]\ndisable = ['a']", "kplug", "Settings stand in"),
        ("kplug_disable = ['a']", "kplug_disable", "Write 'disable' in"),
        ("KPLUG_DISABLE = 'a'", "KPLUG_DISABLE", "Write 'disable' in"),
        ("kplug-block = ['a']", "kplug-block", "Write 'disable' in"),
        ("[project]\nkplug_disable = ['a']", "project.kplug_disable", "Write 'disable' in"),
        ("[project]\nkplug = {plugins = []}", "project.kplug", "Settings stand in"),
        ("[tool.other.kplug]\nautoload = false", "tool.other.kplug", "Settings stand in"),
        ("[[tool.other]]\nkplug.prefer = ['a']", "tool.other.kplug", "Settings stand in"),
        ("[tool.other]\nkplug-plugins = []", "tool.other.kplug-plugins", "Write 'plugins' in"),
        ("[tool.other]\nKplug_Strict = true", "tool.other.Kplug_Strict", "Write 'strict' in"),
        ("[project.tool.kplug]\nstrict = true", "project.tool.kplug", "Settings stand in"),
    ],
)
def test_a_misplaced_key(file: Path, text: str, place: str, hint: str) -> None:
    (error,) = _read(file, text).errors
    assert str(error) == f"{place!r} in {file} is not read\n  {hint} the table [tool.kplug]."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.kplug]\ndisabled = []",
            f"'disabled' in {{file}} is no setting of kplug\n  Did you mean 'disable'? {KNOWN}.",
        ),
        (
            "[tool.kplug.policy]\ndisable = []",
            f"'policy' in {{file}} is no setting of kplug\n  {KNOWN}; tables are registries.",
        ),
        (
            "[tool.kplug]\nkplug_disable = []",
            "'kplug_disable' in {file} is no setting of kplug\n  Did you mean 'disable'? "
            f"{KNOWN}.",
        ),
        ("[tool.kplug]\nregistries = []", "'registries' in {file} is []\n  It is a table."),
        ("[tool.kplug]\nplugins = 'a'", "'plugins' in {file} is 'a'\n  Give a list of names."),
        ("[tool]\nkplug = 3", "'tool.kplug' in {file} is no table\n  Write [tool.kplug]."),
        ("[[tool.kplug]]\n", "'tool.kplug' in {file} is no table\n  Write [tool.kplug]."),
    ],
)
def test_what_is_refused_inside_the_table(file: Path, text: str, message: str) -> None:
    assert [str(error) for error in _read(file, text).errors] == [message.format(file=file)]


def test_a_table_for_a_plugin_is_kept_and_decides_nothing(file: Path) -> None:
    source = _read(file, "[tool.kplug.registries.ours]\npath = 'site'\nplugins = ['a']")
    assert (source.tables, source.file) == (
        {"registries": {"ours": {"path": "site", "plugins": ["a"]}}},
        file,
    )
    assert not source.settings
    assert not source.errors


def test_every_error_is_told(file: Path) -> None:
    source = _read(file, "[kplug]\n[tool.Kplug]\n[tool.kplug]\nx = 1\nstrict = 3\nplugins = ['a']")
    assert len(source.errors) == 4
    assert _shown(source) == {"plugins": ["a"]}


def test_lines_of_settings_are_known(file: Path) -> None:
    text = (
        "[other]\nplugins = 1\n[tool.kplug]  # what may run\n# plugins = []\nplugins = [\n 'a',\n]\n"
        "'strict' = true\n[tool.other]\ndisable = 1\n"
    )
    settings = _read(file, text).settings
    assert {key: setting.line for key, setting in settings.items()} == {"plugins": 5, "strict": 8}


def test_a_file_of_settings_alone(file: Path) -> None:
    file.write_text("# company\ndisable = ['a']\nstrict = true\n")
    source = read_settings_file(file)
    assert source is not None
    assert source.errors == ()
    assert {key: setting.line for key, setting in source.settings.items()} == {
        "disable": 2,
        "strict": 3,
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[tool.kplug]\ndisable = ['a']", "'tool' in {file} is no setting of kplug"),
        (b"[kplug]\ndisable = ['a']", "'kplug' in {file} is no setting of kplug"),
        (b"x", "{file} cannot be read: "),
        ("strict = true".encode("utf-16"), "{file} cannot be read: it is not in UTF-8, but seems"),
    ],
)
def test_a_file_of_settings_that_is_refused(file: Path, data: bytes, message: str) -> None:
    file.write_bytes(data)
    source = read_settings_file(file)
    assert source is not None
    (error,) = source.errors
    assert str(error).startswith(message.format(file=file))


def test_a_long_line_takes_no_longer_than_others(file: Path) -> None:
    text = f"[tool.kplug]\nplugins = ['a']  # []\n[other]\nx = '''\n[{']' * 200_000}x\n'''\n"
    assert _shown(_read(file, text)) == {"plugins": ["a"]}


@pytest.mark.slow  # measuring memory is
@pytest.mark.parametrize(
    "text",
    [
        "[" + ".".join("a" * 1000) + "]\n" + "".join(f"k{i}.kplug=1\n" for i in range(15_000)),
        "x = " + "{a = " * 150 + "1" + "}" * 150 + "\nkplug_" + "x" * 200_000 + " = 1",
        "[tool.kplug]\n" + "y" * 200_000 + " = 1",
        "[tool.kplug]\nplugins = ['a" + ">" * 200_000 + "']",
        "[tool.kplug]\nplugins = ['a" + ">=1," * 40_000 + ">=1']",
        "[tool.kplug]\nplugins = ['a" + " --hash=" * 20_000 + "']",
        "[tool.kplug]\nplugins = [" + "'a==1'," * 30_000 + "]",
        "[tool.kplug]\nplugins = " + "[" * 150 + "]" * 150,
    ],
    ids=lambda text: f"{text[:20]}…{text[-10:]}",
)
def test_hostile_files_are_read_in_bounded_time_and_memory(file: Path, text: str) -> None:
    tracemalloc.start()
    try:
        source = _read(file, text)
        for setting in source.settings.values():
            Policy((source,)).find_refusal(Installed("a", "1"))
            assert setting.key == "plugins"
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 150 << 20


def test_a_folder_whose_name_cannot_be_printed(tmp_path: Path) -> None:
    folder = tmp_path / "\udcff\x1b[31m"
    folder.mkdir()
    source = _read(folder / "pyproject.toml", "[tool.kplug]\nplugins = 3\n[kplug]")
    for text in (source.place, *map(str, source.errors)):
        assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "name", ["kplug>=0.1", "kplug <99", f"KPLUG=={__version__}", "kplug>=0.0.5,!=0.2"]
)
def test_a_table_for_this_version_counts(name: str, file: Path) -> None:
    source = _read(file, f"[tool.kplug]\nprefer = ['b']\n[tool.kplug.'{name}']\ndisable = ['a']")
    assert _shown(source) == {"disable": ["a"], "prefer": ["b"]}
    assert (source.errors, source.others) == ((), ())


def test_a_table_for_other_versions_is_not_read(file: Path) -> None:
    text = "[tool.kplug]\nprefer = ['b']\n[tool.kplug.'kplug>=99']\nnot-yet-known = 3"
    source = _read(file, text)
    assert _shown(source) == {"prefer": ["b"]}
    assert (source.errors, source.others) == ((), ("kplug>=99",))


def test_a_table_for_this_version_in_a_file_of_settings(file: Path) -> None:
    file.write_text("['kplug>=0.1']\ndisable = ['a']\n['kplug>=99']\nx = 1\n")
    source = read_settings_file(file)
    assert source is not None
    assert (_shown(source), source.others) == ({"disable": ["a"]}, ("kplug>=99",))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("'kplug>=0.1'.disabel = ['a']", "'disabel' in {file} is no setting of kplug"),
        ("'kplug>=x'.disable = ['a']", "'kplug>=x' in {file} names no versions of kplug"),
        ("'kplug >>1'.disable = ['a']", "'kplug >>1' in {file} names no versions of kplug"),
        ("'k-plug>=1'.disable = ['a']", "'k-plug>=1' in {file} names no versions of kplug"),
        ("'kpulg>=1'.disable = ['a']", "'kpulg>=1' in {file} is no setting of kplug"),
        ("'kplug[x]>=99'.disable = ['a']", "'kplug[x]>=99' in {file} names no versions of kplug"),
        ("'kplug>=0.1' = ['a']", "'kplug>=0.1' in {file} is ['a']"),
        (
            "disable = []\n'kplug<9'.disable = []",
            "'disable' in {file} counts twice for " + __version__,
        ),
        (
            "'kplug<9'.prefer = []\n'kplug<8'.prefer = []",
            "'prefer' in {file} counts twice for " + __version__,
        ),
    ],
)
def test_a_misspelt_table_keeps_plugins_out(table: str, message: str, file: Path) -> None:
    source = _read(file, f"[tool.kplug]\n{table}")
    assert [error.message for error in source.errors] == [message.format(file=file)]
    assert Policy((source,)).find_refusal(Installed("b")) is not None
