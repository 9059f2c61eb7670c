"""`kplug index build` makes a site from which pip installs, and in which components are looked up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from kplug_registry.commands.index import index
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import publish
from kplug_registry.storage import Folder
from kplug_registry.wheels import list_code_hashes, read_wheel
from packaging.tags import sys_tags
from typer.testing import CliRunner

CODE = "def wave_loss(y_true, y_pred, height=1.0):\n    '''A wave.'''\n"
Serve = Callable[[Path], AbstractContextManager[str]]


def run(*arguments: object) -> str:
    done = CliRunner().invoke(index, [str(each) for each in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_site_says_who_offers_a_name(make_wheel: Callable[..., Path], tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert run("build", make_wheel(), "--out", site) == f"{site}: 1 wheel\n"
    (offer,) = json.loads((site / "components/loss/waveloss.json").read_text())["offers"]
    assert (offer["distribution"], offer["version"], offer["name"], offer["signature"]) == (
        *("kplug-waves", "1.0", "wave_loss"),
        "(y_true, y_pred, height=1.0)",
    )


def test_a_site_begins_without_wheels(make_wheel: Callable[..., Path], tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert run("build", "--out", site) == f"{site}: 0 wheels\n"
    assert run("verify", site) == f"{site}: sound\n"
    publish([read_wheel(make_wheel())], Folder(site), "2026-01-31T12:00:00Z")
    assert run("verify", site) == f"{site}: sound\n"


def test_a_folder_stands_for_the_wheels_in_it(
    make_wheel: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_wheel().parent
    make_wheel(version="1.1")
    run("build", folder, "--out", tmp_path / "site")
    found = json.loads((tmp_path / "site/distributions/kplug-waves.json").read_text())
    assert [release["version"] for release in found["releases"]] == ["1.1", "1.0"]


def test_the_command_says_which_pictures_there_are_and_why_others_are_not(
    make_wheel: Callable[..., Path], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    assert run("build", make_wheel(), "--out", site, "--pictures").splitlines() == [
        f"{site}: 1 wheel",
        "pictures of 0 of 1 component",
        "  without: all of its 1: kplug-waves 1.0 is not installed here",
    ]


@pytest.mark.slow
def test_results_are_those_of_kplug_check_where_the_wheel_is_installed(
    make_wheel: Callable[..., Path], install: Callable[[Path], Path], tmp_path: Path
) -> None:
    wheel, site = make_wheel(), tmp_path / "site"
    install(wheel)
    command = [sys.executable, "-m", "kplug", "check", "kplug-waves", "--json"]
    checked = subprocess.run(command, capture_output=True)
    (tmp_path / "check.json").write_bytes(checked.stdout)
    run("build", wheel, "--out", site, "--results", tmp_path / "check.json")
    release = json.loads((site / "releases/kplug-waves/1.0.json").read_text())
    (row,) = release["results"]["components"]
    (shown,) = json.loads(checked.stdout)["components"]
    passed = {one["name"] for one in shown["checks"] if one["passed"]}
    assert set(row["passed"]) == passed
    assert {one["check"] for one in row["failed"]} == {"made"}  # the wave returns nothing


@pytest.mark.parametrize(
    ("size", "message"), [(None, "cannot be read"), (17 << 20, "is larger than 16777216 bytes")]
)
def test_results_that_cannot_be_read_leave_no_site(
    make_wheel: Callable[..., Path], tmp_path: Path, size: int | None, message: str
) -> None:
    file = tmp_path / "check.json"
    if size is not None:
        file.write_bytes(b" " * size)
    with pytest.raises(PublishingError, match=f"check.json {message}"):
        run("build", make_wheel(), "--out", tmp_path / "site", "--results", file)
    assert not (tmp_path / "site").exists()


def test_pages_are_written_again(site: Path) -> None:
    (site / "index.html").unlink()
    (site / "simple/old.html").touch()
    said = run("pages", site)
    assert said.startswith(f"{site}: 1 of ")
    assert said.endswith(" pages written, 1 removed\n")
    assert run("verify", site) == f"{site}: sound\n"


PIP = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-cache-dir"]
UV = [sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--no-cache"]


@pytest.mark.slow
@pytest.mark.parametrize("installer", [PIP, [*UV, "--python", sys.executable]], ids=["pip", "uv"])
def test_installers_take_this_repositorys_plugins_from_the_site(
    plugin_wheels: Path,
    plugin_components: Path,
    tmp_path: Path,
    serve: Serve,
    installer: list[str],
) -> None:
    site, target = tmp_path / "site", tmp_path / "installed"
    run("build", plugin_wheels, "--out", site, "--components", plugin_components)
    with serve(site) as address:
        options = ["--target", str(target), "--index-url", f"{address}/simple/"]
        done = subprocess.run(
            [*installer, *options, "kplug-penalties"], capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr
    assert (target / "kplug_penalties/__init__.py").is_file()
    show = [sys.executable, "-m", "kplug", "env", "--json"]
    paths = os.pathsep.join([str(target), *sys.path])
    shown = subprocess.run(show, capture_output=True, env={**os.environ, "PYTHONPATH": paths})
    plugins = {row["distribution"]: row for row in json.loads(shown.stdout)["plugins"]}
    (wheel,) = plugin_wheels.glob("kplug_penalties-*.whl")
    assert plugins["kplug-penalties"]["hash"] in list_code_hashes(wheel)
    if installer is PIP:  # PEP 658: the wheel is fetched for nothing but installing
        assert "whl.metadata" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("installer", [PIP, [*UV, "--python", sys.executable]], ids=["pip", "uv"])
def test_installers_take_the_wheel_of_a_version_that_is_for_this_machine(
    make_wheel: Callable[..., Path], tmp_path: Path, serve: Serve, installer: list[str]
) -> None:
    site, target = tmp_path / "site", tmp_path / "installed"
    own = f"kplug_waves-1.0-{next(iter(sys_tags()))}.whl"
    code = {"kplug_waves/__init__.py": CODE, "kplug_waves/own.so": "compiled"}
    run("build", make_wheel(filename=own, code=code), make_wheel(), "--out", site)
    with serve(site) as address:
        options = ["--target", str(target), "--index-url", f"{address}/simple/", "kplug-waves"]
        done = subprocess.run([*installer, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (target / "kplug_waves/own.so").exists()


@pytest.mark.slow
def test_the_site_has_what_kplug_lists(
    plugin_wheels: Path, plugin_components: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    run("build", plugin_wheels, "--out", site, "--components", plugin_components)
    listed = {
        (row["distribution"], row["kind"], row["name"])
        for row in json.loads(plugin_components.read_text())["components"]
        if row["distribution"] not in ("kplug", "torch")
    }
    found = {
        (data["distribution"], row["kind"], row["name"])
        for data in (json.loads(path.read_text()) for path in site.glob("releases/*/*.json"))
        for row in data["components"]
    }
    assert found == listed
