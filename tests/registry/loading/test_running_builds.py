"""Which build of a plugin a process runs, when another is installed meanwhile."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kplug
from kplug.registry import REGISTRY
from kplug.registry.errors import KplugError, KplugWarning
from kplug.registry.loading import running_builds
from kplug.registry.loading.running_builds import (
    Build,
    find_build_here,
    find_owner,
    find_replacement,
    find_running_version,
    warn_of_replacement,
)

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

NAME = "kplug-aging"
SOURCE = "def aging(weight_matrix):\n    return {number} * weight_matrix\n"
ENTRIES = {"kplug.regularizers": {"aging": "kplug_aging:aging"}}


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start as a new process does."""
    monkeypatch.setattr(running_builds, "_WARNED", set())
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    for name in [name for name in sys.modules if name.startswith("kplug_aging")]:
        del sys.modules[name]


def _install(install: Sandbox, version: str, number: int, head: str = "") -> None:
    source = head + SOURCE.format(number=number)
    install(NAME, version, entry_points=ENTRIES, modules={"kplug_aging.py": source})
    install.record(NAME, version)


def _upgrade(install: Sandbox, number: int = 2, head: str = "") -> None:
    install.uninstall(NAME)
    _install(install, "2.0", number, head)


def _component() -> Any:
    return kplug.resolve("regularizer", "aging").component


REPLACED = f"{NAME} 2.0 is installed, this process runs 1.0: restart Python"


def test_an_upgrade_before_the_first_import_counts(install: Sandbox) -> None:
    _install(install, "1.0", 1)
    REGISTRY.index(kplug.registry.get_kind("regularizer"))
    state = REGISTRY._state
    _upgrade(install)
    REGISTRY._state = state  # the fixture looks again; a program does so when it misses something
    component = _component()
    assert kplug.resolve("regularizer", "aging").object(3) == 6
    assert component.origin.version == "1.0"
    assert find_running_version(component) == "2.0"
    assert find_replacement(NAME) is None


def test_an_upgrade_after_the_first_import_is_not_what_runs(install: Sandbox) -> None:
    _install(install, "1.0", 1)
    assert find_running_version(_component()) == "1.0"
    running = find_build_here(NAME)
    assert running is not None
    assert running.hash
    _upgrade(install)
    with pytest.warns(KplugWarning) as caught:
        component = _component()
    assert [str(one.message) for one in caught] == [REPLACED]
    assert component.origin.version == "2.0"
    assert find_build_here(NAME) == running
    assert find_running_version(component) == "1.0"
    warn_of_replacement(NAME)  # said once


def test_files_that_are_replaced_before_they_are_hashed_have_no_hash(install: Sandbox) -> None:
    _install(install, "1.0", 1)
    _component()
    _upgrade(install)
    build = find_build_here(NAME)
    assert build == Build("1.0")
    assert build.doubt == "the file of 'kplug_aging' is not as it was installed"


def test_a_module_that_is_imported_after_an_upgrade_has_the_new_version(install: Sandbox) -> None:
    def put(version: str, number: int) -> None:
        modules = {
            f"kplug_aging_{name}.py": SOURCE.format(number=number) for name in ("old", "new")
        }
        entries = {name: f"kplug_aging_{name}:aging" for name in ("old", "new")}
        install(NAME, version, entry_points={"kplug.regularizers": entries}, modules=modules)

    put("1.0", 1)
    old = kplug.resolve("regularizer", "old").component
    install.uninstall(NAME)
    put("2.0", 2)
    with pytest.warns(KplugWarning, match=REPLACED):
        new = kplug.resolve("regularizer", "new")
    assert new.object(3) == 6
    assert [find_running_version(each) for each in (old, new.component)] == ["1.0", "2.0"]


def test_the_same_version_with_other_code_is_noticed(install: Sandbox) -> None:
    _install(install, "1.0", 1)
    _component()
    running = find_build_here(NAME)
    install.uninstall(NAME)
    _install(install, "1.0", 2)
    assert find_replacement(NAME) == (
        f"the code of {NAME} 1.0 has changed since this process imported it: restart Python"
    )
    assert find_build_here(NAME) == running


def test_a_light_module_is_the_first_that_is_imported(install: Sandbox) -> None:
    entries = {"kplug": {"plugin": "kplug_aging_hooks"}}
    hooks = (
        "import kplug\n\n@kplug.hookimpl\ndef kplug_regularizers():\n"
        "    return {'aging': 'kplug_aging:aging'}\n"
    )
    modules = {"kplug_aging_hooks.py": hooks, "kplug_aging.py": SOURCE.format(number=1)}
    install(NAME, entry_points=entries, modules=modules)
    assert NAME in {
        item.origin.distribution
        for item in REGISTRY.components(kplug.registry.get_kind("regularizer"))
    }
    install.uninstall(NAME)
    modules["kplug_aging.py"] = SOURCE.format(number=2)
    install(NAME, "2.0", entry_points=entries, modules=modules)
    with pytest.warns(KplugWarning, match="this process runs 1.0"):
        assert find_running_version(_component()) == "2.0"  # its own module came later


