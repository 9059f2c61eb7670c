"""HTTP through proxies with passwords, own certificates, and redirects."""

from __future__ import annotations

import base64
import http.client
import select
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kplug_registry.errors import UnreachableSiteError
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.unsigned_site import UnsignedSite

from tests.plugins.certificates import write_certificate

PATH = "components/loss/dice.json"
DATA = b'{"dice": 1}'
_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*_VARIABLES, *_CERTIFICATES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


class Site(BaseHTTPRequestHandler):
    """A site of one file, which can redirect to it."""

    def do_GET(self) -> None:
        self.server.seen.append(dict(self.headers))  # type: ignore[attr-defined]
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved"))
            self.send_header("Content-Length", "1000000000")
            self.end_headers()
            self.wfile.write(b" ")  # the rest never comes
            self.server.over.wait(300)  # type: ignore[attr-defined]
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        self.wfile.write(DATA)

    def log_message(self, *_: object) -> None: ...


class Proxy(BaseHTTPRequestHandler):
    """A proxy that asks for the password."""

    def do_GET(self) -> None:
        if self._may_pass():
            parts = urlsplit(self.path)
            connection = http.client.HTTPConnection(parts.netloc)
            connection.request("GET", parts.path)
            data = connection.getresponse().read()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            connection.close()

    def do_CONNECT(self) -> None:
        if self._may_pass():
            host, _, port = self.path.partition(":")
            with socket.create_connection((host, int(port))) as other:
                self.send_response(200)
                self.end_headers()
                ends = {self.connection: other, other: self.connection}
                while True:
                    for end in select.select([*ends], [], [], 10)[0]:
                        if not (piece := end.recv(1 << 16)):
                            self.close_connection = True
                            return
                        ends[end].sendall(piece)

    def _may_pass(self) -> bool:
        wanted = "Basic " + base64.b64encode(b"me:s@cret").decode()
        is_known = self.headers["Proxy-Authorization"] == wanted
        self.server.seen.append(is_known)  # type: ignore[attr-defined]
        if not is_known:
            self.send_response(407)
            self.send_header("Content-Length", "0")
            self.end_headers()
        return is_known

    def log_message(self, *_: object) -> None: ...


class Running:
    """A server in threads, with its port and what it has seen."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], certificate: Path | None) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.server.over = threading.Event()  # type: ignore[attr-defined]
        self.seen = self.server.seen = []  # type: ignore[attr-defined]
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.over.set()  # type: ignore[attr-defined]
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site() -> Iterator[Running]:
    made = Running(Site, None)
    yield made
    made.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return write_certificate(tmp_path / "own.pem")


@pytest.fixture
def secure_site(certificate: Path) -> Iterator[Running]:
    made = Running(Site, certificate)
    yield made
    made.close()


@pytest.fixture
def proxy() -> Iterator[Running]:
    made = Running(Proxy, None)
    yield made
    made.close()


def fetch(address: str, tmp_path: Path) -> bytes | None:
    return UnsignedSite(address, tmp_path / "copy", SiteFetcher(timeout=60, retries=0)).fetch(PATH)


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_a_proxy_gets_the_password_of_its_address(
    site: Running,
    proxy: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    address = f"http://127.0.0.1:{site.port}/"
    monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(UnreachableSiteError, match="407"):
        fetch(address, tmp_path)
    monkeypatch.setenv(variable, f"http://me:s%40cret@127.0.0.1:{proxy.port}")
    assert fetch(address, tmp_path) == DATA
    assert proxy.seen == [False, True]
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    assert fetch(address, tmp_path) == DATA
    assert len(proxy.seen) == 2


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
def test_a_tunnel_through_a_proxy_gets_the_password_too(
    secure_site: Running,
    proxy: Running,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    address = f"https://127.0.0.1:{secure_site.port}/"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv(variable, f"http://me:wrong@127.0.0.1:{proxy.port}")
    with pytest.raises(UnreachableSiteError, match="407") as refused:
        fetch(address, tmp_path)
    assert "wrong" not in str(refused.value)
    monkeypatch.setenv(variable, f"http://me:s%40cret@127.0.0.1:{proxy.port}")
    assert fetch(address, tmp_path) == DATA
    assert proxy.seen == [False, True]


@pytest.mark.parametrize("variable", _CERTIFICATES)
def test_own_certificates(
    secure_site: Running,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    address = f"https://127.0.0.1:{secure_site.port}/"
    with pytest.raises(UnreachableSiteError, match="certificate verify failed"):
        fetch(address, tmp_path)
    monkeypatch.setenv(variable, str(certificate))
    assert fetch(address, tmp_path) == DATA


def test_certificates_that_are_missing_are_named(
    secure_site: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such.pem")
    with pytest.raises(UnreachableSiteError, match=r"/no/such\.pem"):
        fetch(f"https://127.0.0.1:{secure_site.port}/", tmp_path)


def test_a_password_is_read_from_netrc_and_sent_over_https_alone(
    site: Running,
    secure_site: Running,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    for path in ("", "moved/"):
        assert fetch(f"http://127.0.0.1:{site.port}/{path}", tmp_path) == DATA
        assert fetch(f"https://127.0.0.1:{secure_site.port}/{path}", tmp_path) == DATA
    assert not any("Authorization" in headers for headers in site.seen)
    assert all(headers["Authorization"].startswith("Basic ") for headers in secure_site.seen)
    (tmp_path / ".netrc").write_text("machine other.example login me password secret\n")
    assert fetch(f"https://127.0.0.1:{secure_site.port}/", tmp_path) == DATA
    assert "Authorization" not in secure_site.seen[-1]


def test_connections_are_used_again(
    site: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Site, "protocol_version", "HTTP/1.1")
    made: list[object] = []
    connect = http.client.HTTPConnection.connect
    fetcher = SiteFetcher()
    address = f"http://127.0.0.1:{site.port}/{PATH}"

    def note(own: http.client.HTTPConnection) -> None:
        made.append(own)
        connect(own)

    monkeypatch.setattr("urllib3.connection.HTTPConnection.connect", note)
    for _ in range(3):
        assert fetcher.download_bytes(address, 100) == DATA
    assert len(made) == 1


def test_a_site_in_a_folder_does_not_import_the_client() -> None:
    code = (
        "import sys, kplug_registry.client.registries as r, kplug_registry.trust.fetching\n"
        "print('requests' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
