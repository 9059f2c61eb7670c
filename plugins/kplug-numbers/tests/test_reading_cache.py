"""Readings kept on disk: found by the same code alone, and never trusted further than a new one."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from kplug_numbers import make_reading, model_files, reading_cache
from kplug_numbers.model_files import judge, read_for_file

import kplug
from kplug.inspection import KINDS, find_component
from kplug.registry.loading import code_verification
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

SPEC = "acme/tie(weight=2.0)"
SOURCE = """
import functools, json, os, pathlib

CALLS = []
SETTINGS = {{"factor": 1}}
FACTOR = float(os.environ.get("TIE_FACTOR", 1))
TABLE = pathlib.Path(__file__).with_name("table.json")
scale = functools.partial(lambda given, value: given * value, float(os.environ.get("TIE_SCALE", 1)))

def make_shift():
    shift = float(os.environ.get("TIE_SHIFT", 0))
    return lambda value: value + shift

add = make_shift()

class Form:
    power = 1

    def __init__(self):
        self.slope = 1

FORM = Form()

def tie(y_true, y_pred, weight=1.0):
    CALLS.append(weight)
    factor = {factor} * FACTOR * SETTINGS["factor"] * FORM.slope * json.loads(TABLE.read_text())
    factor *= float(os.environ.get("TIE_AT_CALL", 1))
    return add(scale(factor * weight * (y_pred - y_true).abs().mean(-1) ** Form.power))
