"""Makes attestations of wheels (PEP 740) with a key and a certificate of the tests: for kplug-registry."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

GITHUB = "https://token.actions.githubusercontent.com"
PUBLISH = "https://docs.pypi.org/attestations/publish/v1"
SLSA = "https://slsa.dev/provenance/v1"
TYPE = "application/vnd.in-toto+json"
REF = "refs/tags/v2@x"
# Fulcio's extensions: issuer, repository, commit, ref, file of the workflow.
FACTS = {
    "8": GITHUB,
    "12": "https://github.com/acme/waves",
    "13": "5e88" * 10,
    "14": REF,
    "18": f"https://github.com/acme/waves/.github/workflows/release.yml@{REF}",
}
PINNED = {
    "environment": "release",
    "repository": "acme/waves",
    "workflow_file": "acme/waves/.github/workflows/release.yml",
}


@functools.cache
def make_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def make_certificate(facts: dict[str, str]) -> bytes:
    """Return a certificate with extensions as Fulcio's, signed by nobody who is trusted."""
    now = datetime.now(timezone.utc)
    name = x509.Name([])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(make_key().public_key()).serial_number(7)
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(minutes=10))
    for extension in make_extensions(facts):
        builder = builder.add_extension(extension, critical=False)
    made = builder.sign(make_key(), hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def make_extensions(facts: dict[str, str]) -> Iterator[x509.UnrecognizedExtension]:
    """Yield Fulcio's extensions: a number and a text each."""
    for number, text in facts.items():
        oid = x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}")
        value = text.encode()
        length = bytes([len(value)]) if len(value) < 128 else bytes([0x81, len(value)])
        yield x509.UnrecognizedExtension(oid, b"\x0c" + length + value)


def make_attestation(
    wheel: Path,
    predicate: str = PUBLISH,
    facts: dict[str, str] = FACTS,
    **statement: Any,
) -> dict[str, Any]:
    """Return an attestation of a wheel; parts of its statement may be others."""
    digest = sha256(wheel.read_bytes()).hexdigest()
    stated = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": wheel.name, "digest": {"sha256": digest}}],
        "predicateType": predicate,
        "predicate": None,
        **statement,
    }
    text = json.dumps(stated).encode()
    signed = f"DSSEv1 {len(TYPE)} {TYPE} {len(text)} ".encode() + text
    return {
        "version": 1,
        "verification_material": {
            "certificate": encode(make_certificate(facts)),
            "transparency_entries": [{"logIndex": "1"}],
        },
        "envelope": {
            "statement": encode(text),
            "signature": encode(make_key().sign(signed, ec.ECDSA(hashes.SHA256()))),
        },
    }


def write_attestation(wheel: Path, data: object = None) -> Path:
    """Write an attestation beside a wheel, as pypi-attestations does."""
    path = wheel.with_name(f"{wheel.name}.publish.attestation")
    path.write_text(json.dumps(make_attestation(wheel) if data is None else data))
    return path


def encode(content: bytes) -> str:
    return base64.b64encode(content).decode()
