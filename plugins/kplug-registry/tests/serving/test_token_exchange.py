"""OIDC tokens of CI are exchanged for tokens that upload; an identity provider runs in this process."""

from __future__ import annotations

import base64
import hmac
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from kplug_registry.publishing import (
    distrust_publisher,
    list_owners,
    remove_owner,
    trust_publisher,
    verify,
)
from kplug_registry.publishing.owner_changes import add_owner
from kplug_registry.serving.application import make_application
from kplug_registry.serving.audit_log import AuditLog
from kplug_registry.serving.certificates import make_tls_context
from kplug_registry.serving.database import Database
from kplug_registry.serving.oidc import OidcVerifier
from kplug_registry.serving.served_sites import SiteFolder
from kplug_registry.serving.tokens import TokenStore
from kplug_registry.serving.upload_limits import UploadLimits
from kplug_registry.site_format import Claim, TrustedPublisher, Workflow
from kplug_registry.storage import Folder
from starlette.testclient import TestClient

from tests.plugins.attested_wheels import GITHUB, make_attestation, write_attestation
from tests.plugins.certificates import write_certificate
from tests.plugins.running_servers import serve_application

MakeWheel = Callable[..., Path]
Upload = Callable[..., Any]
DAY = 86400
DATE = "2026-01-31T12:00:00Z"
PINNED = {
    "environment": "release",
    "repository": "acme/waves",
    "workflow_file": "acme/waves/.github/workflows/release.yml",
}
CLAIMS = {
    "sub": "repo:acme/waves:environment:release",
    "repository": "acme/waves",
    "environment": "release",
    "workflow_ref": "acme/waves/.github/workflows/release.yml@refs/tags/v2@x",
    "ref": "refs/tags/v2@x",
}


class IdentityProvider:
    """An identity provider with a discovery document and keys, which counts the questions."""

    def __init__(self, address: str) -> None:
        self.issuer = address
        self.keys: dict[str, RSAKey | ECKey] = {"one": RSAKey.generate_key(2048)}
        self.about: dict[str, Any] = {"issuer": address, "jwks_uri": f"{address}/jwks"}
        self.asked: list[str] = []
        self.numbers = map(str, count())  # of tokens, so that no two are the same
        self.extra = b""  # what follows the keys
        self.location = ""  # where requests are sent instead

    def answer(self, path: str) -> bytes:
        self.asked.append(path)
        if path.startswith("/request?"):  # as a job at GitHub asks for its token
            (audience,) = parse_qs(path.partition("?")[2])["audience"]
            return json.dumps({"value": self.issue(aud=audience)}).encode()
        if path != "/jwks":
            return json.dumps(self.about).encode()
        public = [
            {**key.as_dict(private=False), "kid": name, "use": "sig"}
            for name, key in self.keys.items()
        ]
        return json.dumps({"keys": public}).encode() + self.extra

    def issue(
        self,
        key: Any = None,
        header: dict[str, Any] | None = None,
        algorithm: str = "RS256",
        **claims: Any,
    ) -> str:
        """Return a token; claims that are None are left out."""
        now = int(time.time())
        times: dict[str, Any] = {"iat": now, "nbf": now, "exp": now + 300}
        times["jti"] = next(self.numbers)
        whole = {"iss": self.issuer, "aud": "testserver", **times, **CLAIMS, **claims}
        head = {"alg": algorithm, "kid": "one", **(header or {})}
        said = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(head, said, key or self.keys["one"], algorithms=[algorithm])


