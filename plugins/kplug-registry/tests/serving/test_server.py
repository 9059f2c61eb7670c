"""``kplug serve`` as a process: common clients, broken connections, shutdown."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kplug_registry.publishing import verify
from kplug_registry.serving.audit_log import AuditLog, LogEntry
from kplug_registry.serving.database import Database
from kplug_registry.storage import Folder
from kplug_registry.trust.unsigned_site import UnsignedSite
from kplug_registry.wheels import facts_path

from tests.plugins.certificates import write_certificate
from tests.plugins.signed_sites import configure, make_signed_folder, offer

MakeWheel = Callable[..., Path]
Server = tuple[str, "subprocess.Popen[str]"]
Serve = Callable[..., AbstractContextManager[Server]]
pytestmark = pytest.mark.slow


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Return the folder for the temporary files of the server."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def serve_site(tmp_path: Path, temporary: Path, database: Database) -> Serve:
    """Return a context in which a folder is served; it gives the address and the process."""

    for name in ("torch", "numpy", "h5py"):  # which a server does without
        module = tmp_path / "without" / f"{name}.py"
        module.parent.mkdir(exist_ok=True)
        module.write_text("raise ImportError('a server needs no torch')")
    paths = os.pathsep.join((str(tmp_path / "without"), os.environ.get("PYTHONPATH", "")))

    @contextmanager
    def run(folder: Path, *further: str) -> Iterator[Server]:
        options = [*further, "--port", "0", "--database", str(tmp_path / "serve.sqlite")]
        process = subprocess.Popen(
            [sys.executable, "-m", "kplug", "serve", str(folder), *options],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": paths},
        )
        with process:
            assert process.stdout is not None
            try:
                yield process.stdout.readline().split()[-1], process
            finally:
                process.terminate()

    return run


TWINE = [sys.executable, "-m", "twine", "upload", "--disable-progress-bar", "--repository-url"]
UV_PUBLISH = [sys.executable, "-m", "uv", "publish", "--publish-url"]
PIP = [sys.executable, "-m", "pip", "install", "--no-cache-dir"]
UV_INSTALL = [sys.executable, "-m", "uv", "pip", "install", "--no-cache"]


@pytest.mark.parametrize(
    ("upload", "install"), [(TWINE, PIP), (UV_PUBLISH, UV_INSTALL)], ids=["twine", "uv"]
)
def test_the_tools_that_people_have_upload_and_install(
    serve_site: Serve,
    site: Path,
    make_wheel: MakeWheel,
    token: str,
    tmp_path: Path,
    upload: list[str],
    install: list[str],
) -> None:
    wheel, target = make_wheel(version="2.0"), tmp_path / "installed"
    names = {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": token, "UV_PUBLISH_TOKEN": token}

    def call(*command: object) -> subprocess.CompletedProcess[str]:
        words = list(map(str, command))
        return subprocess.run(words, capture_output=True, text=True, env=os.environ | names)

    with serve_site(site) as (address, _):
        done = call(*upload, f"{address}legacy/", wheel)
        assert done.returncode == 0, done.stdout + done.stderr
        refused = call(*upload, f"{address}legacy/", "--verbose", wheel)
        assert refused.returncode != 0
        assert "Give it a new version" in refused.stdout + refused.stderr
        options = ["--no-deps", "--target", target, "--index-url", f"{address}simple/"]
        done = call(*install, *options, "kplug-waves")
        assert done.returncode == 0, done.stdout + done.stderr
    assert (target / "kplug_waves-2.0.dist-info/METADATA").is_file()
    assert verify(Folder(site)) == []


@pytest.mark.parametrize("install", [PIP, UV_INSTALL], ids=["pip", "uv"])
def test_a_private_site_takes_uploads_and_is_installed_from_over_tls(
    serve_site: Serve,
    site: Path,
    make_wheel: MakeWheel,
    token: str,
    tmp_path: Path,
    install: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate = write_certificate(tmp_path / "own.pem", tmp_path / "key.pem")
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login __token__ password {token}\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("SSL_CERT_FILE", "PIP_CERT"):  # pip before 24.2 does not read the first
        monkeypatch.setenv(name, str(certificate))
    monkeypatch.setenv("TWINE_PASSWORD", token)
    publish = [sys.executable, "-m", "kplug", "publish", str(make_wheel(version="2.0")), "--to"]
    options = ["--no-deps", "--target", str(tmp_path / "installed"), "--index-url"]
    files = ("--tls-cert", str(certificate), "--tls-key", str(tmp_path / "key.pem"))
    with serve_site(site, "--private", *files) as (address, _):
        assert address.startswith("https://")
        subprocess.run([*publish, f"{address}legacy/"], check=True, timeout=120)
        command = [*install, *options, f"{address}simple/", "kplug-waves"]
        subprocess.run(command, check=True, timeout=120)
    assert (tmp_path / "installed/kplug_waves-2.0.dist-info/METADATA").is_file()


def test_kplug_uploads_a_wheel_with_its_facts(
    serve_site: Serve, site: Path, make_wheel: MakeWheel, token: str
) -> None:
    code = {"kplug_waves/__init__.py": "", "kplug_waves/plugin.py": "def kplug_losses(): ...\n"}
    points = "[kplug]\nplugin = kplug_waves.plugin\n"
    wheel = make_wheel(version="2.0", code=code, entry_points=points)
    facts = {
        "format": 1,
        "distribution": "kplug-waves",
        "version": "2.0",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "components": [{"kind": "loss", "name": "ebb", "target": "functools:partial"}],
    }

    def publish(address: str, **variables: str) -> str:
        command = [
            sys.executable,
            "-m",
            "kplug",
            "publish",
            str(wheel),
            "--to",
            f"{address}legacy/",
        ]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | variables)
        return " ".join((done.stdout + done.stderr).split())

    with serve_site(site) as (address, _):
        assert "variable TWINE_PASSWORD has none Who runs the server" in publish(address)
        said = publish(address, TWINE_PASSWORD=token)
        assert f"{address}legacy/ does not take {wheel.name}, with status 400: " in said
        facts_path(wheel).write_text(json.dumps(facts))
        assert publish(address, TWINE_PASSWORD=token) == "kplug-waves 2.0 is published"
        assert "with status 409: " in publish(address, TWINE_PASSWORD=token)
    assert "does not answer: " in publish(address, TWINE_PASSWORD=token)
    assert (site / "components/loss/ebb.json").is_file()
    assert verify(Folder(site)) == []


def connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    assert parts.hostname is not None
    return socket.create_connection((parts.hostname, parts.port or 0), timeout=120)


def is_open(address: str) -> bool:
    try:
        connect(address).close()
    except ConnectionRefusedError:
        return False
    return True


def write_request(wheel: Path, token: str) -> bytes:
    """Return the bytes of an upload."""
    data = wheel.read_bytes()
    parts = [
        b'name=":action"\r\n\r\nfile_upload',
        b'name="sha256_digest"\r\n\r\n' + hashlib.sha256(data).hexdigest().encode(),
        b'name="content"; filename="' + wheel.name.encode() + b'"\r\n\r\n' + data,
    ]
    head = b"--b\r\nContent-Disposition: form-data; "
    body = b"".join(head + part + b"\r\n" for part in parts) + b"--b--\r\n"
    lines = [
        "POST /legacy/ HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        "X-Forwarded-For: 192.0.2.7",
        "Content-Type: multipart/form-data; boundary=b",
        f"Content-Length: {len(body)}",
        f"Authorization: Basic {base64.b64encode(f'__token__:{token}'.encode()).decode()}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def wait_for_entry(database: Database, seconds: float = 120) -> LogEntry:
    """Return the newest upload of the log, as soon as there is one."""
    ends = time.monotonic() + seconds
    while not (found := AuditLog(database).list_last(1)):
        assert time.monotonic() < ends, "nothing was noted"
        time.sleep(0.02)
    return found[0]


def test_an_upload_that_is_cut_off_leaves_nothing(
    serve_site: Serve,
    site: Path,
    database: Database,
    make_wheel: MakeWheel,
    token: str,
    temporary: Path,
) -> None:
    large = "# " + base64.b64encode(os.urandom(2 << 20)).decode()  # more than stays in memory
    wheel = make_wheel(version="2.0", code={"kplug_waves/__init__.py": f"wave_loss = len\n{large}"})
    request = write_request(wheel, token)
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    with serve_site(site) as (address, _):
        with connect(address) as connection:
            connection.sendall(request[:-1000])
            wait_for_entry(database)
        entry = wait_for_entry(database)
        while entry.status is None:
            entry = wait_for_entry(database)
        assert (entry.token, entry.subject) == ("anna", None)
        assert (entry.address, entry.answer) == ("127.0.0.1", "the upload was cut off")
        assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == before
        assert not list(temporary.iterdir())
        with connect(address) as connection:
            connection.sendall(request)
            assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 200")
    assert verify(Folder(site)) == []


def test_a_server_that_is_told_to_end_finishes_what_was_begun(
    serve_site: Serve,
    site: Path,
    database: Database,
    make_wheel: MakeWheel,
    token: str,
) -> None:
    request = write_request(make_wheel(version="2.0"), token)
    with (
        serve_site(site, "--proxy", "127.0.0.1") as (address, process),
        connect(address) as connection,
    ):
        connection.sendall(request[:-100])
        assert wait_for_entry(database).address == "192.0.2.7"
        process.terminate()
        ends = time.monotonic() + 120
        while is_open(address):
            assert time.monotonic() < ends, "it still takes connections"
            time.sleep(0.05)
        connection.sendall(request[-100:])
        assert b"kplug-waves 2.0 is published" in connection.makefile("rb").read()
        assert process.wait(120) == -signal.SIGTERM
    assert verify(Folder(site)) == []


def test_a_copy_of_a_registry_of_the_settings_is_served(
    serve_site: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    signed = make_signed_folder(tmp_path)
    offer(signed, "kplug-pond", "1.0", ("loss", "pond_loss"))
    (tmp_path / "project").mkdir()
    configure(tmp_path / "project", signed)
    monkeypatch.chdir(tmp_path / "project")
    with serve_site(tmp_path / "copy", "--pull-from", signed.site.name) as (address, _):
        found = signed.client(address).fetch("components/loss/pondloss.json")
    assert found == (signed.site / "components/loss/pondloss.json").read_bytes()


def test_a_folder_of_wheels_is_served_to_kplug_and_leaves_nothing(
    serve_site: Serve, make_wheel: MakeWheel, temporary: Path, tmp_path: Path
) -> None:
    with serve_site(make_wheel().parent) as (address, process):
        client = UnsignedSite(address, tmp_path / "copy")
        first, again = (client.fetch("components/loss/waveloss.json") for _ in range(2))
        assert first == again
        assert b"kplug-waves" in (first or b"")
        assert client.fetch("components/loss/nothing.json") is None
        process.terminate()
        process.wait(120)
    assert not list(temporary.iterdir())
