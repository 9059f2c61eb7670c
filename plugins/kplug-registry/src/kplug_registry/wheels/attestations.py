"""Reads attestations of a wheel (PEP 740): who signed which statement about it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from kplug_registry.errors import WheelError
from kplug_registry.site_format import Claim, Workflow

GITHUB, GITLAB = "https://token.actions.githubusercontent.com", "https://gitlab.com"
PUBLISH = "https://docs.pypi.org/attestations/publish/v1"
PREDICATES = (PUBLISH, "https://slsa.dev/provenance/v1")  # those of PEP 740's index, each once
_MOST_BYTES = 256 << 10
_STATEMENT = "https://in-toto.io/Statement/v1"
_PAYLOAD = "application/vnd.in-toto+json"
_FULCIO = "1.3.6.1.4.1.57264.1."  # https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
_ISSUER, _REPOSITORY, _COMMIT, _REF, _CONFIGURATION = "8", "12", "13", "14", "18"
_UTF8_STRING = 0x0C
# The claim that names a repository, its address, and what a claim of a workflow's file leaves out.
_SERVICES = {
    GITHUB: ("repository", "https://github.com/", "https://github.com/"),
    GITLAB: ("project_path", "https://gitlab.com/", "https://"),
}


@dataclass(frozen=True, slots=True)
class Attestation:
    """A signed statement about a wheel.

    Args:
        predicate_type: What is stated, as an address.
        workflow: The workflow that its certificate names.
        content: The attestation as JSON.
        is_verified: Whether sigstore's library has verified certificate, transparency log and signature.
    """

    predicate_type: str
    workflow: Workflow
    content: str
    is_verified: bool = False


def attestation_paths(wheel: Path) -> list[Path]:
    """Return where the attestations of a wheel lie if it has any: what CI signs, one for each predicate.

    The folder is not searched, as that would take longer with each wheel in it.
    """
    return [wheel.with_name(f"{wheel.name}.{one}.attestation") for one in ("publish", "slsa")]


def read_attestations(path: Path, sha256: str) -> tuple[Attestation, ...]:
    """Return the attestations in the files ``WHEEL.*.attestation`` beside a wheel, by predicate.

    Certificates and transparency log are not verified here, so nothing proves the workflow yet.

    Args:
        path: The wheel.
        sha256: Its hash.

    Raises:
        WheelError: for one that is malformed, about another file, or not signed by its certificate's key.
    """
    found: dict[str, Attestation] = {}
    for file in filter(Path.is_file, attestation_paths(path)):
        try:
            if file.stat().st_size > _MOST_BYTES:
                raise ValueError(f"it has more than {_MOST_BYTES} bytes")  # noqa: TRY301
            one = _read(json.loads(file.read_bytes()), path.name, sha256)
        except Exception as error:
            why = error if type(error) is ValueError else "it has another form than PEP 740 says"
            raise WheelError(
                f"{path.name}: its attestation cannot be taken: {why}",
                hint="Make it for this very file, with pypi-attestations sign, or in CI.",
            ) from error
        if found.setdefault(one.predicate_type, one) is not one:
            raise WheelError(f"{path.name} has two attestations of {one.predicate_type}")
    return tuple(found[name] for name in sorted(found))


def _read(data: Mapping[str, Any], name: str, sha256: str) -> Attestation:
    material, envelope = data["verification_material"], data["envelope"]
    entries = material["transparency_entries"]
    is_listed = isinstance(entries, list) and entries and all(isinstance(x, dict) for x in entries)
    if data["version"] != 1 or isinstance(data["version"], bool) or not is_listed:
        raise ValueError("it is not of version 1 with an entry of a transparency log")
    statement = _decode(envelope["statement"])
    certificate = x509.load_der_x509_certificate(_decode(material["certificate"]))
    key = certificate.public_key()
    signed = b"DSSEv1 %d %s %d %s" % (len(_PAYLOAD), _PAYLOAD.encode(), len(statement), statement)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("its certificate has no key of an elliptic curve")  # noqa: TRY004 - of a text
    try:
        key.verify(_decode(envelope["signature"]), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise ValueError("the key of its certificate did not sign it") from None
    predicate = _check_statement(json.loads(statement), name, sha256)
    content = json.dumps(dict(data), separators=(",", ":"), sort_keys=True)
    return Attestation(predicate, _find_workflow(certificate), content)


def _check_statement(statement: Mapping[str, Any], name: str, sha256: str) -> str:
    """Return the predicate's type of a statement about a wheel."""
    (subject,) = statement["subject"]
    try:
        is_same_name = parse_wheel_filename(subject["name"]) == parse_wheel_filename(name)
    except InvalidWheelFilename:
        is_same_name = False
    if not is_same_name or subject["digest"]["sha256"] != sha256:
        about, digest = str(subject["name"])[:120], str(subject["digest"]["sha256"])[:64]
        raise ValueError(
            f"it is about {about} with sha256:{digest}, and the wheel has sha256:{sha256}"
        )
    predicate = statement["predicateType"]
    if statement["_type"] != _STATEMENT or predicate not in PREDICATES:
        raise ValueError(f"it states {str(predicate)[:120]!r}; taken are {', '.join(PREDICATES)}")
    return str(predicate)


def _find_workflow(certificate: x509.Certificate) -> Workflow:
    """Return the workflow of a certificate, with the claims that a trusted publisher pins."""
    facts = dict(_list_facts(certificate))
    issuer = facts.get(_ISSUER, "")
    if issuer not in _SERVICES:
        raise ValueError(
            f"its certificate is of {issuer[:120] or 'no workflow'!r}; taken are {', '.join(_SERVICES)}"
        )
    claim, host, left_out = _SERVICES[issuer]
    file = facts[_CONFIGURATION]
    for commit in (facts.get(_REF), facts.get(_COMMIT)):
        file = file.removesuffix(f"@{commit}")
    claims = {
        claim: facts[_REPOSITORY].removeprefix(host),
        "workflow_file": file.removeprefix(left_out),
    }
    return Workflow(issuer, tuple(Claim(*each) for each in sorted(claims.items())))


def _list_facts(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    for extension in certificate.extensions:
        name, value = extension.oid.dotted_string, extension.value
        if name.startswith(_FULCIO) and isinstance(value, x509.UnrecognizedExtension):
            yield name.removeprefix(_FULCIO), _read_text(value.value)


def _read_text(der: bytes) -> str:
    """Return the text of a DER string of less than 64 KiB; older extensions are plain texts."""
    if der[:1] != bytes([_UTF8_STRING]):
        return der.decode("utf-8", "replace")
    begin = 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)
    return der[begin:].decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("a part of it is not base64") from None
