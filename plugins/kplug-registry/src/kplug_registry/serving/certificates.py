"""Makes the TLS context of a server, which uses a renewed certificate from the next connection on."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

from kplug_registry.errors import ServingError


def make_tls_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Return the context of a certificate, which is read again when its files have changed.

    Args:
        certificate: The file with the certificate and those that lead to its authority, as PEM.
        key: The file with the key; None if it stands in the first one.

    Raises:
        ServingError: if they are no certificate with its key.
    """
    try:
        context = _load(certificate, key)
    except OSError as error:  # also of ssl
        files = certificate if key is None else f"{certificate} and {key}"
        raise ServingError(
            f"{files}: no certificate with its key can be read: {error.strerror or error}",
            hint="Give PEM files: --tls-cert with the certificate and its chain, --tls-key with the key, "
            "which has no password.",
        ) from error
    newest, seen = context, _stamp(certificate, key)

    def renew(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        nonlocal newest, seen
        if (found := _stamp(certificate, key)) != seen:
            with suppress(OSError):  # half of a renewal: the next connection tries again
                newest, seen = _load(certificate, key), found
        connection.context = newest

    context.sni_callback = renew  # called without a name, too
    return context


def _load(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without a function, OpenSSL would ask for a password at the terminal.
    context.load_cert_chain(certificate, key, lambda: "")
    return context


def _stamp(certificate: Path, key: Path | None) -> tuple[object, ...]:
    """Return what a change of the files changes."""
    found: list[object] = []
    for file in (certificate, key or certificate):
        with suppress(OSError):
            status = file.stat()
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)
