"""``kplug search``, ``install``, ``uninstall``, ``outdated``: output and installer calls."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kplug_registry.client import installing
from kplug_registry.client.configured_registries import open_registries
from kplug_registry.errors import InstallationError, RegistrySettingError, UnreachableSiteError
from kplug_registry.site_format import SiteFile, current_time
from kplug_registry.trust.roots import get_fingerprint
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from tests.plugins.signed_sites import SignedFolder, configure, make_signed_folder, offer

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
HERE = kplug.__version__  # all distributions here have the same
PIP = [sys.executable, "-m", "pip"]


@pytest.fixture
def site(machine: Path, tmp_path: Path) -> SignedFolder:
    made = make_signed_folder(tmp_path)
    offer(made, "kplug-pond", "1.0", ("loss", "pond_loss"))
    configure(machine, made)
    return made


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Return the commands that would have been run."""
    commands: list[Sequence[str]] = []

    def run(command: Sequence[str], **settings: object) -> SimpleNamespace:
        commands.append(command)
        sys.stdout.write("" if "stdout" in settings else "words of pip")
        return SimpleNamespace(returncode=0, stdout="kept words of pip")

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def call(*words: str, answer: str = "", status: int = 0) -> str:
    result = CliRunner().invoke(app, words, input=answer)
    assert result.exit_code == status, (result.output, result.exception)
    return result.stdout


def test_lifecycles_are_shown_where_something_is_chosen(site: SignedFolder) -> None:
    facts: dict[str, Any] = {"lifecycle": "archived", "successor": "kplug-lakes"}
    offer(site, "kplug-pond", "1.1", ("loss", "pond_loss"), **facts)
    assert "  kplug-pond, archived, registry site: " in call("search", "pond")
    found = json.loads(call("search", "pond", "--json"))["components"]
    assert [each["lifecycle"] for each in found] == ["archived"]
    planned = call("install", "pond_loss", "--dry-run")
    assert "  archived by its author; use kplug-lakes\n" in planned


def test_settings_keep_out_what_is_archived(site: SignedFolder, machine: Path) -> None:
    offer(site, "kplug-pond", "1.1", ("loss", "pond_loss"), lifecycle="archived")
    with (machine / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("[tool.kplug]\nload-archived = false\n")
    kplug.reload()
    result = CliRunner().invoke(app, ["install", "kplug-pond", "--yes"])
    assert isinstance(result.exception, InstallationError)
    assert "kplug-pond 1.1: 'load-archived' in" in result.exception.message
    assert "is off and it is archived" in result.exception.message
    assert "kplug-pond 1.0" in call("install", "kplug-pond==1.0", "--dry-run")


def test_search(site: SignedFolder) -> None:
    line = "loss pond_loss\n  kplug-pond, registry site: kplug install kplug-pond\n"
    assert call("search", "pond") == line
    assert call("search", "pond", "--kind", "losses") == line
    assert call("search", "pond", "--kind", "metric", status=1) == "Nothing found for 'pond'.\n"
    (found,) = json.loads(call("search", "pond", "--json"))["components"]
    assert found == {
        "kind": "loss",
        "name": "pond_loss",
        "distribution": "kplug-pond",
        "summary": "",
        "is_qualified_only": False,
        "lifecycle": None,
        "score": 0,
        "since": "",
        "level": "",
        "licence": "",
        "registry": "site",
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give words, or the --kind of which all are wanted"),
        (["--level", "gold"], "give words, or the --kind of which all are wanted"),
        (["pond", "--level", "platinum"], "--level 'platinum' is none of bronze, silver, gold"),
        (["pond", "--lifecycle", "new"], "--lifecycle 'new' is none of experimental, stable"),
        (["pond", "--licence", "MITT"], "--licence 'mitt' is none of 0bsd, agpl"),
        (["pond", "--sort", "size"], "--sort 'size' is none of match, score, newest, name"),
    ],
)
def test_a_filter_that_nothing_can_have_is_refused(
    site: SignedFolder, words: list[str], message: str
) -> None:
    result = CliRunner().invoke(app, ["search", *words])
    assert result.exit_code == 2
    assert message in " ".join(re.sub("[│╭╰─╮╯]", " ", result.output).split())