@contextmanager
def run_provider() -> Iterator[IdentityProvider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = made.answer(self.path)
            self.send_response(302 if made.location else 200)
            if made.location:
                self.send_header("Location", made.location)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = IdentityProvider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with run_provider() as provider:
        yield provider


def trust(
    site: Path,
    issuer: str,
    distribution: str = "kplug-waves",
    audience: str = "testserver",
    claims: dict[str, str] = PINNED,
) -> None:
    workflow = Workflow(issuer, tuple(Claim(*each) for each in sorted(claims.items())))
    publisher = TrustedPublisher("release", "anna", audience, workflow)
    trust_publisher(Folder(site), distribution, publisher, DATE)


@pytest.fixture
def clock() -> list[float]:
    """Return what the server's clock is ahead, in a list that a test changes."""
    return [0.0]


@pytest.fixture
def client(
    site: Path, database: Database, provider: IdentityProvider, clock: list[float]
) -> Iterator[TestClient]:
    """Return a client of a server that accepts the provider; a workflow may publish `kplug-waves`."""
    trust(site, provider.issuer)
    verifier = OidcVerifier([provider.issuer], lambda: time.time() + clock[0])
    with TestClient(
        make_application(SiteFolder(site), database, verifier=verifier),
        base_url="http://testserver",
    ) as client:
        yield client


def mint(client: TestClient, token: str) -> Any:
    return client.post("/_/oidc/mint-token", json={"token": token})


def burn(client: TestClient, token: str) -> Any:
    return client.post("/_/oidc/burn-token", json={"token": token})


def explain(client: TestClient, token: str, status: int = 422) -> str:
    """Return why a token is refused."""
    answer = mint(client, token)
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    return str(error["description"])


def test_a_workflow_publishes_with_the_token_of_its_provider(
    client: TestClient,
    site: Path,
    database: Database,
    provider: IdentityProvider,
    make_wheel: MakeWheel,
    upload: Upload,
) -> None:
    assert client.get("/_/oidc/audience").json() == {"audience": "testserver"}
    answer = mint(client, provider.issue())
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    token = answer.json()["token"]
    wheel = make_wheel(version="2.0")
    assert upload(client, wheel, token).text == "kplug-waves 2.0 is published"
    newest, first = list_owners(Folder(site), "kplug-waves").releases
    claims = tuple(Claim(*each) for each in PINNED.items())
    assert (newest.publisher, newest.workflow) == ("anna", Workflow(provider.issuer, claims))
    assert (first.publisher, first.workflow) == ("anna", None)
    assert verify(Folder(site)) == []
    minted, uploaded = AuditLog(database).list_last(2)
    assert (minted.action, minted.subject, minted.status) == ("mint token", "kplug-waves", 200)
    assert uploaded.token is not None
    assert uploaded.token.startswith("workflow:")


UV = [sys.executable, "-m", "uv", "publish", "--trusted-publishing", "always", "--publish-url"]


@pytest.mark.usefixtures("no_sigstore")
def test_uv_exchanges_the_token_of_a_job_sends_attestations_and_burns_its_own(
    site: Path,
    database: Database,
    provider: IdentityProvider,
    make_wheel: MakeWheel,
    tmp_path: Path,
) -> None:
    certificate = write_certificate(tmp_path / "own.pem", tmp_path / "key.pem")
    tls = make_tls_context(certificate, tmp_path / "key.pem")
    application = make_application(
        SiteFolder(site), database, verifier=OidcVerifier([provider.issuer])
    )
    job = {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{provider.issuer}/request?job=1",
        "SSL_CERT_FILE": str(certificate),
        "HOME": str(tmp_path),
    }
    with serve_application(application, tls) as address:
        trust(site, provider.issuer, audience=urlsplit(address).netloc)
        place = f"{address.rstrip('/')}/legacy/"

        def call(*files: Path) -> subprocess.CompletedProcess[str]:
            command, environment = [*UV, place, *map(str, files)], os.environ | job
            return subprocess.run(command, capture_output=True, text=True, env=environment)

        done = call(make_wheel(version="2.0"))
        assert done.returncode == 0, done.stdout + done.stderr
        attested = make_wheel(version="3.0")
        statement = write_attestation(attested)  # of GitHub's workflow, not of this provider's
        refused = call(attested, statement)
        assert refused.returncode != 0
        assert "is attested by repository acme/waves" in " ".join(refused.stderr.split())
    assert TokenStore(database).list_all() == []
    actions = [entry.action for entry in AuditLog(database).list_last(9)]
    assert actions == ["mint token", "upload", "burn token"] * 2
    newest = list_owners(Folder(site), "kplug-waves").releases[0]
    assert (newest.version, newest.publisher) == ("2.0", "anna")
    assert newest.workflow is not None


def test_its_token_ends_soon_and_does_nothing_else(
    client: TestClient,
    site: Path,
    database: Database,
    provider: IdentityProvider,
    make_wheel: MakeWheel,
    upload: Upload,
) -> None:
    token = mint(client, provider.issue()).json()["token"]
    (stored,) = TokenStore(database).list_all()
    assert stored.expires is not None
    begin, end = (
        time.mktime(time.strptime(x, "%Y-%m-%dT%H:%M:%SZ"))
        for x in (stored.created, stored.expires)
    )
    assert 0 < end - begin <= 901
    auth = ("__token__", token)
    assert client.put("/owners/kplug-waves/eve", auth=auth).status_code == 403
    assert client.put("/yanks/kplug-waves/1.0", auth=auth, content="x").status_code == 403
    assert client.delete("/publishers/kplug-waves/release", auth=auth).status_code == 403
    other = upload(client, make_wheel("acme-tides"), token)
    assert (other.status_code, "may not publish acme-tides" in other.text) == (403, True)
    assert not (site / "distributions/acme-tides.json").exists()


@pytest.mark.usefixtures("token")
def test_a_token_is_burnt_at_once(
    client: TestClient,
    database: Database,
    provider: IdentityProvider,
    make_wheel: MakeWheel,
    upload: Upload,
) -> None:
    minted = mint(client, provider.issue()).json()["token"]
    (name,) = (one.name for one in TokenStore(database).list_all() if one.identity)
    assert burn(client, minted).status_code == 202
    assert upload(client, make_wheel(version="2.0"), minted).status_code == 401
    entry = AuditLog(database).list_last(2)[0]
    assert (entry.action, entry.token, entry.status) == ("burn token", name, 202)


def test_no_stored_token_is_burnt(client: TestClient, token: str, database: Database) -> None:
    """The answer does not say which tokens there are."""
    answers = [burn(client, text) for text in (token, "kplug-x")]
    assert [(each.status_code, each.content) for each in answers] == [(202, answers[0].content)] * 2
    assert [each.name for each in TokenStore(database).list_all()] == ["anna"]


@pytest.mark.parametrize("body", ["", "[]", "{", '{"token": 1}', "[" * 9999])
def test_a_request_to_burn_names_a_token(body: str, client: TestClient) -> None:
    answer = client.post("/_/oidc/burn-token", content=body)
    assert (answer.status_code, answer.json()["message"]) == (422, "Token request failed")


def test_no_address_tries_tokens_out_by_burning(site: Path, database: Database) -> None:
    limits = UploadLimits(rate=2)
    with TestClient(make_application(SiteFolder(site), database, limits)) as client:
        assert [burn(client, "x").status_code for _ in range(3)] == [202, 202, 429]


def read_time(text: str) -> float:
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_a_token_is_exchanged_once(client: TestClient, provider: IdentityProvider) -> None:
    token = provider.issue()
    assert mint(client, token).status_code == 200
    assert explain(client, token).startswith("this OIDC token was exchanged before")


FOREIGN: dict[str, tuple[dict[str, Any], str]] = {
    "repository": ({"repository": "eve/waves"}, "no distribution trusts this workflow"),
    "case": ({"repository": "Acme/waves"}, "no distribution trusts this workflow"),
    "prefix": ({"repository": "acme/waves-2"}, "no distribution trusts this workflow"),
    "environment": ({"environment": None}, "no distribution trusts this workflow"),
    "no text": ({"environment": ["release"]}, "no distribution trusts this workflow"),
    "workflow": (
        {"workflow_ref": "acme/waves/.github/workflows/test.yml@refs/tags/v2@x"},
        "no distribution trusts this workflow",
    ),
    "stated file": (
        {"workflow_ref": None, "workflow_file": PINNED["workflow_file"]},
        "no distribution trusts this workflow",
    ),
    "audience": ({"aud": "pypi"}, "with a token for 'pypi'"),
    "several audiences": ({"aud": ["testserver", "pypi"]}, "not for one audience"),
    "no audience": ({"aud": None}, "not for one audience"),
    "issuer": ({"iss": "https://token.actions.githubusercontent.com"}, "does not accept"),
    "no issuer": ({"iss": None}, "issued by 'None', which this server does not accept"),
    "expired": ({"exp": int(time.time()) - 3600}, "the token has expired at 20"),
    "no end": ({"exp": None}, "does not say when it was issued and when it ends"),
    "no begin": ({"iat": None}, "does not say when it was issued and when it ends"),
    "text as time": ({"exp": "99999999999"}, "does not say when it was issued and when it ends"),
    "truth as time": ({"iat": True}, "does not say when it was issued and when it ends"),
    "later": ({"nbf": int(time.time()) + 3600}, "the token begins at 20"),
}


@pytest.mark.sampled
@pytest.mark.parametrize("case", FOREIGN)
def test_a_foreign_or_expired_token_is_refused(
    case: str, client: TestClient, database: Database, provider: IdentityProvider
) -> None:
    claims, message = FOREIGN[case]
    assert message in explain(client, provider.issue(**claims))
    assert TokenStore(database).list_all() == []
    (entry,) = AuditLog(database).list_last(9)
    assert (entry.action, entry.status) == ("mint token", 422)


def sign_with_secret(secret: bytes, body: str) -> str:
    """Return a token that a public key would verify, if it were taken for a shared secret."""
    head = encode(b'{"alg":"HS256","kid":"one"}')
    signature = hmac.digest(secret, f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{encode(signature)}"


def encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def test_a_forged_token_is_refused(client: TestClient, provider: IdentityProvider) -> None:
    other, curve = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
    genuine = provider.issue()
    head, body, signature = genuine.split(".")
    public = provider.keys["one"].as_pem(private=False)
    forged = {
        "another key": provider.issue(other),
        "another's claims": ".".join(
            (head, provider.issue(repository="eve/x").split(".")[1], signature)
        ),
        "no signature": f"{head}.{body}.",
        "its own key": provider.issue(other, {"jwk": other.as_dict(private=False)}),
        "another's address": provider.issue(other, {"jku": "http://127.0.0.1:9/jwks"}),
        "unknown key": provider.issue(other, {"kid": "two"}),
        "a curve's key": provider.issue(curve, algorithm="ES256"),
        "a shared secret": sign_with_secret(public, body),
        "a strange algorithm": provider.issue(algorithm="PS256"),
        "no token": "kplug",
        "nothing": "",
        "too long": genuine + "A" * 20000,
        "unsigned": f"eyJhbGciOiJub25lIiwia2lkIjoib25lIn0.{body}.",
    }
    for case, token in forged.items():
        assert explain(client, token), case
    assert mint(client, genuine).status_code == 200


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_wrong_by_a_day_is_told(
    days: int, client: TestClient, provider: IdentityProvider, clock: list[float]
) -> None:
    clock[0] = days * DAY
    before = time.gmtime(time.time() + clock[0])
    message = explain(client, provider.issue())
    after = time.gmtime(time.time() + clock[0])  # midnight may be between
    days_here = {time.strftime("and here it is %Y-%m-%dT", each) for each in (before, after)}
    assert any(each in message for each in days_here)
    assert "clock" in message
    clock[0] = 0
    assert mint(client, provider.issue()).status_code == 200


@pytest.mark.parametrize("seconds", [-50, 50])
def test_clocks_may_differ_by_a_minute(
    seconds: int, client: TestClient, provider: IdentityProvider, clock: list[float]
) -> None:
    clock[0] = seconds
    now = int(time.time())
    assert mint(client, provider.issue(exp=now + 5, iat=now, nbf=now)).status_code == 200


def test_keys_are_kept_and_asked_for_again_seldom(
    client: TestClient, provider: IdentityProvider, clock: list[float]
) -> None:
    assert [mint(client, provider.issue()).status_code for n in range(3)] == [200] * 3
    assert provider.asked == ["/.well-known/openid-configuration", "/jwks"]
    provider.keys["two"] = ECKey.generate_key("P-256")
    token = provider.issue(provider.keys["two"], {"kid": "two"}, "ES256")
    for _ in range(3):  # nobody makes the server ask with each request
        assert "has no key 'two'" in explain(client, token)
    assert len(provider.asked) == 2
    clock[0] = 61
    now = int(time.time()) + 61
    fresh = provider.issue(provider.keys["two"], {"kid": "two"}, "ES256", iat=now, exp=now + 9)
    assert mint(client, fresh).status_code == 200
    assert len(provider.asked) == 4
    del provider.keys["one"]
    clock[0] += 3601
    later = int(time.time() + clock[0])
    withdrawn = provider.issue(RSAKey.generate_key(2048), iat=later, nbf=later, exp=later + 9)
    assert "has no key 'one'" in explain(client, withdrawn)


def test_a_provider_that_answers_wrongly_is_refused(
    client: TestClient, provider: IdentityProvider
) -> None:
    token = provider.issue()
    right = dict(provider.about)
    provider.about["issuer"] = "https://example.org"
    assert "is about 'https://example.org'" in explain(client, token, 503)
    provider.about = {**right, "jwks_uri": "http://192.0.2.1/jwks"}
    assert "is no place for the keys" in explain(client, token, 503)
    provider.about, provider.extra = right, b" " * 200_000
    assert "has more than 131072 bytes" in explain(client, token, 503)
    provider.extra, provider.location = b"", f"{provider.issuer}/elsewhere"
    assert "answers with status 302" in explain(client, token, 503)
    provider.location = ""
    assert mint(client, token).status_code == 200


def test_a_server_without_issuers_asks_none(
    site: Path, database: Database, provider: IdentityProvider
) -> None:
    trust(site, provider.issuer)
    with TestClient(make_application(SiteFolder(site), database)) as client:
        assert "kplug serve --oidc-issuer URL" in explain(client, provider.issue())
    assert provider.asked == []


def test_what_is_trusted_no_longer_does_not_publish(
    client: TestClient,
    site: Path,
    provider: IdentityProvider,
    make_wheel: MakeWheel,
    upload: Upload,
) -> None:
    first = mint(client, provider.issue()).json()["token"]
    second = mint(client, provider.issue()).json()["token"]
    wheel = make_wheel(version="2.0")
    add_owner(Folder(site), "kplug-waves", "bert", DATE)
    remove_owner(Folder(site), "kplug-waves", "anna", DATE)
    answer = upload(client, wheel, first)
    assert (answer.status_code, "belongs to bert, and not to anna" in answer.text) == (403, True)
    distrust_publisher(Folder(site), "kplug-waves", "release", DATE)
    answer = upload(client, wheel, second)
    assert (answer.status_code, "of this token no longer" in answer.text) == (403, True)
    assert "no distribution trusts" in explain(client, provider.issue())
    assert verify(Folder(site)) == []


def test_only_the_workflow_adds_wheels_to_its_version(
    client: TestClient,
    database: Database,
    provider: IdentityProvider,
    make_wheel: MakeWheel,
    upload: Upload,
) -> None:
    token = mint(client, provider.issue()).json()["token"]
    assert upload(client, make_wheel(version="2.0"), token).status_code == 200
    further = make_wheel(
        version="2.0", filename="kplug_waves-2.0-py3-none-manylinux_2_17_x86_64.whl"
    )
    answer = upload(client, further, TokenStore(database).add("anna"))
    assert answer.status_code == 403
    assert "was published by anna, by environment release, repository acme/waves" in answer.text


def test_an_owner_says_whom_to_trust(
    client: TestClient, site: Path, database: Database, provider: IdentityProvider
) -> None:
    anna = ("__token__", TokenStore(database).add("anna"))
    eve = ("__token__", TokenStore(database).add("eve"))
    place = "/publishers/kplug-waves/nightly"
    asked = {"issuer": provider.issuer, "audience": "a", "claims": {"repository": "acme/n"}}
    answer = client.put(place, json=asked, auth=eve)
    assert (answer.status_code, "and not to eve" in answer.text) == (403, True)
    answer = client.put(place, json=asked, auth=anna)
    assert (answer.status_code, answer.text) == (200, "kplug-waves trusts nightly, release")
    change = list_owners(Folder(site), "kplug-waves").owner_changes[-1]
    assert (change.owner, change.is_added, change.by) == ("workflow:nightly", True, "anna")
    assert client.put(place, json=asked, auth=anna).status_code == 400
    assert client.delete(place, auth=eve).status_code == 403
    assert client.delete(place, auth=anna).text == "kplug-waves trusts release"
    assert verify(Folder(site)) == []


def test_a_workflow_is_the_first_to_publish_a_name(
    client: TestClient,
    site: Path,
    database: Database,
    provider: IdentityProvider,
    make_wheel: MakeWheel,
    upload: Upload,
) -> None:
    bert = ("__token__", TokenStore(database).add("bert"))
    asked = {"issuer": provider.issuer, "audience": "testserver", "claims": PINNED}
    place, wheel = "/publishers/acme-tides/release", make_wheel("acme-tides")
    other = mint(client, provider.issue()).json()["token"]
    assert upload(client, wheel, other).status_code == 403
    assert client.put(place, json=asked, auth=bert).status_code == 400
    answer = client.put(place, json={**asked, "pending": True}, auth=bert)
    assert answer.status_code == 200
    assert answer.text.startswith("release may be the first to publish acme-tides until 20")
    token = mint(client, provider.issue()).json()["token"]
    assert upload(client, wheel, token).text == "acme-tides 1.0 is published"
    found = list_owners(Folder(site), "acme-tides")
    assert (found.owners, found.releases[0].publisher) == (("bert",), "bert")
    assert found.releases[0].workflow == found.trusted_publishers[0].workflow
    assert upload(client, make_wheel("acme-tides", version="2.0"), token).status_code == 200
    assert verify(Folder(site)) == []


def test_a_workflow_that_waits_no_longer_publishes_nothing(
    client: TestClient,
    database: Database,
    provider: IdentityProvider,
    make_wheel: MakeWheel,
    upload: Upload,
) -> None:
    bert = ("__token__", TokenStore(database).add("bert"))
    asked = {"issuer": provider.issuer, "audience": "testserver", "claims": PINNED}
    place = "/publishers/acme-tides/release"
    assert client.put(place, json={**asked, "pending": True}, auth=bert).status_code == 200
    token = mint(client, provider.issue()).json()["token"]
    assert client.delete(place, auth=bert).status_code == 200
    answer = upload(client, make_wheel("acme-tides"), token)
    assert (answer.status_code, "of this token no longer" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"claims": {"environment": "release"}}, "no pinned claim says whose workflow it is"),
        ({"claims": {}}, "no pinned claim says whose workflow it is"),
        ({"claims": {"sub": "x", "exp": "9"}}, "the claims 'exp' cannot be pinned"),
        ({"claims": {"sub": " x"}}, "the claims 'sub' cannot be pinned"),
        ({"claims": ["sub"]}, "does not say whom to trust"),
        ({"claims": {"sub": 1}}, "does not say whom to trust"),
        ({"issuer": "http://example.org"}, "is no address of an identity provider"),
        ({"issuer": "file:///etc"}, "is no address of an identity provider"),
        ({"audience": ""}, "is no audience"),
    ],
)
def test_what_nobody_can_trust_is_refused(
    change: dict[str, Any],
    message: str,
    client: TestClient,
    site: Path,
    token: str,
    provider: IdentityProvider,
) -> None:
    before = list_owners(Folder(site), "kplug-waves")
    asked = {"issuer": provider.issuer, "audience": "a", "claims": {"sub": "x"}, **change}
    answer = client.put("/publishers/kplug-waves/n", json=asked, auth=("__token__", token))
    assert (answer.status_code, message in answer.text) == (400, True)
    assert list_owners(Folder(site), "kplug-waves") == before


