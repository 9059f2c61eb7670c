"""Every way in which an installation may differ from a lock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kplug.errors import LockError
from kplug.locking import check_lock, find_drift, lock_environment
from kplug.registry import REGISTRY
from tests.locking.conftest import LOSS, InstallPlugin, editable, git
from tests.registry.conftest import Sandbox

ONE = "kplug-one"


def _drift(lock_text: object) -> list[tuple[str, str]]:
    REGISTRY.reload()
    return [(item.kind, item.message) for item in find_drift(lock_text)]  # type: ignore[arg-type]


def test_what_was_just_locked_has_no_drift(install_plugin: InstallPlugin) -> None:
    install_plugin()
    lock = lock_environment()
    assert _drift(lock) == []
    check_lock(lock, [ONE])


def test_a_missing_package(install_plugin: InstallPlugin, install: Sandbox) -> None:
    install_plugin(losses=("overlap", "focal"))
    lock = lock_environment()
    install.uninstall(ONE)
    message = "kplug-one 1.0, which supplies focal, overlap, is not installed"
    assert _drift(lock) == [("missing", message)]


def test_another_version(install_plugin: InstallPlugin, install: Sandbox) -> None:
    install_plugin()
    lock = lock_environment()
    install.uninstall(ONE)
    install_plugin(version="2.0")
    assert _drift(lock) == [("version", "kplug-one was locked at 1.0, here is 2.0")]


def test_other_code_under_the_same_version(install_plugin: InstallPlugin, install: Sandbox) -> None:
    install_plugin()
    lock = lock_environment()
    install.uninstall(ONE)
    install_plugin(code="bbb")
    assert _drift(lock) == [("hash", "kplug-one 1.0 has other code here under the same version")]


def test_other_data_under_the_same_version(install: Sandbox) -> None:
    modules = {"kplug_one/__init__.py": LOSS.format(name="overlap"), "kplug_one/table.json": "1"}
    entries = {"kplug.losses": {"overlap": "kplug_one:overlap"}}
    install(ONE, entry_points=entries, modules=modules)
    install.record(ONE)
    lock = lock_environment()
    assert _drift(lock) == []
    table = install.folder / "kplug_one" / "table.json"
    table.write_text("2")
    told = "cannot be vouched for: the file 'kplug_one/table.json' is not as it was installed"
    assert _drift(lock) == [("hash", f"kplug-one 1.0 {told}")]
    table.write_text("1")
    assert _drift(lock) == []
    table.unlink()
    assert _drift(lock) == []  # code that needs it says so


def test_other_data_in_a_working_copy_that_git_does_not_know(
    install: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "project" / "kplug_one"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(LOSS.format(name="overlap"))
    (package / "table.json").write_text("1")
    monkeypatch.syspath_prepend(str(package.parent))
    install(ONE, entry_points={"kplug.losses": {"overlap": "kplug_one:overlap"}})
    facts = json.dumps(editable(package.parent))
    (install.info(ONE, "1.0") / "direct_url.json").write_text(facts)
    REGISTRY.reload()
    lock = lock_environment(allow_unlocked=True)
    assert _drift(lock) == []
    (package / "table.json").write_text("2")
    assert _drift(lock) == [("hash", "kplug-one 1.0 has other code here under the same version")]


def test_another_commit_and_a_change_that_is_not_committed(
    install_plugin: InstallPlugin, working_copy: Path
) -> None:
    install_plugin(direct_url=editable(working_copy))
    lock, first = lock_environment(), git(working_copy, "rev-parse", "HEAD")
    assert _drift(lock) == []

    (working_copy / "README.md").write_text("")
    message = f"kplug-one 1.0 was locked at commit {first}, here is "
    changed = "a working copy with changes that are not committed"
    assert _drift(lock) == [("commit", message + changed)]

    git(working_copy, "add", ".")
    git(working_copy, "commit", "--quiet", "-m", "second")
    second = git(working_copy, "rev-parse", "HEAD")
    assert _drift(lock) == [("commit", f"{message}commit {second}")]


def test_the_same_commit_installed_from_the_repository_is_no_drift(
    install_plugin: InstallPlugin, install: Sandbox, working_copy: Path
) -> None:
    install_plugin(direct_url=editable(working_copy))
    lock, commit = lock_environment(), git(working_copy, "rev-parse", "HEAD")
    install.uninstall(ONE)
    vcs = {"vcs": "git", "commit_id": commit}
    install_plugin(direct_url={"url": "https://example.org/a.git", "vcs_info": vcs})
    assert _drift(lock) == []


def test_a_package_that_is_switched_off(
    install_plugin: InstallPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_plugin()
    lock = lock_environment()
    monkeypatch.setenv("KPLUG_DISABLE", ONE)
    (drift,) = _drift(lock)
    assert drift[0] == "off"
    assert drift[1].startswith("kplug-one 1.0 is switched off: KPLUG_DISABLE")


@pytest.mark.parametrize("is_locked_one_there", [True, False])
def test_a_plugin_beside_the_lock_that_offers_a_locked_name(
    install_plugin: InstallPlugin, install: Sandbox, is_locked_one_there: bool
) -> None:
    install_plugin()
    lock = lock_environment()
    install_plugin("kplug-two", "3.0", losses=("Overlap", "other"))
    message = "kplug-two 3.0, which is not locked, offers the loss 'Overlap' of kplug-one"
    if not is_locked_one_there:  # then the bare name would mean the other one's
        install.uninstall(ONE)
    assert _drift(lock)[-1] == ("extra", message)
    assert len(_drift(lock)) == 2 - is_locked_one_there


def test_a_plugin_beside_the_lock_that_is_preferred_to_a_built_in(
    install_plugin: InstallPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = lock_environment()
    install_plugin("kplug-two", losses=("huber",))
    assert _drift(lock) == []  # the built-in wins
    monkeypatch.setenv("KPLUG_PREFER", "kplug-two")
    message = "kplug-two 1.0, which is not locked, offers the loss 'huber' of kplug"
    assert _drift(lock) == [("extra", message)]


def test_a_plugin_beside_the_lock_that_loses_to_a_preference_is_no_drift(
    install_plugin: InstallPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_plugin()
    lock = lock_environment()
    install_plugin("kplug-two")
    assert [kind for kind, _ in _drift(lock)] == ["extra"]
    monkeypatch.setenv("KPLUG_PREFER", ONE)
    assert _drift(lock) == []


def test_a_plugin_beside_the_lock_with_names_of_its_own_is_no_drift(
    install_plugin: InstallPlugin,
) -> None:
    install_plugin()
    lock = lock_environment()
    install_plugin("kplug-two", losses=("other",))
    assert _drift(lock) == []


def test_an_error_has_every_difference(install_plugin: InstallPlugin, install: Sandbox) -> None:
    install_plugin()
    lock = lock_environment()
    install.uninstall(ONE)
    with pytest.raises(LockError) as caught:
        check_lock(lock, ["kplug-three", ONE])
    assert str(caught.value) == (
        "what is installed differs from the lock:\n"
        "  kplug-one 1.0, which supplies overlap, is not installed\n"
        "  kplug-three is not in the lock\n"
        "  `kplug sync` installs what is locked; `kplug lock` locks what is installed."
    )
    assert [item.kind for item in caught.value.drift] == ["missing"]  # type: ignore[attr-defined]


def test_what_was_installed_meanwhile_is_seen(
    install_plugin: InstallPlugin, install: Sandbox
) -> None:
    install_plugin()
    lock = lock_environment()
    install.uninstall(ONE)
    assert find_drift(lock) != []
    install_plugin()
    assert find_drift(lock) == []
