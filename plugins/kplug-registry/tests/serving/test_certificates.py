"""The server speaks TLS: a private site is read over it, and a renewed certificate is used at once."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kplug_registry.client.uploading import upload
from kplug_registry.errors import ServingError, UnreachableSiteError
from kplug_registry.serving.application import make_application
from kplug_registry.serving.certificates import make_tls_context
from kplug_registry.serving.database import Database
from kplug_registry.serving.served_sites import SiteFolder
from kplug_registry.serving.tokens import TokenStore
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.unsigned_site import UnsignedSite

from tests.plugins.certificates import write_certificate
from tests.plugins.running_servers import serve_application

PATH = "components/loss/waveloss.json"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a certificate that clients of this test trust."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    return write_certificate(tmp_path / "own.pem", tmp_path / "key.pem")


@contextmanager
def serve(site: Path, database: Database, tls: ssl.SSLContext) -> Iterator[str]:
    with serve_application(
        make_application(SiteFolder(site), database, is_private=True), tls
    ) as address:
        yield address


def fetch(address: str, folder: Path) -> bytes | None:
    return UnsignedSite(address, folder, SiteFetcher(timeout=10, retries=0)).fetch(PATH)


def write_netrc(folder: Path, token: str) -> None:
    file = folder / ".netrc"
    file.write_text(f"machine 127.0.0.1 login __token__ password {token}\n")
    file.chmod(0o600)


def test_a_private_site_is_read_over_tls_with_a_token(
    site: Path, database: Database, certificate: Path, tmp_path: Path
) -> None:
    tokens = TokenStore(database)
    reader, writer = tokens.add("r", "cora", ["read"]), tokens.add("w", "cora", ["publish"])
    with serve(site, database, make_tls_context(certificate, tmp_path / "key.pem")) as address:
        with pytest.raises(UnreachableSiteError) as refused:
            fetch(address, tmp_path / "copy")
        assert "401: it needs a token that may read" in refused.value.message
        write_netrc(tmp_path, reader)
        assert fetch(address, tmp_path / "copy") == (site / PATH).read_bytes()
        write_netrc(tmp_path, writer)
        with pytest.raises(UnreachableSiteError, match="401"):
            fetch(address, tmp_path / "copy")


def test_a_renewed_certificate_is_used_at_once(
    site: Path, database: Database, certificate: Path, tmp_path: Path
) -> None:
    key = tmp_path / "key.pem"
    write_netrc(tmp_path, TokenStore(database).add("r", "cora", ["read"]))
    with serve(site, database, make_tls_context(certificate, key)) as address:
        old = certificate.read_bytes()
        assert fetch(address, tmp_path / "copy")
        key.write_bytes(b"half of a k")  # a renewal that is not finished changes nothing
        assert fetch(address, tmp_path / "copy")
        write_certificate(certificate, key)
        os.utime(certificate, ns=(1, 1))  # as a clock of one's own may say
        assert fetch(address, tmp_path / "copy")
        (tmp_path / "old.pem").write_bytes(old)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(tmp_path / "old.pem"))
            with pytest.raises(UnreachableSiteError, match="certificate verify failed"):
                fetch(address, tmp_path / "copy")


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    good = write_certificate(tmp_path / "own.pem", tmp_path / "key.pem")
    other = write_certificate(tmp_path / "other.pem", tmp_path / "other-key.pem")
    for certificate, key in (
        (tmp_path / "absent.pem", None),
        (good, None),
        (good, tmp_path / "other-key.pem"),
        (tmp_path / "key.pem", tmp_path / "key.pem"),
    ):
        with pytest.raises(ServingError, match="no certificate"):
            make_tls_context(certificate, key)
    make_tls_context(other, tmp_path / "other-key.pem")


def test_an_upload_to_an_authority_that_is_not_trusted_names_the_variable(
    site: Path,
    database: Database,
    certificate: Path,
    make_wheel: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    wheel, tls = make_wheel(), make_tls_context(certificate, tmp_path / "key.pem")
    with (
        serve(site, database, tls) as address,
        pytest.raises(UnreachableSiteError, match="certificate verify failed") as caught,
    ):
        list(upload([wheel], f"{address}/legacy/", "kplug-x"))
    assert caught.value.hint == (
        "If its authority is your own: SSL_CERT_FILE=FILE, with the authority's certificate."
    )
