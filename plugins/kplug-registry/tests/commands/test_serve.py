"""``kplug token``, and refusals of ``kplug serve`` before it serves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import SiteView
from kplug_registry.building.releases import find_release
from kplug_registry.checking import list_unchecked
from kplug_registry.errors import ServingError
from kplug_registry.serving.audit_log import AuditLog
from kplug_registry.serving.database import Database
from kplug_registry.serving.oidc import OidcVerifier
from kplug_registry.serving.served_sites import ServedSite
from kplug_registry.serving.tokens import TokenStore
from kplug_registry.storage import Folder
from typer.testing import CliRunner

from kplug.cli.app import app
from kplug.errors import MissingLibraryError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_data_path", lambda name: tmp_path / name)
    return tmp_path / "kplug/serve.sqlite"


def find(tokens: TokenStore, text: str) -> str | None:
    """Return the name of a token by its text."""
    token = tokens.find(text)
    return None if token is None else token.name


def call(*words: object) -> str:
    result = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_tokens_are_made_listed_and_revoked(file: Path) -> None:
    text = call("token", "add", "anna").rstrip("\n")
    assert find(TokenStore(Database(file)), text) == "anna"
    assert call("token", "list").startswith("anna  since 2")
    call("token", "revoke", "anna")
    assert call("token", "list") == ""


def test_a_server_may_have_a_database_of_its_own(file: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.sqlite"
    text = call("token", "add", "anna", "--database", own)
    assert find(TokenStore(Database(own)), text.rstrip("\n")) == "anna"
    assert not file.exists()


def test_the_log_says_who_uploaded_what_and_what_came_of_it(file: Path) -> None:
    log = AuditLog(Database(file))
    entry = log.begin("192.0.2.1")
    entry.token, entry.subject, entry.sha256 = "anna", "kplug_waves-1.0-py3-none-any.whl", "ab12"
    entry.status, entry.answer = 200, "kplug-waves 1.0 is published"
    log.finish(entry)
    log.begin("192.0.2.2")
    done, open_ = call("token", "log").splitlines()
    assert done.removeprefix(entry.began) == (
        "  192.0.2.1 anna  kplug_waves-1.0-py3-none-any.whl sha256=ab12  200 kplug-waves 1.0 is published"
    )
    assert open_.endswith("  192.0.2.2 (no token)  (no wheel) sha256=-  - (unfinished)")
    (last,) = json.loads(call("token", "log", "--last", 1, "--json"))["changes"]
    assert (last["number"], last["address"], last["status"]) == (2, "192.0.2.2", None)


@pytest.mark.usefixtures("file")
def test_only_the_named_identity_providers_are_accepted(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted: list[tuple[str, ...]] = []

    def make(*given: object) -> object:
        accepted.extend(one.issuers for one in given if isinstance(one, OidcVerifier))
        return object()

    monkeypatch.setattr("kplug_registry.serving.application.make_application", make)
    monkeypatch.setattr("kplug_registry.serving.server.run_server", lambda *_: None)
    call("serve", site)
    urls = ("https://gitlab.com", "https://example.org")
    call("serve", site, "--oidc-issuer", urls[0], "--oidc-issuer", urls[1])
    assert accepted == [(), urls]


@pytest.mark.usefixtures("file")
def test_uploads_are_checked_where_that_is_switched_on(
    site: Path, make_wheel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[ServedSite] = []

    def serve(*_: object) -> None:
        served[0].publish(make_wheel("kplug-tides"), "anna")
        until = time.monotonic() + 60
        while ("kplug-tides", "1.0") in list_unchecked(Folder(site)) and time.monotonic() < until:
            time.sleep(0.05)

    monkeypatch.setattr(
        "kplug_registry.serving.application.make_application",
        lambda site, *_: served.append(site),
    )
    monkeypatch.setattr("kplug_registry.serving.server.run_server", serve)
    call("serve", site, "--check", "--sandbox", "sh -c 'echo no waves >&2; exit 1'")
    assert list(list_unchecked(Folder(site))) == [("kplug-waves", "1.0")]
    results = find_release(SiteView(Folder(site)), "kplug-tides", "1.0").results
    assert results is not None
    assert results.problems == ("its check ended without results, with status 1: no waves",)


@pytest.mark.usefixtures("file")
def test_without_its_libraries_the_command_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "kplug_registry.commands.serve.find_spec", {"starlette": object(), "uvicorn": None}.get
    )
    with pytest.raises(MissingLibraryError) as caught:
        call("serve", tmp_path)
    assert str(caught.value) == (
        "kplug serve needs uvicorn, python_multipart, joserfc, which cannot be imported\n"
        '  Install it with: pip install "kplug-registry[serve]"'
    )


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--tls-key", "key.pem"], "--tls-key needs --tls-cert"),
        (["--pull-from", "company", "--keys", "keys"], "--pull-from shows what another"),
        (["--pull-from", "company", "--check"], "has signed: no --keys, no --check"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, options: list[str], reason: str
) -> None:
    result = CliRunner().invoke(app, ["serve", str(tmp_path), *options])
    assert result.exit_code == 2
    assert reason in " ".join(result.output.split())


@pytest.mark.usefixtures("file")
def test_a_folder_without_wheels_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ServingError, match="neither the site of a registry nor a folder of wheels"):
        call("serve", tmp_path)
