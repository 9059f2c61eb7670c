"""Fixtures: small generated wheels, and the wheels of this repository's plugins."""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.building import build_site
from kplug_registry.publishing import attestation_check
from kplug_registry.wheels import read_wheel

import kplug

PLUGINS = Path(__file__).parents[2]
CODE = "def wave_loss(y_true, y_pred, height=1.0):\n    '''A wave.'''\n"


@pytest.fixture(scope="module")
def aws_endpoint() -> Iterator[str]:
    """The address of a server that answers like AWS."""
    from moto.server import ThreadedMotoServer  # seconds, which no other test waits for

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty working directory, which is a project, on a machine without copies of registries."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    monkeypatch.undo()
    kplug.reload()


@pytest.fixture
def make_wheel(tmp_path: Path) -> Callable[..., Path]:
    """Write a wheel: by default, of `wave_loss`; a test changes what it is about."""
    return functools.partial(write_wheel, tmp_path / "wheels")


def write_wheel(
    folder: Path,
    name: str = "kplug-waves",
    version: str = "1.0",
    *,
    code: dict[str, str] | None = None,
    entry_points: str | None = None,
    metadata: str = "",
    requires: str = "kplug",
    record: Callable[[list[str]], list[str]] = list,
    filename: str | None = None,
) -> Path:
    """Write a wheel and return its path; `record` may change the rows of RECORD."""
    package = name.replace("-", "_")
    info = f"{package}-{version}.dist-info"
    if entry_points is None:
        entry_points = f"[kplug.losses]\nwave_loss = {package}:wave_loss\n"
    heads = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: {requires}\n"
    files = {
        **({f"{package}/__init__.py": CODE} if code is None else code),
        f"{info}/METADATA": f"{heads}{metadata}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (filename or f"{package}-{version}-py3-none-any.whl")
    rows = [_make_row(one, text.encode()) for one, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join(record([*rows, f"{info}/RECORD,,"])) + "\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, text in files.items():
            archive.writestr(zipfile.ZipInfo(one), text, zipfile.ZIP_DEFLATED)
    return path


@pytest.fixture
def site(make_wheel: Callable[..., Path], tmp_path: Path) -> Path:
    """Build a site of the wheel that `make_wheel` writes by default."""
    build_site([read_wheel(make_wheel())], tmp_path / "site", "2026-01-31T12:00:00Z")
    return tmp_path / "site"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Return what installs a wheel for this test and the processes that it starts: it unpacks it."""
    folder = tmp_path / "installed"
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    )

    def unpack(wheel: Path) -> Path:
        zipfile.ZipFile(wheel).extractall(folder)
        return folder

    return unpack


def _make_row(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}"


@pytest.fixture
def no_sigstore(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the extra ``attestations`` out: it would refuse those of tests, which no service has signed."""
    monkeypatch.setattr(attestation_check, "find_spec", lambda name: None)


@pytest.fixture(scope="session")
def plugin_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheels of this repository's plugins, from the backend of all, at once."""
    from hatchling.builders.wheel import WheelBuilder  # the other tests do without

    folder = tmp_path_factory.mktemp("plugin-wheels")
    for project in sorted(PLUGINS.glob("*/pyproject.toml")):
        builder = WheelBuilder(str(project.parent))
        assert list(builder.build(directory=str(folder), versions=["standard"]))
    return folder


@pytest.fixture(scope="session")
def plugin_components(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with what `kplug list --json` prints."""
    path = tmp_path_factory.mktemp("listing") / "components.json"
    command = [sys.executable, "-m", "kplug", "list", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    path.write_text(done.stdout)
    return path


@pytest.fixture(scope="module")  # while it runs, asyncio is occupied in this thread
def browser() -> Iterator[Any]:
    """Return chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def serve() -> Callable[[Path], object]:
    """Return a context in which a folder is served over loopback; it gives the address."""
    return serve_folder


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...
