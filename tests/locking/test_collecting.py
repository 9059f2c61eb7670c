"""Distributions to lock: the environment's, those that specs use, and those in a model's table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kplug.errors import LockError
from kplug.locking import lock_environment, lock_rows, lock_specs
from kplug.registry import REGISTRY
from tests.locking.conftest import InstallPlugin, editable, git
from tests.registry.conftest import Sandbox


def _row(name: str, distribution: str = "kplug-one", **more: Any) -> dict[str, Any]:
    return {"kind": "loss", "name": name, "distribution": distribution, "version": "1.0", **more}


@pytest.fixture
def _two_plugins(install_plugin: InstallPlugin) -> None:
    install_plugin(losses=("overlap", "focal"))
    install_plugin("kplug-two", losses=("other",))


@pytest.mark.usefixtures("_two_plugins")
def test_the_environment_is_every_plugin_that_may_load(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = lock_environment().packages
    assert (one.name, one.version, one.components) == (
        "kplug-one",
        "1.0",
        ("loss focal", "loss overlap"),
    )
    assert one.hash.startswith("sha256:")
    assert two.components == ("loss other",)
    monkeypatch.setenv("KPLUG_DISABLE", "kplug-two")
    REGISTRY.reload()
    assert [package.name for package in lock_environment().packages] == ["kplug-one"]


def test_kplug_and_torch_are_in_every_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kplug.locking.collecting.BUILT_IN", ("kplug", "torch"))
    names = [package.name for package in lock_environment(allow_unlocked=True).packages]
    assert names == ["kplug", "torch"]


@pytest.mark.usefixtures("_two_plugins")
def test_specs_lock_what_they_use() -> None:
    (package,) = lock_specs(["loss:overlap", "loss: kplug-one/overlap"]).packages
    assert (package.name, package.components) == ("kplug-one", ("loss overlap",))


def test_what_is_nested_in_a_spec_is_used_too(install: Sandbox) -> None:
    install(
        "kplug-one",
        entry_points={"kplug.schedules": {"flat": "kplug_one:flat"}},
        modules={"kplug_one.py": "def flat(step):\n    return 0.1\n"},
    )
    install.record("kplug-one")
    (package,) = lock_specs(["optimizer:adam(learning_rate=flat)"]).packages
    assert (package.name, package.components) == ("kplug-one", ("schedule flat",))


def test_a_spec_without_a_kind_is_refused() -> None:
    with pytest.raises(LockError) as caught:
        lock_specs(["overlap"])
    assert str(caught.value) == (
        "'overlap' does not say of which kind it is\n  Write it as 'loss:dice_loss'."
    )


@pytest.mark.usefixtures("_two_plugins")
def test_a_table_locks_what_it_names() -> None:
    rows = [_row("kplug-one/overlap"), _row("kplug-one/gone", kind=["?"])]
    (package,) = lock_rows(rows).packages
    assert (package.name, package.components) == ("kplug-one", ("loss overlap",))


def test_code_of_the_user_is_refused_or_listed() -> None:
    rows = [_row("custom/my_loss", "custom", version="")]
    with pytest.raises(LockError) as caught:
        lock_rows(rows, ["MyLayer"])
    assert str(caught.value) == (
        "there is something that a lock could not bring back:\n"
        "  custom/MyLayer is code of your own, which no package supplies\n"
        "  custom/my_loss is code of your own, which no package supplies\n"
        "  Put your code into a plugin and commit it, or pass --allow-unlocked to lock the rest."
    )
    lock = lock_rows(rows, ["MyLayer"], allow_unlocked=True)
    assert (lock.packages, lock.not_locked) == ((), ("custom/MyLayer", "custom/my_loss"))


@pytest.mark.parametrize("name", ["kplug-absent", "../../etc", "", None, "a" * 5000])
def test_what_is_not_installed_is_not_locked_on_a_files_word(name: Any) -> None:
    with pytest.raises(LockError, match="is not installed here, so there is nothing to lock") as e:
        lock_rows([_row("x/overlap", name)])
    assert len(str(e.value)) < 300


def test_an_editable_install_without_a_commit_is_refused_or_said(
    install_plugin: InstallPlugin, working_copy: Path
) -> None:
    install_plugin(direct_url=editable(working_copy))
    commit = git(working_copy, "rev-parse", "HEAD")
    assert lock_environment().packages[0].source.commit == commit

    (working_copy / "new.py").write_text("")
    with pytest.raises(LockError) as caught:
        lock_environment()
    message = "kplug-one 1.0 is an editable install with changes that are not committed"
    assert message in str(caught.value)
    source = lock_environment(allow_unlocked=True).packages[0].source
    assert (source.is_editable, source.commit) == (True, "")


def test_an_editable_install_outside_git_is_refused(
    install_plugin: InstallPlugin, tmp_path: Path
) -> None:
    install_plugin(direct_url=editable(tmp_path))
    message = "kplug-one 1.0 is an editable install that git knows no commit of"
    with pytest.raises(LockError, match=message):
        lock_environment()
