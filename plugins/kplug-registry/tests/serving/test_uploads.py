"""Uploads: acceptance, refusals with their messages, and the log."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.errors import BusySiteError
from kplug_registry.publishing import verify
from kplug_registry.serving.application import make_application
from kplug_registry.serving.audit_log import AuditLog
from kplug_registry.serving.database import Database
from kplug_registry.serving.served_sites import SiteFolder, WheelFolder, open_site
from kplug_registry.serving.tokens import TokenStore
from kplug_registry.serving.upload_limits import RateLimit, UploadLimits
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import SigningKeys, generate_keys, read_keys
from kplug_registry.trust.roots import lay_out_root, make_root
from kplug_registry.trust.signing import sign_site, write_file
from starlette.testclient import TestClient

MakeWheel = Callable[..., Path]
Upload = Callable[..., Any]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that all temporary files of a test are in."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def wheel(make_wheel: MakeWheel) -> Path:
    return make_wheel(version="2.0")


def read_files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and ".kplug" not in path.parts)
    return {str(path): path.read_bytes() for path in found}


def test_an_upload_is_published(
    client: TestClient, site: Path, wheel: Path, token: str, upload: Upload, temporary: Path
) -> None:
    answer = upload(client, wheel, token)
    assert (answer.status_code, answer.text) == (200, "kplug-waves 2.0 is published")
    assert (site / "files" / wheel.name).read_bytes() == wheel.read_bytes()
    assert '"version":"2.0"' in client.get("/distributions/kplug-waves.json").text
    assert verify(Folder(site)) == []
    assert not list(temporary.iterdir())


def test_an_upload_is_noted(
    client: TestClient, database: Database, wheel: Path, token: str, upload: Upload
) -> None:
    upload(client, wheel, token)
    upload(client, wheel, token)
    upload(client, wheel)
    done, again, unknown = AuditLog(database).list_last(10)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert (done.address, done.token, done.subject) == ("testclient", "anna", wheel.name)
    assert (done.sha256, done.status, done.answer) == (digest, 200, "kplug-waves 2.0 is published")
    assert (again.status, again.answer) == (
        409,
        "kplug_waves-2.0-py3-none-any.whl is published already, and a wheel is never replaced",
    )
    assert (unknown.token, unknown.subject, unknown.status) == (None, None, 401)


REFUSALS: dict[str, tuple[dict[str, str], int, str]] = {
    "no action": (
        {":action": "submit"},
        400,
        "'submit' is no action of this server\n  Upload with",
    ),
    "other bytes": (
        {"sha256_digest": "0" * 64},
        400,
        f"its form says '{'0' * 64}'\n  Upload it again; ",
    ),
    "no digest": ({"sha256_digest": ""}, 400, "its form says ''"),
    "sdist": (
        {"filename": "kplug_waves-2.0.tar.gz"},
        400,
        "a registry takes wheels alone\n  Give the wheels, not the sdists: twine upload dist/*.whl",
    ),
    "path": (
        {"filename": "../../kplug_waves-2.0-py3-none-any.whl"},
        400,
        "is not the name of a wheel",
    ),
    "absolute": (
        {"filename": "/kplug_waves-2.0-py3-none-any.whl"},
        400,
        "is not the name of a wheel",
    ),
    "null": ({"filename": "kplug_waves-2.0\0-py3-none-any.whl"}, 400, "is not the name of a wheel"),
    "other name": ({"filename": "kplug_tides-2.0-py3-none-any.whl"}, 400, "not of kplug-tides 2.0"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_wrong_form_is_refused(
    case: str,
    client: TestClient,
    site: Path,
    wheel: Path,
    token: str,
    upload: Upload,
    temporary: Path,
) -> None:
    fields, status, words = REFUSALS[case]
    before = read_files(site)
    answer = upload(client, wheel, token, **fields)
    assert answer.status_code == status
    assert words in answer.text
    assert read_files(site) == before
    assert not list(temporary.iterdir())


def test_what_is_no_wheel_is_refused(client: TestClient, token: str, upload: Upload) -> None:
    answer = upload(client, b"no archive", token, "kplug_waves-2.0-py3-none-any.whl")
    assert answer.status_code == 400
    assert answer.text.startswith("kplug_waves-2.0-py3-none-any.whl: it cannot be opened")


@pytest.mark.parametrize("is_relative", [False, True])
def test_the_rules_of_a_site_hold_and_its_place_is_not_told(
    site: Path,
    database: Database,
    make_wheel: MakeWheel,
    token: str,
    upload: Upload,
    is_relative: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(site)
    served = open_site(Path() if is_relative else site)
    with TestClient(make_application(served, database)) as client:
        answer = upload(client, make_wheel("kplug-wave5"), TokenStore(database).add("bert"))
    assert answer.status_code == 403
    assert answer.text == (
        "the name 'kplug-wave5' is held: it is like 'kplug-waves', which the registry has\n"
        "  Give it a name that nobody takes for the other. Whoever runs the registry can allow it: "
        "kplug names allow kplug-wave5 --to SITE"
    )


@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (b"{}", {"Content-Type": "application/json"}, 415, "an upload is a form"),
        (b"", {}, 415, "an upload is a form"),
        (b"x", {"Content-Type": "multipart/form-data"}, 400, "Missing boundary"),
        (b"x", {"Content-Type": "multipart/form-data; boundary=b"}, 400, "the form cannot be read"),
        (b"--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}, 400, "no action"),
    ],
    ids=["json", "nothing", "no boundary", "broken", "empty"],
)
def test_what_is_no_form_is_refused(
    client: TestClient,
    token: str,
    content: bytes,
    headers: dict[str, str],
    status: int,
    words: str,
) -> None:
    answer = client.post("/legacy/", content=content, headers=headers, auth=("__token__", token))
    assert answer.status_code == status
    assert words in answer.text


def test_a_form_without_a_file_is_refused(client: TestClient, token: str) -> None:
    form = {":action": (None, "file_upload"), "content": (None, "text")}
    answer = client.post("/legacy/", files=form, auth=("__token__", token))
    assert (answer.status_code, answer.text.partition("\n")[0]) == (
        400,
        "the form has no file 'content'",
    )


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        (None, "an upload needs a token\n  Give it as the password of the user __token__"),
        ("Bearer abc", "an upload needs a token"),
        ("Basic !", "an upload needs a token"),
        ("Basic YW5uYTp4", "an upload needs a token"),  # anna:x
        ("Basic X190b2tlbl9fOng=", "the token is none of this server's"),  # __token__:x
        ("Basic X190b2tlbl9fOg==", "the token is none of this server's"),  # __token__:
    ],
    ids=["none", "scheme", "no base64", "user", "wrong", "empty"],
)
def test_without_a_valid_token_nothing_is_taken(
    client: TestClient, site: Path, authorization: str | None, words: str
) -> None:
    before = read_files(site)
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = client.post("/legacy/", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="kplug"')
    assert answer.text.startswith(words)
    assert read_files(site) == before


def test_a_server_without_tokens_is_only_read(
    client: TestClient, wheel: Path, upload: Upload
) -> None:
    answer = upload(client, wheel, "any")
    assert answer.status_code == 403
    assert answer.text == (
        "this server takes no uploads, as it has no tokens\n"
        "  Who runs it makes one with: kplug token add NAME"
    )


def test_a_revoked_token_is_refused_by_a_running_server(
    client: TestClient, database: Database, wheel: Path, token: str, upload: Upload
) -> None:
    TokenStore(database).add("bert")
    TokenStore(database).revoke("anna")
    assert upload(client, wheel, token).status_code == 401


@pytest.mark.parametrize("is_told", [True, False])
def test_what_is_too_large_is_refused(
    site: Path, database: Database, token: str, is_told: bool, temporary: Path
) -> None:
    """Whether the request says its length before, or lets it be counted."""
    head = b'--b\r\nContent-Disposition: form-data; name="content"; filename="a"\r\n\r\n'
    chunks = [head, *[b"x" * 500] * 9]
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    application = make_application(SiteFolder(site), database, UploadLimits(size=1000))
    content = b"".join(chunks) if is_told else iter(chunks)
    with TestClient(application) as client:
        answer = client.post(
            "/legacy/", content=content, headers=headers, auth=("__token__", token)
        )
    assert answer.status_code == 413
    assert answer.text == (
        "an upload may have 1000 bytes, and this one has more\n"
        "  The server allows more with: kplug serve --size-limit MIB"
    )
    assert not list(temporary.iterdir())


def test_what_takes_too_long_is_refused(
    site: Path, database: Database, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kplug_registry.serving.upload_form._LINGER", 0.01)
    application = make_application(SiteFolder(site), database, UploadLimits(seconds=0.01))
    answers: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)  # the client sends nothing

    async def send(message: Any) -> None:
        answers.append(message)

    basic = base64.b64encode(f"__token__:{token}".encode())
    headers = [
        (b"authorization", b"Basic " + basic),
        (b"content-type", b"multipart/form-data; boundary=b"),
    ]
    scope = {"type": "http", "method": "POST", "path": "/legacy/", "headers": headers}
    asyncio.run(application(scope, receive, send))
    start, body = answers
    assert start["status"] == 408
    assert body["body"].startswith(b"the upload was not here after 0.01 s\n  Try again")


def test_what_comes_too_fast_is_refused_and_not_noted(
    site: Path, database: Database, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = partial(RateLimit, clock=lambda: 90.0)
    monkeypatch.setattr("kplug_registry.serving.changes.RateLimit", clock)
    application = make_application(SiteFolder(site), database, UploadLimits(rate=2))
    with TestClient(application) as client:
        answers = [client.post("/legacy/", auth=("__token__", token)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [415, 415, 429]
    assert answers[-1].text.startswith("2 uploads a minute are taken, and this is one more\n  Try")
    assert answers[-1].headers["retry-after"] == "30"
    assert len(AuditLog(database).list_last(10)) == 2


def test_of_uploads_of_one_version_at_once_one_wins(
    client: TestClient, site: Path, make_wheel: MakeWheel, token: str, upload: Upload
) -> None:
    rivals = [make_wheel(version="2.0", metadata=f"Summary: {n}.\n").read_bytes() for n in range(4)]
    name = make_wheel(version="2.0").name
    answers: list[tuple[int, bytes]] = []

    def run(rival: bytes) -> None:
        answers.append((upload(client, rival, token, name).status_code, rival))

    threads = [threading.Thread(target=run, args=(rival,)) for rival in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409]
    assert (site / "files" / name).read_bytes() == dict(answers)[200]
    assert verify(Folder(site)) == []


def test_a_change_of_a_signed_site_is_signed(
    site: Path, database: Database, wheel: Path, token: str, upload: Upload, tmp_path: Path
) -> None:
    for path, data in lay_out_root(make_root(generate_keys(tmp_path / "keys"))).items():
        write_file(site / path, data)
    keys = read_keys(tmp_path / "keys")
    sign_site(Folder(site), keys)
    with TestClient(make_application(SiteFolder(site), database)) as client:
        answer = upload(client, wheel, token)
        assert answer.status_code == 400
        assert answer.text.startswith("the registry is signed, and a change without a signature")
    with TestClient(make_application(SiteFolder(site, SigningKeys()), database)) as client:
        answer = upload(client, wheel, token)
        assert answer.status_code == 503
        assert answer.text.startswith("the role 'targets' needs 1 of its keys to sign, and 0 are")
    with TestClient(make_application(SiteFolder(site, keys), database)) as client:
        assert upload(client, wheel, token).status_code == 200
    assert verify(Folder(site)) == []


def test_an_upload_while_another_publisher_writes_is_told_when_to_come_again(
    client: TestClient, token: str, upload: Upload, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(*_: object) -> str:
        raise BusySiteError("another publisher has been writing for 60 s", hint="Try again later.")

    monkeypatch.setattr(SiteFolder, "publish", publish)
    answer = upload(client, wheel, token)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert answer.text == "another publisher has been writing for 60 s\n  Try again later."


def test_a_folder_of_wheels_takes_no_uploads(
    database: Database, wheel: Path, token: str, upload: Upload
) -> None:
    with TestClient(make_application(WheelFolder(wheel.parent), database)) as client:
        answer = upload(client, wheel, token)
    assert answer.status_code == 400
    assert "this server shows a folder of wheels\n  Copy the wheel into that folder." in answer.text


def test_facts_come_with_their_wheel(
    client: TestClient, site: Path, make_wheel: MakeWheel, token: str, upload: Upload
) -> None:
    files = {"kplug_waves/__init__.py": "", "kplug_waves/plugin.py": "def kplug_losses(): ...\n"}
    wheel = make_wheel(
        version="2.0", code=files, entry_points="[kplug]\nplugin = kplug_waves.plugin\n"
    )
    refused = upload(client, wheel, token)
    assert refused.status_code == 400
    assert f"`kplug facts {wheel.name}`" in refused.text
    facts: dict[str, Any] = {
        "format": 1,
        "distribution": "kplug-waves",
        "version": "2.0",
        "sha256": "0" * 64,
        "components": [
            {"kind": "loss", "name": "ebb", "target": "functools:partial", "signature": "(a=1)"}
        ],
    }
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()

    def send() -> Any:
        form = {":action": "file_upload", "sha256_digest": digest}
        text = json.dumps(facts).encode()
        sent = {"content": (wheel.name, wheel.read_bytes()), "facts": ("f", text)}
        return client.post("/legacy/", data=form, files=sent, auth=("__token__", token))

    before = read_files(site)
    assert "is about a wheel with SHA-256 '0000" in send().text
    assert read_files(site) == before
    facts["sha256"] = digest
    assert send().text == "kplug-waves 2.0 is published"
    assert '"signature":"(a=1)"' in client.get("/components/loss/ebb.json").text


def test_a_wheel_that_takes_too_much_changes_nothing(
    client: TestClient, site: Path, make_wheel: MakeWheel, token: str, upload: Upload, wheel: Path
) -> None:
    before = read_files(site)
    code = {"kplug_waves/__init__.py": "#" * 200_000 + "\nx = " + "-" * 500_000 + "1"}
    answer = upload(client, make_wheel(version="3.0", code=code), token)
    assert answer.status_code == 400
    assert "is no Python that can be read" in answer.text
    assert read_files(site) == before
    assert upload(client, wheel, token).status_code == 200
