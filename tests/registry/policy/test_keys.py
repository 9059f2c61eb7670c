"""One row is all that a setting needs, and every row is documented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.errors import DisabledComponentError
from kplug.registry import REGISTRY, resolve
from kplug.registry.policy import Installed, Policy, Setting
from kplug.registry.policy.environment import read_environment
from kplug.registry.policy.files import read_project_file
from kplug.registry.policy.keys import KEYS, Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.registry.conftest import Sandbox

PAGE = Path(__file__).parents[3] / "docs" / "plugins" / "policy.md"


def test_the_page_has_a_row_for_every_key() -> None:
    rows = re.findall(
        r"^\| `([\w-]+) = .*?` \| `(\w+)=", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == [(key, f"KPLUG_{key.upper().replace('-', '_')}") for key in KEYS]


@pytest.mark.parametrize(
    ("text", "is_judged"),
    [
        ("", False),
        ("plugins = ['a', 'b>=1']", False),
        ("plugins = ['a>=1']", True),
        (f"plugins = ['a --hash=sha256:{'0' * 64}']", True),
        ("disable = ['a']", False),
        ("load-archived = false", False),
        ("autoload = false", False),
        ("autoload = false\nplugins = ['a<2']", True),
        ("strict = true", False),
        ("strict = true\nplugins = ['a==1']", True),
        ("prefer = ['a/dice']", False),
        ("min-age = '7 days'", False),
    ],
)
def test_builds_are_judged_where_a_setting_reads_more_than_the_name(
    tmp_path: Path, text: str, is_judged: bool
) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(f"[tool.kplug]\n{text}")
    source = read_project_file(file)
    assert source is not None
    assert Policy((source,)).judges_builds("a") is is_judged


@pytest.mark.parametrize("row", KEYS.values(), ids=lambda row: row.name)
def test_a_variable_holds_what_its_key_holds(row: Key) -> None:
    value = "7 days" if row.is_text else "on" if row.names_distributions else "KPLUG_ON"
    source = read_environment({row.variable: value})
    assert source is not None
    (setting,) = source.settings.values()
    assert setting.is_on is setting.is_switch is row.is_switch
    assert [str(entry) for entry in setting.entries] == (
        [] if row.is_switch or row.is_text else [value]
    )
    assert setting.text == (value if row.is_text else "")


def _refuse_unvetted(
    _setting: Setting, _lists: Sequence[Setting], installed: Installed
) -> str | None:
    return None if installed.version == "1.0" else f"is on, and {installed.version} is not vetted"


VETTED = Key("vetted", "vet", _refuse_unvetted, narrows_when=True)


def test_a_new_setting_that_no_list_limits_is_asked_again_at_import(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(KEYS, "vetted", VETTED)
    (tmp_path / "pyproject.toml").write_text("[tool.kplug]\nvetted = true\n")
    monkeypatch.chdir(tmp_path)
    points = {"kplug.regularizers": {"pond": "lake:pond"}}
    source = {"lake.py": "def pond(weight_matrix):\n    return 0.25\n"}
    install("lake", "1.0", entry_points=points, modules=source)
    kplug.reload()
    assert "lake" in REGISTRY.state.discovery.by_name
    monkeypatch.setattr(REGISTRY, "reload", lambda: None)
    install.uninstall("lake")
    install("lake", "2.0", entry_points=points, modules=source)
    with pytest.raises(DisabledComponentError, match=r"lake 2\.0.* is on, and 2\.0 is not vetted"):
        resolve("regularizer", "lake/pond")
    assert "lake" not in install.imported()
