"""Files of plugins that are other than they were installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen
POND = "def pond(weight_matrix): ...\n"


def _offer(install: Sandbox, name: str, source: str = POND) -> None:
    points = {"kplug.regularizers": {"pond": "shared_pond:pond"}}
    install(name, entry_points=points, modules={"shared_pond.py": source})
    install.record(name)


def _find(topic: str, status: int = 0) -> list[tuple[str, str, str]]:
    kplug.reload()
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert result.exit_code == status, result.output
    found = json.loads(result.stdout)["findings"]
    keys = ("about", "message", "command")
    return [tuple(each[key] for key in keys) for each in found if each["topic"] == topic]


def test_as_it_was_installed(install: Sandbox) -> None:
    _offer(install, "a-plugin")
    assert _find("overlapping") == _find("changed") == _find("shadowed") == []
    assert install.imported() == set()


def test_two_plugins_with_one_file(install: Sandbox) -> None:
    _offer(install, "a-plugin")
    _offer(install, "b-plugin", POND + "# other\n")
    path = install.folder / "shared_pond.py"
    assert _find("overlapping") == [
        (
            name,
            f"{path} is a file of {other}, too: whichever was installed last has written it",
            f"pip uninstall {other} && pip install --force-reinstall {name}",
        )
        for name, other in (("a-plugin", "b-plugin"), ("b-plugin", "a-plugin"))
    ]
    assert [about for about, _, _ in _find("changed")] == ["a-plugin"]


def test_an_edited_file(install: Sandbox) -> None:
    _offer(install, "a-plugin")
    path = install.folder / "shared_pond.py"
    path.write_text(POND + "# edited\n")
    message = f"{path} is not as it was installed, so no hash says what 'shared_pond' is"
    command = "pip install --force-reinstall a-plugin"
    assert _find("changed") == [("a-plugin", message, command)]


def test_an_edited_data_file(install: Sandbox) -> None:
    modules = {"pond_data/__init__.py": POND, "pond_data/table.json": "1"}
    install(
        "a-plugin", entry_points={"kplug.regularizers": {"pond": "pond_data:pond"}}, modules=modules
    )
    install.record("a-plugin")
    assert _find("changed") == []
    path = install.folder / "pond_data" / "table.json"
    path.write_text("2")
    message = f"{path} is not as it was installed, so a-plugin has no hash"
    assert _find("changed") == [("a-plugin", message, "pip install --force-reinstall a-plugin")]


SHOP = """
import kplug


@kplug.hookimpl
def kplug_provenance(distribution, version):
    return ["published by anna"] if (distribution, version) == ("a-plugin", "1.0") else []
"""


@pytest.mark.parametrize("is_selling", [True, False])
def test_what_a_plugin_knows_and_installs_is_not_taken_from_another_index(
    install: Sandbox, is_selling: bool
) -> None:
    _offer(install, "a-plugin")
    _offer(install, "b-plugin", POND + "# other\n")
    points = {"kplug": {"plugin": "shop"}}
    commands = {"kplug.commands": {"install": "shop:f"}} if is_selling else {}
    install("shop", entry_points={**points, **commands}, modules={"shop.py": SHOP})
    anew = ["pip install --force-reinstall a-plugin", "pip install --force-reinstall b-plugin"]
    if is_selling:
        anew[0] = "kplug install a-plugin==1.0 -- --force-reinstall --no-deps"
    others = [f"pip uninstall {name} && " for name in ("b-plugin", "a-plugin")]
    assert [command for _, _, command in _find("overlapping")] == [
        f"{other}{command}" for other, command in zip(others, anew, strict=True)
    ]
    assert [command for _, _, command in _find("changed")] == anew[:1]


def test_a_file_of_the_working_directory(
    install: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _offer(install, "a-plugin")
    (tmp_path / "work").mkdir()
    other = tmp_path / "work" / "shared_pond.py"
    other.write_text(POND)
    monkeypatch.syspath_prepend(str(tmp_path / "work"))
    message = (
        f"'shared_pond' is imported from {other}, which hides {install.folder / 'shared_pond.py'}"
    )
    command = f"mv {other} {other}.hidden"
    assert _find("shadowed", status=1) == [("a-plugin", message, command)]