"""


class Machine:
    """A machine with a plugin, on which each reading is made in a process of its own."""

    def __init__(self, install: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.install, self.monkeypatch, self.made = install, monkeypatch, 0

    def put(self, version: str = "1.0", factor: int = 1) -> None:
        """Install a version in place of another."""
        for old in self.install.folder.glob("acme-*.dist-info"):
            self.install.uninstall("acme", old.name.split("-")[1].removesuffix(".dist"))
        points = {"kplug.losses": {"tie": "acme:tie"}}
        modules = {"acme/__init__.py": SOURCE.format(factor=factor), "acme/table.json": "1"}
        self.install("acme", version, entry_points=points, modules=modules)
        self.install.record("acme", version)

    def read(
        self,
        spec: str = SPEC,
        change: Callable[[Any], object] = lambda module: None,
        *,
        is_outdated: bool = False,
    ) -> dict[str, Any]:
        """Return a reading as a new process would, after a change of the module that it imports."""
        sys.modules.pop("acme", None)
        self.monkeypatch.setattr(code_verification, "_READ", {})
        reading_cache._describe_machine.cache_clear()
        kplug.reload()
        kplug.resolve("loss", spec)
        change(sys.modules["acme"])
        if not is_outdated:
            self.monkeypatch.setattr(reading_cache, "_START", time.time() + 60)
        found = read_for_file("loss", spec)
        self.made += bool(sys.modules["acme"].CALLS)
        return found


@pytest.fixture
def machine(install: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    install.expose("kplug-numbers")
    monkeypatch.setattr(model_files, "_MOST_SECONDS", 60.0)  # on a busy machine much time passes
    found = Machine(install, monkeypatch)
    found.put()
    caches = (reading_cache._is_editable, reading_cache._list_packages)
    for one in caches:
        one.cache_clear()
    yield found
    for one in caches:
        one.cache_clear()
    sys.modules.pop("acme", None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kplug" / "numbers"


def test_a_reading_is_made_once_on_a_machine(machine: Machine, folder: Path) -> None:
    first = machine.read()
    assert machine.read() == first
    assert machine.made == 1
    assert first["spec"] == SPEC
    assert [one.suffix for one in folder.iterdir()] == [".json"]
    assert machine.read("acme/tie(weight=3.0)") != first
    assert machine.made == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda machine: machine.put(factor=3),
        lambda machine: machine.put("2.0"),
        lambda machine: machine.install("other", "1.0"),
        lambda machine: (machine.install.folder / "acme" / "table.json").write_text("3"),
        lambda machine: (machine.install.folder / "acme" / "more.bin").write_bytes(b"new"),
    ],
    ids=["other code", "another version", "another beside it", "a data file", "a further one"],
)
def test_what_may_change_numbers_is_read_anew(
    change: Callable[[Machine], None], machine: Machine, folder: Path
) -> None:
    machine.read()
    change(machine)
    found = machine.read()
    assert machine.made == 2
    assert found == make_reading("loss", SPEC).as_data()


@pytest.mark.parametrize("name", ["TIE_FACTOR", "TIE_SCALE", "TIE_SHIFT", "TIE_AT_CALL"])
def test_what_the_environment_changes_is_read_anew(
    name: str, machine: Machine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = machine.read()
    monkeypatch.setenv(name, "3")
    assert machine.read() != first
    monkeypatch.delenv(name)
    assert machine.read() == first
    assert machine.made == 2


CHANGES: dict[str, Callable[[Any], object]] = {
    "a table": lambda module: module.SETTINGS.update(factor=3),
    "an attribute": lambda module: setattr(module.FORM, "slope", 3),
    "a class": lambda module: setattr(module.Form, "power", 3),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_the_program_sets_is_read_anew(
    change: Callable[[Any], object], machine: Machine, folder: Path
) -> None:
    first = machine.read()
    changed = machine.read(change=change)
    assert changed != first
    assert machine.read() == first
    assert machine.made == 2
    change(sys.modules["acme"])  # later in one process
    assert read_for_file("loss", SPEC) == changed
    assert machine.made == 2


def test_state_that_no_other_process_can_tell_is_not_kept(machine: Machine, folder: Path) -> None:
    def draw(module: Any) -> None:
        module.DRAWN = torch.Generator()

    first = machine.read(change=draw)
    assert read_for_file("loss", SPEC) == first  # in one process it is
    machine.read(change=draw)
    assert machine.made == 2
    assert not folder.exists()


def test_a_process_that_is_older_than_an_installation_keeps_nothing(
    machine: Machine, folder: Path
) -> None:
    machine.read(is_outdated=True)
    assert not folder.exists()


def test_what_is_loaded_is_compared_with_no_reading_that_was_kept(
    machine: Machine, folder: Path
) -> None:
    first = machine.read()
    (entry,) = folder.iterdir()
    entry.write_text(entry.read_text().replace("0.", "9.", 1))
    assert machine.read() != first  # it is believed when a model is saved
    assert judge("loss", SPEC, first).outcome == "same"


def test_an_editable_distribution_is_read_anew(machine: Machine, folder: Path) -> None:
    place = machine.install.info("acme", "1.0") / "direct_url.json"
    facts = {"url": machine.install.folder.as_uri(), "dir_info": {"editable": True}}
    place.write_text(json.dumps(facts))
    machine.read()
    machine.read()
    assert machine.made == 2
    assert not folder.exists()


def test_code_without_a_hash_is_not_kept(machine: Machine, folder: Path) -> None:
    module = machine.install.folder / "acme" / "__init__.py"
    module.write_text(module.read_text() + "# changed by hand\n")
    machine.read()
    machine.read()
    assert machine.made == 2
    assert not folder.exists()


def _replace_numbers(path: Path) -> None:
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "spec": "acme/tie(weight=9.0)"}))


def _make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _make_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "gigabytes": lambda path: os.truncate(path, 2**33),
    "a newer format": lambda path: path.write_text(path.read_text().replace(":1,", ":2,", 1)),
    "of another component": _replace_numbers,
    "writable by others": lambda path: path.chmod(0o666),
    "in a folder of all": lambda path: path.parent.chmod(0o777),
    "a folder": _make_folder,
    "a link to nowhere": _make_link,
}


@pytest.mark.sampled
@pytest.mark.skipif(not hasattr(os, "getuid"), reason="the system has no such permissions")
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_not_believed(
    damage: Callable[[Path], object], machine: Machine, folder: Path
) -> None:
    first = machine.read()
    (entry,) = folder.iterdir()
    damage(entry)
    assert machine.read() == first
    assert machine.made == 2


def test_a_folder_that_cannot_be_written_is_no_error(machine: Machine, folder: Path) -> None:
    folder.parent.parent.mkdir()
    folder.parent.write_text("a file is in its place")
    first = machine.read()
    assert machine.read() == first
    assert machine.made == 2


def test_the_oldest_entries_make_room(machine: Machine, folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    for number in range(reading_cache.MOST_FILES + 5):
        (folder / f"{number}.json").touch()
        os.utime(folder / f"{number}.json", ns=(number, number))
    machine.read()
    names = {one.stem for one in folder.iterdir()}
    assert len(names) == reading_cache.MOST_FILES
    assert {"4", "5"}.isdisjoint(names)
    assert "6" in names
    machine.read()
    assert machine.made == 1


def test_arguments_of_the_users_own_code_have_no_entry(machine: Machine) -> None:
    component = find_component(KINDS["loss"], kplug.parse_spec(SPEC))
    assert component is not None
    inside = "acme/tie(weight=custom/mine())"
    assert reading_cache.CacheEntry("loss", inside, component, "state").find() is None
    assert reading_cache._describe_builds(component, inside) is None
    assert reading_cache._describe_builds(component, SPEC) is not None