def test_install_shows_what_comes_from_where_and_asks(
    site: SignedFolder, ran: list[Sequence[str]]
) -> None:
    shown = call("install", "pond_loss", answer="n\n", status=1)
    address = site.site.as_uri()
    requirement = f"kplug-pond @ {address}/files/kplug_pond-1.0-py3-none-any.whl#sha256={EMPTY}"
    assert shown.startswith(
        f"install kplug-pond 1.0 from the registry site ({address}/, signed)\n"
        f"  kplug_pond-1.0-py3-none-any.whl, 0 bytes, sha256:{EMPTY}\n"
        f"  {sys.executable} -m pip install '{requirement}'\n"
        "Install this? [y/N]:"
    )
    assert not ran
    done = call("install", "pond_loss", answer="y\n")
    assert done.splitlines()[-1] == "installed kplug-pond 1.0"
    assert "words of pip" not in done
    assert "words of pip" in call("install", "pond_loss", "--yes", "-v")
    assert ran == [[*PIP, "install", requirement]] * 2
    ran.clear()
    call("install", "pond_loss", "--yes", "--", "--no-deps")
    assert ran == [[*PIP, "install", "--no-deps", requirement]]


def test_a_dry_run_installs_nothing(site: SignedFolder, ran: list[Sequence[str]]) -> None:
    call("install", "kplug-pond", "--dry-run")
    data = json.loads(call("install", "kplug-pond", "--dry-run", "--json"))
    assert data["install"][0]["distribution"] == "kplug-pond"
    assert data["command"][:4] == [*PIP, "install"]
    assert not ran


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("disable = ['kplug-pond']", "'disable' in {file} names it"),
        ("plugins = ['kplug-registry']", "'plugins' in {file} does not name it"),
        ("plugins = ['kplug-registry', 'kplug-pond==0.9']", "'plugins' in {file} asks for ==0.9"),
    ],
    ids=["denied", "not allowed", "another version"],
)
def test_what_settings_keep_from_loading_is_shown_and_not_installed(
    machine: Path, site: SignedFolder, ran: list[Sequence[str]], setting: str, reason: str
) -> None:
    file = machine / "pyproject.toml"
    file.write_text(f"[tool.kplug]\n{setting}\n{file.read_text()}")
    kplug.reload()
    for options in (["--yes"], ["--dry-run"]):
        result = CliRunner().invoke(app, ["install", "pond_loss", *options])
        assert result.stdout.startswith("install kplug-pond 1.0 from the registry site (file:")
        assert isinstance(result.exception, InstallationError)
        assert str(result.exception) == (
            "nothing is installed, as it would not be loaded. kplug-pond 1.0: "
            f"{reason.format(file=file)}\n  Name a version that may load (kplug install NAME==VERSION), "
            "or change the setting; `kplug env` shows all, and `kplug audit` what was recalled."
        )
    assert not ran


def test_a_version_that_settings_pin_is_installed(
    machine: Path, site: SignedFolder, ran: list[Sequence[str]]
) -> None:
    file = machine / "pyproject.toml"
    pins = f"strict = true\nplugins = ['kplug-registry=={HERE}', 'kplug-pond==1.0']\n"
    file.write_text(f"[tool.kplug]\n{pins}{file.read_text()}")
    kplug.reload()
    call("install", "kplug-pond==1.0", "--yes")
    assert len(ran) == 1


def test_the_environment_shows_the_registries(machine: Path, site: SignedFolder) -> None:
    file = machine / "pyproject.toml"
    with file.open("a") as settings:
        settings.write("[tool.kplug.registries.other]\nurl = 'https://other.example/'\n")
        settings.write("trust = 'unsigned'\nonline = true\n")
    kplug.reload()
    never = call("env").partition("Registries:\n")[2]
    assert never == (
        f"  site\n    address: {site.site.as_uri()}\n"
        f"    trusted root: {get_fingerprint(site.root)}\n    last verified: never\n"
        f"    asked: by commands of registries alone\n    set in: {file}\n"
        "  other\n    address: https://other.example/\n"
        "    trusted root: none: it is believed without signatures\n"
        f"    asked: also for unknown names\n    set in: {file}\n"
    )
    (first, _) = open_registries()
    before = current_time()
    first.fetch(SiteFile, "registry.json")
    sections = {each["title"]: each for each in json.loads(call("env", "--json"))["sections"]}
    entries = sections["Registries"]["entries"]
    assert before <= entries["site"]["last verified"] <= current_time()


def test_a_registry_that_cannot_be_understood_is_shown_by_the_environment(machine: Path) -> None:
    (machine / "pyproject.toml").write_text("[tool.kplug.registries.site]\npath = 3\n")
    kplug.reload()
    said = f"Not shown: kplug-registry {HERE}: kplug_environment raised RegistrySettingError"
    assert said in call("env")


def test_an_unsigned_registry_is_called_so(machine: Path, site: SignedFolder) -> None:
    (machine / "pyproject.toml").write_text(
        f'[tool.kplug.registries.site]\npath = "{site.site}"\ntrust = "unsigned"'
    )
    assert f"from the registry site ({site.site.as_uri()}/, UNSIGNED)" in call(
        "install", "kplug-pond", "--dry-run"
    )


