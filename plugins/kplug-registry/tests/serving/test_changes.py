"""Owners, scopes of tokens, yanks and private sites, over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.publishing import verify
from kplug_registry.serving.application import make_application
from kplug_registry.serving.audit_log import AuditLog
from kplug_registry.serving.database import Database
from kplug_registry.serving.served_sites import SiteFolder, WheelFolder
from kplug_registry.serving.tokens import TokenStore
from kplug_registry.storage import Folder
from starlette.testclient import TestClient

MakeWheel = Callable[..., Path]
Upload = Callable[..., Any]
Call = Callable[..., tuple[int, str]]
WAVES = "kplug-waves"


@pytest.fixture
def tokens(database: Database) -> TokenStore:
    return TokenStore(database)


@pytest.fixture
def bert(tokens: TokenStore) -> str:
    return tokens.add("bert")


@pytest.fixture
def call(client: TestClient) -> Call:
    """Return what sends a request and gives the status and the first line of the answer."""

    def send(method: str, path: str, token: str, content: str = "") -> tuple[int, str]:
        answer = client.request(method, path, content=content, auth=("__token__", token))
        return answer.status_code, answer.text.partition("\n")[0]

    return send


def read_file(site: Path, name: str = WAVES) -> Any:
    return json.loads((site / f"distributions/{name}.json").read_text())


def test_nobody_publishes_what_belongs_to_another(
    client: TestClient, site: Path, token: str, bert: str, upload: Upload, make_wheel: MakeWheel
) -> None:
    before = {path: path.read_bytes() for path in site.rglob("*.json")}
    answer = upload(client, make_wheel(version="2.0"), bert)
    assert (answer.status_code, answer.text) == (
        403,
        "kplug-waves belongs to anna, and not to bert\n  An owner or whoever runs the registry adds "
        "others: kplug owner add kplug-waves bert --to SITE",
    )
    assert {path: path.read_bytes() for path in site.rglob("*.json")} == before
    assert upload(client, make_wheel("kplug-tides"), bert).status_code == 200
    assert upload(client, make_wheel("kplug-tides", "2.0"), token).status_code == 403
    assert read_file(site, "kplug-tides")["owners"] == ["bert"]
    assert [each["publisher"] for each in read_file(site, "kplug-tides")["releases"]] == ["bert"]


def test_an_owner_adds_another_who_may_publish(
    client: TestClient,
    site: Path,
    token: str,
    bert: str,
    call: Call,
    upload: Upload,
    make_wheel: MakeWheel,
    database: Database,
) -> None:
    assert call("PUT", f"/owners/{WAVES}/bert", bert) == (
        403,
        "kplug-waves belongs to anna, and not to bert",
    )
    assert call("PUT", f"/owners/{WAVES}/bert", token) == (200, "kplug-waves belongs to anna, bert")
    assert call("PUT", f"/owners/{WAVES}/bert", token) == (400, "bert is an owner of kplug-waves")
    assert upload(client, make_wheel(version="2.0"), bert).status_code == 200
    changes = read_file(site)["owner_changes"]
    assert [(one["owner"], one["is_added"], one["by"]) for one in changes] == [
        ("anna", True, "anna"),
        ("bert", True, "anna"),
    ]
    log = AuditLog(database).list_last(10)
    assert [(one.action, one.subject, one.token, one.status) for one in log][:2] == [
        ("add owner", "kplug-waves bert", "bert", 403),
        ("add owner", "kplug-waves bert", "anna", 200),
    ]
    assert verify(Folder(site)) == []


def test_the_last_owner_stays(call: Call, site: Path, token: str) -> None:
    before = read_file(site)
    assert call("DELETE", f"/owners/{WAVES}/anna", token) == (
        400,
        "anna is the last owner of kplug-waves, and nobody could publish it then",
    )
    assert call("DELETE", f"/owners/{WAVES}/cora", token) == (
        400,
        "cora is no owner of kplug-waves",
    )
    assert read_file(site) == before


def test_an_owner_may_leave_to_another(call: Call, site: Path, token: str, bert: str) -> None:
    call("PUT", f"/owners/{WAVES}/bert", token)
    assert call("DELETE", f"/owners/{WAVES}/anna", token) == (200, "kplug-waves belongs to bert")
    assert call("PUT", f"/owners/{WAVES}/anna", token)[0] == 403
    assert read_file(site)["owners"] == ["bert"]


def test_of_owners_who_remove_each_other_one_stays(
    call: Call, site: Path, token: str, bert: str
) -> None:
    call("PUT", f"/owners/{WAVES}/bert", token)
    answers: list[int] = []

    def remove(own: str, other: str) -> None:
        answers.append(call("DELETE", f"/owners/{WAVES}/{other}", own)[0])

    threads = [
        threading.Thread(target=remove, args=args) for args in ((token, "bert"), (bert, "anna"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 403]
    assert len(read_file(site)["owners"]) == 1


@pytest.mark.parametrize("owner", ["An%20na", "Anna", "%D0%B0nna", "a" * 101, "operator%0A"])
def test_a_name_that_no_owner_can_have(call: Call, site: Path, token: str, owner: str) -> None:
    status, answer = call("PUT", f"/owners/{WAVES}/{owner}", token)
    assert status == 400
    assert "cannot be the name of an owner" in answer
    assert read_file(site)["owners"] == ["anna"]


@pytest.mark.parametrize(
    ("may", "only", "words"),
    [
        (["yank"], [], "the token 'ci' may not publish kplug-waves"),
        (["publish"], ["Kplug_Tides"], "the token 'ci' may not publish kplug-waves"),
    ],
)
def test_a_token_does_what_it_is_for(
    client: TestClient,
    tokens: TokenStore,
    upload: Upload,
    make_wheel: MakeWheel,
    may: list[str],
    only: list[str],
    words: str,
) -> None:
    ci = tokens.add("ci", "anna", may, only)
    answer = upload(client, make_wheel(version="2.0"), ci)
    assert (answer.status_code, answer.text.partition("\n")[0]) == (403, words)
    assert "It may " in answer.text


def test_a_token_for_one_distribution_publishes_it_and_changes_no_owner(
    client: TestClient,
    tokens: TokenStore,
    call: Call,
    upload: Upload,
    make_wheel: MakeWheel,
) -> None:
    ci = tokens.add("ci", "anna", ["publish"], ["Kplug_Waves"], days=1)
    assert upload(client, make_wheel(version="2.0"), ci).status_code == 200
    assert call("PUT", f"/owners/{WAVES}/mallory", ci) == (
        403,
        "the token 'ci' may not change the owners of kplug-waves",
    )
    assert call("PUT", f"/yanks/{WAVES}/1.0", ci, "no")[0] == 403


def test_a_token_ends(
    client: TestClient, tokens: TokenStore, upload: Upload, make_wheel: MakeWheel
) -> None:
    ci = tokens.add("ci", "anna", days=-1)
    answer = upload(client, make_wheel(version="2.0"), ci)
    assert answer.status_code == 401
    assert answer.text.startswith("the token 'ci' has expired at 20")


def test_a_release_is_yanked_and_offered_again(
    call: Call, site: Path, token: str, bert: str
) -> None:
    path = f"/yanks/{WAVES}/1.0"
    assert call("PUT", path, bert, "mine") == (403, "kplug-waves belongs to anna, and not to bert")
    assert call("PUT", path, token, "wrong\nsign") == (200, "kplug-waves 1.0 is yanked")
    assert read_file(site)["releases"][0]["yanked"] == "wrong sign"
    assert call("DELETE", path, token) == (200, "kplug-waves 1.0 is offered again")
    assert read_file(site)["releases"][0]["yanked"] is None
    for reason in ("", " \n", "x" * 501, "x" * 9000, "\x1b[2J"):
        status, answer = call("PUT", path, token, reason)
        assert (status, answer.startswith("the reason has ")) == (400, True), reason
    assert call("PUT", "/yanks/kplug-waves/9.0", token, "gone")[0] == 400
    assert verify(Folder(site)) == []


def test_a_folder_of_wheels_is_not_changed(
    database: Database, token: str, make_wheel: MakeWheel
) -> None:
    with TestClient(make_application(WheelFolder(make_wheel().parent), database)) as client:
        for path in (f"/yanks/{WAVES}/1.0", f"/owners/{WAVES}/bert"):
            answer = client.put(path, content="why", auth=("__token__", token))
            assert (answer.status_code, "a folder of wheels" in answer.text) == (400, True)


@pytest.fixture
def private(site: Path, database: Database) -> Iterator[TestClient]:
    with TestClient(make_application(SiteFolder(site), database, is_private=True)) as client:
        yield client


def test_a_private_site_is_read_with_a_token(private: TestClient, tokens: TokenStore) -> None:
    reader, writer = tokens.add("r", "cora", ["read"]), tokens.add("w", "cora", ["publish"])
    for path in ("/registry.json", "/simple/", f"/files/{WAVES}", "/openapi.json"):
        answer = private.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (
            401,
            'Basic realm="kplug"',
        )
        assert "content-security-policy" in answer.headers
        assert private.get(path, auth=("__token__", writer)).status_code == 401
    assert private.head("/registry.json").status_code == 401
    assert private.get("/_/oidc/audience").json() == {"audience": "testserver"}  # before any token
    for path in ("/registry.json", "/files/kplug_waves-1.0-py3-none-any.whl", "/simple/", "/"):
        answer = private.get(path, auth=("__token__", reader))
        kept = answer.headers["cache-control"]
        assert kept == "no-cache" or kept.startswith("private, "), path  # not for a proxy's others
    assert private.get("/registry.json", auth=("__token__", reader)).status_code == 200
    assert private.get("/health").status_code == 200
