"""The files of a site over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import build_site
from kplug_registry.publishing import verify
from kplug_registry.serving.application import make_application
from kplug_registry.serving.database import Database
from kplug_registry.serving.served_sites import SiteFolder, WheelFolder
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import generate_keys, read_keys
from kplug_registry.trust.roots import get_fingerprint, lay_out_root, make_root
from kplug_registry.trust.signing import sign_site
from kplug_registry.trust.verified_site import VerifiedSite
from kplug_registry.wheels import read_wheel
from starlette.testclient import TestClient

from tests.plugins.running_servers import serve_application

WHEEL = "kplug_waves-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("registry.json", "application/json"),
        ("feed.xml", "application/atom+xml"),
        ("catalogue/assets/catalogue.css", "text/css; charset=utf-8"),
        ("catalogue/assets/catalogue.js", "text/javascript; charset=utf-8"),
        ("catalogue/assets/icon.svg", "image/svg+xml"),
        ("components/loss/waveloss.json", "application/json"),
        ("simple/kplug-waves/index.json", "application/vnd.pypi.simple.v1+json"),
        (f"files/{WHEEL}", "application/zip"),
        (f"files/{WHEEL}.metadata", "text/plain; charset=utf-8"),
    ],
)
def test_a_file_is_sent_as_it_is_with_its_type(
    client: TestClient, site: Path, path: str, content_type: str
) -> None:
    answer = client.get(f"/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    assert answer.content == (site / path).read_bytes()
    head = client.head(f"/{path}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))
    again = client.get(f"/{path}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["index.html", "index.json"])
@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("plugins.example.org:8443", {"http://plugins.example.org:8443/"}),
        ("[::1]:8000", {"http://[::1]:8000/"}),
        ('a"><script>', {"http://testserver/", "../../"}),  # starlette knows its own, or not
        ("", {"http://testserver/", "../../"}),
    ],
)
def test_addresses_of_attestations_are_whole(
    client: TestClient, site: Path, name: str, host: str, address: set[str]
) -> None:
    written = {"index.html": 'data-provenance="{}x.provenance"', "index.json": '"provenance":"{}x"'}
    (site / "simple/kplug-waves" / name).write_text(
        f"{written[name].format('../../files/')} ../../"
    )
    answer = client.get(f"/simple/kplug-waves/{name}", headers={"Host": host})
    wanted = (written[name].format(f"{each}files/") for each in address)
    assert answer.text in {f"{each} ../../" for each in wanted}
    assert answer.headers["content-length"] == str(len(answer.content))


def test_parts_of_a_wheel_can_be_asked_for(client: TestClient, site: Path) -> None:
    answer = client.get(f"/files/{WHEEL}", headers={"Range": "bytes=2-5"})
    assert (answer.status_code, answer.content) == (
        206,
        (site / "files" / WHEEL).read_bytes()[2:6],
    )


@pytest.mark.parametrize(
    ("path", "cache_control"),
    [
        ("", "public, max-age=60"),
        ("catalogue/distributions/kplug-waves/", "public, max-age=60"),
        ("registry.json", "no-cache"),
        ("simple/", "no-cache"),
        ("simple/kplug-waves/", "no-cache"),
        ("nowhere.json", "no-cache"),
        (f"files/{WHEEL}", "public, max-age=31536000, immutable"),
        (f"files/{WHEEL}.metadata", "public, max-age=31536000, immutable"),
    ],
)
def test_caches_are_told_for_how_long_they_may_keep_a_file(
    client: TestClient, path: str, cache_control: str
) -> None:
    answer = client.get(f"/{path}")
    assert answer.headers["cache-control"] == cache_control
    if answer.status_code == 200:
        again = client.get(f"/{path}", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.headers["cache-control"]) == (304, cache_control)


def test_wheels_of_a_folder_may_be_built_again(database: Database, site: Path) -> None:
    with TestClient(make_application(WheelFolder(site / "files"), database)) as client:
        assert client.get(f"/files/{WHEEL}").headers["cache-control"] == "no-cache"


def test_another_file_has_another_etag(client: TestClient, site: Path) -> None:
    before = client.get("/feed.xml").headers["etag"]
    (site / "feed.xml").write_text("<feed/>")
    answer = client.get("/feed.xml", headers={"If-None-Match": before})
    assert (answer.status_code, answer.text) == (200, "<feed/>")


@pytest.mark.parametrize("path", ["/", "/nowhere", "/files/nothing.whl", "/health"])
def test_every_answer_has_a_content_security_policy(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("application/vnd.pypi.simple.v1+json", True),
        ("application/vnd.pypi.simple.v1+json, text/html; q=0.01", True),
        ("application/vnd.pypi.simple.v1+json;q=0.1, text/html", False),
        ("application/vnd.pypi.simple.v1+json;q=much, text/html;q=0", False),
        ("", False),
    ],
)
def test_installers_choose_between_html_and_json(
    client: TestClient, accept: str, is_json: bool
) -> None:
    for page in ("/simple/", "/simple/kplug-waves/"):
        answer = client.get(page, headers={"Accept": accept})
        assert answer.headers["content-type"].endswith("+json") == is_json
        assert answer.headers["vary"] == "Accept"
        assert answer.text.startswith("{" if is_json else "<!DOCTYPE html>")


def test_a_folder_without_a_slash_leads_to_the_page(client: TestClient) -> None:
    answer = client.get("/simple/kplug-waves", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == "http://testserver/simple/kplug-waves/"


@pytest.mark.parametrize(
    "path",
    [
        "/.kplug/journal.json",
        "/files/../../secret",
        "/files/%2e%2e/%2e%2e/secret",
        "/%2Fetc/passwd",
        "/..%5C..%5Csecret",
        "/files/%00",
        "/" + "a" * 5000,
    ],
)
def test_nothing_else_is_sent(client: TestClient, site: Path, path: str) -> None:
    (site.parent / "secret").write_text("secret")
    (site / ".kplug").mkdir()
    (site / ".kplug/journal.json").write_text("[]")
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_files_are_only_read(client: TestClient, method: str) -> None:
    answer = client.request(method, "/registry.json")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_health_says_whether_the_site_can_be_read(client: TestClient, site: Path) -> None:
    assert client.get("/health").json() == {"status": "ok", "problem": None}
    (site / "registry.json").write_text("[]")
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "broken")


def test_what_is_large_is_sent_compressed_to_those_who_ask(client: TestClient, site: Path) -> None:
    large = b'{"waves": []}' * 400
    paths = ("metadata/3.snapshot.json", "metadata/latest.json")
    Folder(site).write(dict.fromkeys((*paths, "search/wave.json"), large))
    for path in paths:
        plain = client.get(f"/{path}", headers={"Accept-Encoding": "identity"})
        packed = client.get(f"/{path}", headers={"Accept-Encoding": "br, gzip;q=0.5"})
        assert (plain.content, packed.content) == (large, large)
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) < len(large) / 5
        assert {one.headers["vary"] for one in (plain, packed)} == {"Accept-Encoding"}
        etag = {"If-None-Match": packed.headers["etag"], "Accept-Encoding": "gzip"}
        assert client.get(f"/{path}", headers=etag).status_code == 304
        assert plain.headers["etag"] != packed.headers["etag"]
        refused = client.get(f"/{path}", headers={"Accept-Encoding": "gzip;q=0"})
        assert "content-encoding" not in refused.headers
    assert "vary" not in client.get("/search/wave.json").headers


def test_a_client_verifies_what_was_sent_compressed(
    make_wheel: Callable[..., Path], tmp_path: Path, database: Database
) -> None:
    code = {"kplug_waves/__init__.py": f"def wave_loss(): {'A wave. ' * 1000!r}\n"}
    site, keys = tmp_path / "large", tmp_path / "keys"
    build_site([read_wheel(make_wheel(code=code))], site, "2026-01-31T12:00:00Z")
    root = make_root(generate_keys(keys, root_keys=1))
    Folder(site).write(lay_out_root(root))
    sign_site(Folder(site), read_keys(keys))
    path = "releases/kplug-waves/1.0.json"
    assert list((site / "targets/releases/kplug-waves").glob("*.json.gz"))
    with serve_application(make_application(SiteFolder(site), database)) as address:
        found = VerifiedSite(address, tmp_path / "copy", get_fingerprint(root)).fetch(path)
    assert found == (site / path).read_bytes()
    assert verify(Folder(site)) == []
