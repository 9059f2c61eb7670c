"""``kplug registry``: a root is shown and checked before a setting names it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from kplug_registry.client import adding
from kplug_registry.client.configured_registries import require_registries
from kplug_registry.client.settings import read_registries
from kplug_registry.errors import RegistrySettingError, TrustError, UnreachableSiteError
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.roots import get_fingerprint
from kplug_registry.trust.signing_lifetimes import Lifetimes
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from tests.plugins.signed_sites import SignedFolder, make_signed_folder, offer

PROJECT = """# of the project
[project]
name = "pond"

[tool.kplug]
plugins = ["kplug-registry", "kplug-pond"]  # ours

[tool.other]
key = 1
"""


@pytest.fixture
def site(tmp_path: Path) -> SignedFolder:
    made = make_signed_folder(tmp_path, threshold=2)
    offer(made, "kplug-pond", "1.0", ("loss", "pond_loss"))
    return made


def call(*words: str, answer: str = "") -> str:
    result = CliRunner().invoke(app, ["registry", *words], input=answer)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    kplug.reload()
    return result.output


def list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_root_is_shown_and_pinned_when_it_is_agreed_to(machine: Path, site: SignedFolder) -> None:
    address, fingerprint = site.site.as_uri(), get_fingerprint(site.root)
    shown = call("add", "team", address, answer="n\n")
    assert f"  {fingerprint}\n  2 of its 2 keys sign the next one; valid until " in shown
    assert shown.endswith("[y/N]: n\nAborted!\n")
    assert not list_files(machine)
    assert call("add", "team", address, answer="y\n").endswith(
        f"the registry team is set in {machine / 'pyproject.toml'}\n"
    )
    (setting,) = read_registries()
    assert (setting.name, setting.root, setting.is_online) == ("team", fingerprint, False)
    assert [each.name for each in require_registries()] == ["team"]


def test_a_fingerprint_or_a_file_is_not_asked_about(machine: Path, site: SignedFolder) -> None:
    root = machine / "root.json"
    root.write_bytes(site.root)
    by_file = call("add", "one", site.site.as_uri(), "--root", "root.json")
    by_hash = call(
        "add", "two", site.site.as_uri(), "--root", get_fingerprint(site.root), "--online"
    )
    assert "offers a root" not in by_file + by_hash
    one, two = read_registries()
    assert one.root == two.root == get_fingerprint(site.root)
    assert (one.is_online, two.is_online) == (False, True)


def test_the_rest_of_a_file_stays_as_it_is(machine: Path, site: SignedFolder) -> None:
    file = machine / "pyproject.toml"
    file.write_text(PROJECT)
    call("add", "team", site.site.as_uri(), "--yes")
    found = file.read_text()
    assert found.startswith(PROJECT.partition("[tool.other]")[0].rstrip())
    assert "[tool.other]\nkey = 1\n" in found
    call("remove", "team")
    assert file.read_text().split() == PROJECT.split()


def test_a_file_of_settings_alone(
    machine: Path, site: SignedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = machine / "policy.toml"
    policy.write_text("plugins = ['kplug-registry']\n")
    monkeypatch.setenv("KPLUG_POLICY", str(policy))
    kplug.reload()
    call("add", "team", site.site.as_uri(), "--yes", "--file", "policy.toml")
    (setting,) = read_registries()
    assert setting.file == policy


def test_registries_are_listed_in_their_order(machine: Path, site: SignedFolder) -> None:
    assert call("list") == "no registry is set; `kplug registry add NAME URL` adds one\n"
    for name in ("west", "east"):
        call("add", name, site.site.as_uri(), "--yes")
    lines = call("list").splitlines()
    assert [line for line in lines if not line.startswith(" ")] == ["west", "east"]
    assert f"  set in: {machine / 'pyproject.toml'}" in lines


def test_what_is_not_signed_by_the_root_is_not_set(
    machine: Path, site: SignedFolder, tmp_path: Path
) -> None:
    other = make_signed_folder(tmp_path, "other")
    with pytest.raises(TrustError, match="has no root with the fingerprint"):
        call("add", "team", site.site.as_uri(), "--root", get_fingerprint(other.root))
    site.sign(Lifetimes(timestamp=-1))
    with pytest.raises(TrustError, match="expired"):
        call("add", "team", site.site.as_uri(), "--yes")
    assert not list_files(machine)
    assert not list_files(tmp_path / "data")


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        (("Team", "file:///x"), RegistrySettingError, "has a name that is none"),
        (
            ("team", "../site"),
            RegistrySettingError,
            "has the url '../site', which is no address of https:, http: or file:",
        ),
        (("team", "https://anna:pw@x.example/"), RegistrySettingError, "with a user, a query"),
        (("team", "{here}/nothing"), TrustError, "has no root that could be trusted"),
        (("team", "http://127.0.0.1:9/"), UnreachableSiteError, "cannot be had"),
        (("team", "{site}", "--root", "absent.json"), TrustError, "cannot be read: No such file"),
        (("team", "{site}", "--root", "sha256:12"), TrustError, "has no root with the fingerprint"),
    ],
)
def test_mistakes_write_nothing(
    machine: Path,
    site: SignedFolder,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    error: type[Exception],
    text: str,
) -> None:
    monkeypatch.setattr(adding, "SiteFetcher", partial(SiteFetcher, retries=0))
    given = [each.format(here=machine.as_uri(), site=site.site.as_uri()) for each in words]
    with pytest.raises(error, match=text):
        call("add", *given, "--yes")
    assert not list_files(machine)


def test_a_name_is_given_once(machine: Path, site: SignedFolder) -> None:
    call("add", "team", site.site.as_uri(), "--yes")
    before = (machine / "pyproject.toml").read_bytes()
    with pytest.raises(RegistrySettingError, match="there is a registry 'team', set in"):
        call("add", "team", site.site.as_uri(), "--yes")
    with pytest.raises(RegistrySettingError, match="has no registry 'south'"):
        call("remove", "south")
    assert (machine / "pyproject.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[tool", "is not valid TOML"),
        ("[tool.kplug]\nregistries = 3\n", "'registries' in .* is no table"),
        (
            "[tool.kplug.registries]\nteam = {url = 'file:///x', root = 'x'}\n",
            "has a registry 'team'",
        ),
    ],
)
def test_a_file_that_cannot_be_written_into_stays(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(text)
    values = {"url": "https://x.example/", "root": f"sha256:{'0' * 64}"}
    with pytest.raises(RegistrySettingError, match=reason):
        adding.add_setting(file, "team", values)
    assert file.read_text() == text


def test_the_ends_of_lines_stay(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_bytes(b"[project]\r\nname = 'pond'\r\n")
    adding.add_setting(file, "team", {"url": "https://x.example/", "root": f"sha256:{'0' * 64}"})
    data = file.read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") > 2
