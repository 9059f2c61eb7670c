"""``kplug serve``: serves a registry over HTTP."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from kplug.errors import MissingLibraryError
from kplug_registry.commands.index import Declared, load_declared
from kplug_registry.commands.publish import Keys, find_keys
from kplug_registry.commands.token import DatabaseFile, open_database
from kplug_registry.serving.served_sites import open_site
from kplug_registry.serving.upload_limits import UploadLimits
from kplug_registry.storage import Folder

_LIBRARIES = ("starlette", "uvicorn", "python_multipart")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_USUAL = UploadLimits()
_MEBIBYTE = 1 << 20


def serve(
    folder: Annotated[
        Path, typer.Argument(metavar="SITE|WHEELS", help="A site, or a folder of wheels.")
    ],
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes one that is free.")
    ] = 8000,
    database: DatabaseFile = None,
    components: Declared = None,
    keys: Keys = None,
    size_limit: Annotated[
        int, typer.Option(metavar="MIB", min=1, help="How large an upload may be.")
    ] = _USUAL.size // _MEBIBYTE,
    rate_limit: Annotated[
        int,
        typer.Option(min=1, help="Uploads a minute, from one address and with one token."),
    ] = _USUAL.rate,
    is_private: Annotated[
        bool, typer.Option("--private", help="Let the site be read with a token alone.")
    ] = False,
    proxy: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="A proxy in front, whose X-Forwarded-For is believed."
        ),
    ] = None,
) -> None:
    """Serve a registry over HTTP: a site as it is, or one that is made of a folder of wheels.

    twine and uv upload to a site, with a token of `kplug token add`. Without tokens it is only read.

    Example: kplug serve site
    """
    _require_libraries()
    from kplug_registry.serving.application import make_application
    from kplug_registry.serving.server import run_server

    site = open_site(folder, find_keys(keys, Folder(folder)), load_declared(components))
    limits = UploadLimits(size=size_limit * _MEBIBYTE, rate=rate_limit)
    application = make_application(site, open_database(database), limits, is_private)
    if host not in _LOOPBACK:
        typer.echo("Others can read what is sent here. Tokens need a proxy with HTTPS in front.")
    run_server(application, host, port, proxy, lambda address: _announce(folder, address))


def _announce(folder: Path, address: str) -> None:
    typer.echo(f"{folder} is served at {address}\n  uploads: {address}legacy/")


def _require_libraries() -> None:
    """Raise unless the libraries of the extra are installed."""
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise MissingLibraryError(
            f"kplug serve needs {', '.join(missing)}, which cannot be imported",
            hint='Install it with: pip install "kplug-registry[serve]"',
        )