@pytest.mark.parametrize(
    ("head", "version", "words"),
    [
        ("", "", "code that was imported before it was installed"),
        ("__version__ = '1.0'\n", "1.0", "1.0"),
    ],
)
def test_what_the_user_imported_before_an_upgrade_is_not_the_new_version(
    install: Sandbox, head: str, version: str, words: str
) -> None:
    _install(install, "1.0", 1, head)
    importlib.import_module("kplug_aging")
    _upgrade(install, head=head)
    with pytest.warns(
        KplugWarning, match=rf"2\.0 is installed, this process runs {words}: restart"
    ):
        component = _component()
    assert (find_running_version(component), find_build_here(NAME)) == (version, Build(version))


def test_what_the_user_imported_is_the_installed_version_if_it_is_the_same_code(
    install: Sandbox,
) -> None:
    _install(install, "1.0", 1)
    module = importlib.import_module("kplug_aging")
    _upgrade(install, number=1)
    found = kplug.resolve("regularizer", module.aging).component
    assert (found.qualified_name, find_running_version(found)) == (f"{NAME}/aging", "2.0")


def test_a_package_that_fails_is_not_what_runs_after_it_was_mended(install: Sandbox) -> None:
    _install(install, "1.0", 1, "import absent_package\n")
    with pytest.raises(KplugError, match="absent_package"):
        _component()
    _upgrade(install)
    assert find_running_version(_component()) == "2.0"


def _install_working_copy(install: Sandbox) -> Path:
    _install(install, "1.0", 1)
    facts = {"dir_info": {"editable": True}, "url": install.folder.as_uri()}
    (install.info(NAME, "1.0") / "direct_url.json").write_text(json.dumps(facts))
    return Path(install.folder / "kplug_aging.py")


CHANGED = f"the code of {NAME} 1.0 has changed since this process imported it: restart Python"


def test_an_edited_working_copy_is_noticed(install: Sandbox) -> None:
    source = _install_working_copy(install)
    _component()
    running = find_build_here(NAME)
    assert running is not None
    assert str(running.hash).startswith("editable-sha256:")
    assert find_replacement(NAME) is None
    source.write_text(SOURCE.format(number=3))
    assert find_replacement(NAME) == CHANGED
    assert find_build_here(NAME) == running


def test_a_working_copy_that_is_edited_before_it_is_hashed_has_no_hash(install: Sandbox) -> None:
    source = _install_working_copy(install)
    component = _component()
    source.write_text(SOURCE.format(number=3))
    assert find_replacement(NAME) == CHANGED
    assert find_running_version(component) == "1.0"
    assert find_build_here(NAME) == Build("1.0")


def test_a_working_copy_that_is_gone_before_it_is_hashed_has_no_hash(install: Sandbox) -> None:
    source = _install_working_copy(install)
    _component()
    source.unlink()
    assert find_build_here(NAME) == Build("1.0")


def test_a_lookup_imports_a_module_of_hooks_without_a_hash_of_its_distribution(
    install: Sandbox,
) -> None:
    hooks = (
        "import kplug\n\n@kplug.hookimpl\ndef kplug_losses():\n"
        "    return {'aging': 'kplug_aging:aging'}\n"
    )
    entries = {"kplug": {"plugin": "kplug_aging"}}
    install(NAME, entry_points=entries, modules={"kplug_aging.py": hooks})
    code = (
        f"import sys; sys.path.insert(0, {str(install.folder)!r})\n"
        "from kplug.registry import get_kind, look_up, parse_spec\n"
        "look_up(get_kind('loss'), parse_spec('aging'))\n"
        "print('kplug_aging' in sys.modules, 'hashlib' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "False"]


@pytest.mark.parametrize("order", [("aging", "old"), ("old", "aging")])
def test_who_offers_code_of_another_has_a_version_of_its_own(
    install: Sandbox, order: tuple[str, ...]
) -> None:
    _install(install, "1.0", 1)
    entries = {"kplug.regularizers": {"old": "kplug_aging:aging"}}
    install("a-wrapper", "0.3", entry_points=entries, requires=[NAME])
    found = {name: kplug.resolve("regularizer", name).component for name in order}
    assert {name: find_running_version(each) for name, each in found.items()} == {
        "aging": "1.0",
        "old": "0.3",
    }
    assert {name: find_owner(each) for name, each in found.items()} == dict.fromkeys(order, NAME)


def test_code_of_another_is_of_the_build_that_was_imported(install: Sandbox) -> None:
    _install(install, "1.0", 1)
    entries = {"kplug.regularizers": {"old": "kplug_aging:aging"}}
    install("a-wrapper", "0.3", entry_points=entries, requires=[NAME])
    kplug.resolve("regularizer", "old")
    running = find_build_here(NAME)
    assert running is not None
    assert running.hash
    _upgrade(install)
    assert find_build_here(NAME) == running


def test_kplug_runs_the_version_that_it_says() -> None:
    found = find_build_here("kplug")
    assert found is not None
    assert found.version == kplug.__version__


def test_what_is_not_installed_has_no_build() -> None:
    assert find_build_here("kplug-absent") is None
    assert find_replacement("kplug-absent") is None
