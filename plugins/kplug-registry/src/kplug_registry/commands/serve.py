"""``kplug serve``: serves a registry over HTTP."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from kplug.errors import MissingLibraryError
from kplug_registry.checking import Sandbox, UploadChecks
from kplug_registry.checking.sandbox import SECONDS
from kplug_registry.client.registries import ConfiguredRegistry
from kplug_registry.client.settings import get_setting
from kplug_registry.commands.attest import SandboxCommand, Seconds
from kplug_registry.commands.index import Declared, load_declared
from kplug_registry.commands.publish import Keys, find_keys
from kplug_registry.commands.token import DatabaseFile, open_database
from kplug_registry.serving.pulled_site import PulledSite
from kplug_registry.serving.served_sites import ServedSite, open_site
from kplug_registry.serving.upload_limits import UploadLimits
from kplug_registry.storage import Folder

_LIBRARIES = ("starlette", "uvicorn", "python_multipart", "joserfc")
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
    source: Annotated[
        str | None,
        typer.Option(
            "--pull-from",
            metavar="REGISTRY",
            help="A registry of the settings: SITE is a copy of it, which fetches what is asked for.",
        ),
    ] = None,
    is_private: Annotated[
        bool, typer.Option("--private", help="Let the site be read with a token alone.")
    ] = False,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            metavar="PEM", help="The certificate and its chain, for HTTPS. It is renewed in place."
        ),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="Its key, where that stands in a file of its own."),
    ] = None,
    issuers: Annotated[
        list[str] | None,
        typer.Option(
            "--oidc-issuer",
            metavar="URL",
            help="An identity provider whose tokens trusted publishers may exchange. It may be given "
            "several times; no other one is asked.",
            show_default=False,
        ),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="A proxy in front, whose X-Forwarded-For is believed."
        ),
    ] = None,
    is_checking: Annotated[
        bool,
        typer.Option(
            "--check",
            help="After each upload, run the contract suite on it in a sandbox, as `kplug attest --check` "
            "does. The upload does not wait for it.",
        ),
    ] = False,
    sandbox: SandboxCommand = None,
    seconds: Seconds = SECONDS,
) -> None:
    """Serve a registry over HTTP or HTTPS: a site as it is, or one that is made of a folder of wheels.

    twine and uv upload to a site, with a token of `kplug token add`. Without tokens it is only read.

    Example: kplug serve site

    Example: kplug serve copy --pull-from company

    Example: kplug serve site --host 0.0.0.0 --tls-cert plugins.pem --tls-key plugins.key --private
    """
    if tls_key is not None and tls_cert is None:
        raise typer.BadParameter("--tls-key needs --tls-cert, the certificate of the key")
    if source is not None and (keys or components or is_checking):
        raise typer.BadParameter(
            "--pull-from shows what another registry has signed: no --keys, no --check"
        )
    _require_libraries()
    from kplug_registry.serving.application import make_application
    from kplug_registry.serving.certificates import make_tls_context
    from kplug_registry.serving.oidc import OidcVerifier
    from kplug_registry.serving.server import run_server

    tls = None if tls_cert is None else make_tls_context(tls_cert, tls_key)
    checks: UploadChecks | None = None
    if source is not None:
        site: ServedSite = _open_copy(folder, source)
    else:
        found = find_keys(keys, Folder(folder))
        if is_checking:
            box = Sandbox(sandbox, seconds)
            checks = UploadChecks(Folder(folder), box, found, partial(typer.echo, err=True))
        after = None if checks is None else checks.add
        site = open_site(folder, found, load_declared(components), after)
    limits = UploadLimits(size=size_limit * _MEBIBYTE, rate=rate_limit)
    verifier = OidcVerifier(issuers or ())
    application = make_application(site, open_database(database), limits, is_private, verifier)
    if host not in _LOOPBACK and tls is None:
        typer.echo(
            "Others can read what is sent here. Tokens need HTTPS: --tls-cert, or a proxy in front."
        )
    try:
        run_server(application, host, port, proxy, lambda address: _announce(folder, address), tls)
    finally:
        if checks is not None:
            checks.close()


def _open_copy(folder: Path, name: str) -> PulledSite:
    """Return a copy of a registry of the settings.

    Raises:
        RegistrySettingError: if there is none of that name, or it is not signed.
    """
    registry = ConfiguredRegistry(get_setting(name))
    return PulledSite(folder.resolve(), registry.get_signed_site(), registry.fetch_hashed)


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
