"""A certificate for this machine, with an authority of its own: for tests of TLS."""

from __future__ import annotations

import datetime as dt
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def write_certificate(file: Path, key_file: Path | None = None) -> Path:
    """Write a certificate for 127.0.0.1 with its authority and its key, for a server and its clients.

    Args:
        file: Where they go.
        key_file: Where the key goes instead.
    """
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _build("authority", "authority", authority)
    root = root.add_extension(x509.BasicConstraints(True, None), critical=True)
    here = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    leaf = _build("127.0.0.1", "authority", key).add_extension(here, critical=False)
    made = [each.sign(authority, hashes.SHA256()) for each in (leaf, root)]
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    if key_file is not None:
        key_file.write_bytes(secret)
    chain = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in made)
    file.write_bytes(chain if key_file is not None else secret + chain)
    return file


def _build(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    issued_by, name = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)])
        for each in (issuer, subject)
    )
    now = dt.datetime.now(dt.timezone.utc)
    number = x509.random_serial_number()
    made = x509.CertificateBuilder(issued_by, name, key.public_key(), number)
    return made.not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
