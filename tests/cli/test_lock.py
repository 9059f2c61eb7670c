"""``kplug lock``: what it writes, what --check says, exit statuses, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kplug.cli.app import app
from kplug.errors import KplugError
from kplug.locking import read_lock
from kplug.registry import REGISTRY
from tests.locking import conftest
from tests.registry.conftest import Sandbox

install = conftest.install
install_plugin = conftest.install_plugin
working_copy = conftest.working_copy
_plugins_alone = conftest._plugins_alone

InstallPlugin = conftest.InstallPlugin


def _run(*arguments: str) -> Result:
    REGISTRY.reload()
    return CliRunner().invoke(app, ["lock", *arguments])


def test_the_lock_of_the_environment(install_plugin: InstallPlugin) -> None:
    install_plugin()
    install_plugin("kplug-two", "2.0", losses=("other",))
    done = _run()
    assert (done.exit_code, done.output) == (0, "kplug.lock: kplug-one 1.0, kplug-two 2.0\n")
    assert [str(package) for package in read_lock("kplug.lock").packages] == [
        "kplug-one 1.0",
        "kplug-two 2.0",
    ]
    assert _run("--check").output == "2 packages installed as locked.\n"


def test_a_lock_of_what_is_used_beside_another_file(install_plugin: InstallPlugin) -> None:
    install_plugin()
    install_plugin("kplug-two", losses=("other",))
    done = _run("--use", "loss:other", "--lock", "two.lock")
    assert done.output == "two.lock: kplug-two 1.0\n"
    assert _run("--check", "--lock", "two.lock").output == "1 package installed as locked.\n"


def test_drift_is_said_and_ends_with_status_1(
    install_plugin: InstallPlugin, install: Sandbox
) -> None:
    install_plugin()
    _run()
    before = Path("kplug.lock").read_bytes()
    install.uninstall("kplug-one")
    done = _run("--check")
    assert done.exit_code == 1
    assert done.output == "kplug-one 1.0, which supplies overlap, is not installed\n"
    assert Path("kplug.lock").read_bytes() == before


def test_json_has_a_schema(install_plugin: InstallPlugin, install: Sandbox) -> None:
    install_plugin()
    written = json.loads(_run("--json").output)
    package = {
        "name": "kplug-one",
        "version": "1.0",
        "hash": written["packages"][0]["hash"],
        "editable": False,
        "url": None,
        "commit": None,
        "components": ["loss overlap"],
    }
    facts = {"schema": 1, "lock": "kplug.lock", "packages": [package], "not_locked": []}
    assert written == facts
    install.uninstall("kplug-one")
    checked = json.loads(_run("--check", "--json").output)
    message = "kplug-one 1.0, which supplies overlap, is not installed"
    drift = [{"kind": "missing", "package": "kplug-one", "message": message}]
    assert checked == {**facts, "drift": drift}


def test_what_is_locked_without_a_commit_is_said_each_time(
    install_plugin: InstallPlugin, working_copy: Path
) -> None:
    (working_copy / "new.py").write_text("")
    install_plugin(direct_url=conftest.editable(working_copy))
    done = _run()
    assert "with changes that are not committed" in str(done.exception)
    assert not Path("kplug.lock").exists()
    note = "without a commit: kplug-one 1.0, an editable install\n"
    assert _run("--allow-unlocked").output == f"kplug.lock: kplug-one 1.0\n{note}"
    assert _run("--check").output == f"1 package installed as locked.\n{note}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--check", "m.keras"], "--check compares the lock with what is installed"),
        (["--check", "--use", "loss:a"], "--check compares the lock with what is installed"),
        (["m.keras", "--use", "loss:a"], "a lock is that of a model or of what --use names"),
        (["--use", "overlap"], "'overlap' does not say of which kind it is"),
        (["--check"], "there is no lock 'kplug.lock'"),
        (["absent.keras"], "absent.keras"),
    ],
)
def test_what_cannot_be_done_is_one_error(arguments: list[str], message: str) -> None:
    done = _run(*arguments)
    assert isinstance(done.exception, KplugError)
    assert message in str(done.exception)
    assert not Path("kplug.lock").exists()


def test_a_lock_that_cannot_be_made_leaves_the_old_one(
    install_plugin: InstallPlugin, install: Sandbox
) -> None:
    install_plugin()
    _run()
    before = Path("kplug.lock").read_bytes()
    (install.info("kplug-one", "1.0") / "METADATA").write_text(
        "Name: kplug-one\nVersion: nightly\n"
    )
    done = _run()
    assert "'nightly' is no version" in str(done.exception)
    assert Path("kplug.lock").read_bytes() == before
    assert [path.name for path in Path().iterdir() if path.suffix == ".tmp"] == []