@pytest.mark.usefixtures("no_sigstore")
def test_an_upload_brings_attestations_of_its_workflow(
    client: TestClient,
    site: Path,
    provider: IdentityProvider,
    make_wheel: MakeWheel,
    upload: Upload,
) -> None:
    """The issuer of the certificate has to be that of the token, so that of another is refused."""
    token = mint(client, provider.issue()).json()["token"]
    wheel = make_wheel(version="2.0")
    text = json.dumps([make_attestation(wheel)])
    answer = upload(client, wheel, token, attestations=text)
    assert (answer.status_code, "is attested by repository acme/waves" in answer.text) == (
        403,
        True,
    )
    assert not (site / "files" / wheel.name).exists()


@pytest.mark.parametrize("field", ["{", "{}", "[1, 2, 3]", "[" * 100_000])
def test_a_field_of_attestations_is_a_list(
    field: str, client: TestClient, token: str, make_wheel: MakeWheel, upload: Upload
) -> None:
    answer = upload(client, make_wheel(version="2.0"), token, attestations=field)
    assert answer.status_code == 400
    assert "'attestations' is no list of at most 2 attestations" in answer.text


@pytest.mark.usefixtures("no_sigstore")
def test_attestations_of_an_upload_are_served(
    client: TestClient, site: Path, token: str, make_wheel: MakeWheel, upload: Upload
) -> None:
    workflow = Workflow(GITHUB, tuple(Claim(*each) for each in PINNED.items()))
    publisher = TrustedPublisher("github", "anna", "a", workflow)
    trust_publisher(Folder(site), "kplug-waves", publisher, DATE)
    wheel, other = make_wheel(version="2.0"), make_wheel(version="3.0")
    made = make_attestation(wheel)
    foreign = upload(client, other, token, attestations=json.dumps([made]))
    assert (foreign.status_code, f"it is about {wheel.name}" in foreign.text) == (400, True)
    assert upload(client, wheel, token, attestations=json.dumps([made])).status_code == 200
    page = client.get(
        "/simple/kplug-waves/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    ).json()
    (row,) = (each for each in page["files"] if each["filename"] == wheel.name)
    assert row["provenance"] == f"http://testserver/files/{wheel.name}.provenance"
    answer = client.get(row["provenance"])
    assert answer.headers["content-type"] == "application/vnd.pypi.integrity.v1+json"
    (bundle,) = answer.json()["attestation_bundles"]
    assert bundle["attestations"] == [made]
