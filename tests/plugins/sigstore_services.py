"""Services as sigstore has them, with keys of the tests: what they sign, sigstore's own library accepts.

A certificate authority (Fulcio), the log of its certificates (RFC 6962), and the log of signatures (Rekor).
The library is not patched: the trust root is a file of its cache.
"""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from tests.plugins.attested_wheels import FACTS, encode, make_attestation, make_extensions, make_key

_TRUST_ROOT = "sigstore-python/tuf/https%3A%2F%2Ftuf-repo-cdn.sigstore.dev/trusted_root.json"
_TIMESTAMPS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_NAME = "log.example.org"


def _make_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Services:
    """The keys of the three services, and the time of what they sign."""

    authority: ec.EllipticCurvePrivateKey = field(default_factory=_make_key)
    certificate_log: ec.EllipticCurvePrivateKey = field(default_factory=_make_key)
    signature_log: ec.EllipticCurvePrivateKey = field(default_factory=_make_key)
    time: datetime = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)

    def trust(self, cache: Path) -> None:
        """Write the trust root into the cache of sigstore's library."""
        root = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_describe(self.signature_log)],
            "certificateAuthorities": [
                {
                    "subject": {"organization": "example.org", "commonName": "authority"},
                    "uri": "https://authority.example.org",
                    "certChain": {"certificates": [{"rawBytes": encode(_to_bytes(self._root()))}]},
                    "validFor": {"start": "2025-01-01T00:00:00Z"},
                }
            ],
            "ctlogs": [_describe(self.certificate_log)],
            "timestampAuthorities": [],
        }
        path = cache / _TRUST_ROOT
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(root))

    def attest(
        self, wheel: Path, minutes: int = 1, index: int = 1, **statement: Any
    ) -> dict[str, Any]:
        """Return an attestation of a wheel.

        Args:
            minutes: How long after the certificate the signature got into the log, which is valid for ten.
            index: The place in the log that the proof is for; the signature stands at 1.
            statement: Parts of what is stated that are others.
        """
        made = make_attestation(wheel, **statement)
        certificate = self._certify()
        made["verification_material"] = {
            "certificate": encode(_to_bytes(certificate)),
            "transparency_entries": [self._enter(certificate, made["envelope"], minutes, index)],
        }
        return made

    def _root(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")])
        public = self.authority.public_key()
        builder = x509.CertificateBuilder(name, name, public, 7)
        builder = builder.not_valid_before(self.time - timedelta(days=99))
        builder = builder.not_valid_after(self.time + timedelta(days=99))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_make_usage("key_cert_sign"), True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        return builder.sign(self.authority, hashes.SHA256())

    def _certify(self) -> x509.Certificate:
        """Return a certificate for the key of `make_key`, which the log of certificates has signed."""
        builder = x509.CertificateBuilder(
            self._root().subject, x509.Name([]), make_key().public_key(), 8
        )
        builder = builder.not_valid_before(self.time)
        builder = builder.not_valid_after(self.time + timedelta(minutes=10))
        builder = builder.add_extension(_make_usage("digital_signature"), True)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False
        )
        by = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key())
        builder = builder.add_extension(by, False)
        name = x509.UniformResourceIdentifier(FACTS["18"])
        builder = builder.add_extension(x509.SubjectAlternativeName([name]), True)
        for extension in make_extensions(FACTS):
            builder = builder.add_extension(extension, False)
        before = builder.sign(self.authority, hashes.SHA256()).tbs_certificate_bytes
        listed = x509.UnrecognizedExtension(_TIMESTAMPS, self._make_timestamps(before))
        return builder.add_extension(listed, False).sign(self.authority, hashes.SHA256())

    def _make_timestamps(self, certificate: bytes) -> bytes:
        """Return the list of the one signed timestamp of a certificate without it (RFC 6962, 3.2 and 3.3)."""
        time = struct.pack(">Q", int(self.time.timestamp() * 1000))
        entry = _hash_key(self.authority) + struct.pack(">I", len(certificate))[1:] + certificate
        signed = b"\0\0" + time + b"\0\1" + entry + b"\0\0"
        signature = _sign(self.certificate_log, signed)
        one = b"\0" + _hash_key(self.certificate_log) + time + b"\0\0"
        one += b"\4\3" + struct.pack(">H", len(signature)) + signature  # SHA-256, ECDSA
        all_of_them = struct.pack(">HH", len(one) + 2, len(one)) + one
        return bytes([4, len(all_of_them)]) + all_of_them  # an octet string of DER

    def _enter(
        self, certificate: x509.Certificate, envelope: dict[str, str], minutes: int, index: int
    ) -> dict[str, Any]:
        """Return the entry of a signature, the second of its log."""
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        digest = sha256(base64.b64decode(envelope["statement"])).hexdigest()
        signatures = [{"signature": envelope["signature"], "verifier": encode(pem)}]
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": digest},
            "payloadHash": {"algorithm": "sha256", "value": digest},
            "signatures": signatures,
        }
        body = _to_json({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        first, second = (sha256(b"\0" + leaf).digest() for leaf in (b"another", body))
        root = sha256(b"\1" + first + second).digest()
        note = f"{_NAME}\n2\n{encode(root)}\n"
        checkpoint = encode(_hash_key(self.signature_log)[:4] + self._sign_entry(note.encode()))
        time = int(self.time.timestamp()) + 60 * minutes
        promised = {
            "body": encode(body),
            "integratedTime": time,
            "logID": _hash_key(self.signature_log).hex(),
            "logIndex": 1,
        }
        return {
            "logIndex": "1",
            "logId": {"keyId": encode(_hash_key(self.signature_log))},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(time),
            "inclusionPromise": {
                "signedEntryTimestamp": encode(self._sign_entry(_to_json(promised)))
            },
            "inclusionProof": {
                "logIndex": str(index),
                "rootHash": encode(root),
                "treeSize": "2",
                "hashes": [encode(first)],
                "checkpoint": {"envelope": f"{note}\n\u2014 {_NAME} {checkpoint}\n"},
            },
            "canonicalizedBody": encode(body),
        }

    def _sign_entry(self, content: bytes) -> bytes:
        return _sign(self.signature_log, content)


def _make_usage(allowed: str) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: name == allowed for name in names})


def _sign(key: ec.EllipticCurvePrivateKey, content: bytes) -> bytes:
    return key.sign(content, ec.ECDSA(hashes.SHA256()))


def _public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _hash_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return sha256(_public_bytes(key)).digest()


def _describe(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """Return a log in the words of a trust root."""
    public = {
        "rawBytes": encode(_public_bytes(key)),
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "validFor": {"start": "2025-01-01T00:00:00Z"},
    }
    return {
        "baseUrl": f"https://{_NAME}",
        "hashAlgorithm": "SHA2_256",
        "publicKey": public,
        "logId": {"keyId": encode(_hash_key(key))},
    }


def _to_bytes(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _to_json(data: dict[str, Any]) -> bytes:
    """Return canonical JSON (RFC 8785), as the texts are ASCII and the numbers whole."""
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