def test_texts_of_a_registry_cannot_control_a_terminal(site: SignedFolder) -> None:
    offer(site, "kplug-pond", "1.1", ("loss", "pond_loss"), yanked="\x1b[2Jgone\nall is well")
    shown = call("install", "kplug-pond==1.1", "--dry-run")
    assert "withdrawn by its publisher: ?[2Jgone?all is well" in shown


def test_without_registries(machine: Path) -> None:
    kplug.reload()
    result = CliRunner().invoke(app, ["search", "pond"])
    assert isinstance(result.exception, RegistrySettingError)
    assert "no registry is configured" in str(result.exception)


def test_uninstall(machine: Path, ran: list[Sequence[str]]) -> None:
    shown = call("uninstall", "dice_loss", answer="y\n")
    assert shown.startswith(
        f"uninstall kplug-segmentation\n  {sys.executable} -m pip uninstall --yes kplug-segmentation\n"
    )
    assert shown.splitlines()[-1] == "uninstalled kplug-segmentation"
    assert "words of pip" not in shown
    assert ran == [[*PIP, "uninstall", "--yes", "kplug-segmentation"]]
    call("uninstall", "Kplug_Segmentation", "--dry-run")
    assert len(ran) == 1


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("pip", "no installed plugin is named 'pip' or declares a component of that name"),
        ("kplug-registry", "kplug-registry runs this command"),
        ("l1", "no installed plugin is named 'l1'"),
    ],
)
def test_what_is_not_uninstalled(
    machine: Path, ran: list[Sequence[str]], wanted: str, message: str
) -> None:
    result = CliRunner().invoke(app, ["uninstall", wanted, "--yes"])
    assert isinstance(result.exception, InstallationError)
    assert message in str(result.exception)
    assert not ran


@pytest.mark.parametrize("is_verbose", [False, True])
def test_an_installer_that_fails_is_told_with_its_words(
    is_verbose: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    code = "import sys; print('no such'); print('wheel', file=sys.stderr); sys.exit(3)"
    with pytest.raises(InstallationError, match="ended with status 3"):
        installing.run_installer([sys.executable, "-c", code], is_verbose)
    out, err = capfd.readouterr()
    assert sorted((out + err).split()) == ["no", "such", "wheel"]
    assert is_verbose or not out


def test_an_installer_that_succeeds_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    code = "import os; print(os.environ['PIP_NO_INPUT'])"
    installing.run_installer([sys.executable, "-c", code], is_verbose=False)
    assert capfd.readouterr() == ("", "")


def test_outdated(machine: Path, site: SignedFolder) -> None:
    assert call("outdated") == "Everything is up to date.\n"
    offer(site, "kplug-segmentation", HERE, ("loss", "dice_loss"), yanked="wrong gradient")
    offer(site, "kplug-penalties", "1.99", ("regularizer", "l1_reg"))
    assert call("outdated", status=1) == (
        f"kplug-penalties {HERE}: 1.99 in the registry site\n"
        f"  the registry does not have the installed {HERE}, so who published that is unknown\n"
        "  numbers that cannot be compared: the version that is here has no recorded numbers\n"
        f"kplug-segmentation {HERE}: no version that fits in the registry site; "
        "withdrawn: wrong gradient\n"
    )
    (first, second) = json.loads(call("outdated", "--json", status=1))["outdated"]
    assert (first["newest"], second["yanked"]) == ("1.99", "wrong gradient")


def test_after_a_fetch_every_name_is_known_without_a_network(
    machine: Path, site: SignedFolder, tmp_path: Path
) -> None:
    unsigned = make_signed_folder(tmp_path, "unsigned")
    with (machine / "pyproject.toml").open("a") as settings:
        settings.write(
            f'[tool.kplug.registries.other]\npath = "{unsigned.site}"\ntrust = "unsigned"'
        )
    shown = call("fetch").splitlines()
    assert shown[1] == "other: it is not signed, so nothing says which files it has"
    assert (
        shown[0] == "site: 13 files"
    )  # of the component, the distribution, three words, six beginnings, the site, one more
    shutil.rmtree(site.site)
    kplug.reload()
    with pytest.raises(kplug.UnknownComponentError, match="kplug install kplug-pond"):
        kplug.resolve("loss", "pond_loss")
    assert "kplug-pond, registry site" in call("search", "pond loss", "--offline")
    result = CliRunner().invoke(app, ["fetch"])
    assert isinstance(result.exception, UnreachableSiteError)
