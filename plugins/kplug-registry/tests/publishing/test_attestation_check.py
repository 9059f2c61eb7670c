"""Attestations are taken of trusted publishers, verified where sigstore's library is, kept and shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.errors import NotPermittedError, PublishingError
from kplug_registry.publishing import publish, trust_publisher, verify
from kplug_registry.site_format import (
    Claim,
    DistributionFile,
    Release,
    TrustedPublisher,
    Workflow,
    from_json,
)
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

from tests.plugins.attested_wheels import (
    GITHUB,
    PINNED,
    PUBLISH,
    make_attestation,
    write_attestation,
)
from tests.plugins.sigstore_services import Services

MakeWheel = Callable[..., Path]
DATE = "2026-01-31T12:00:00Z"


def make_workflow(**claims: str) -> Workflow:
    return Workflow(GITHUB, tuple(Claim(*each) for each in sorted({**PINNED, **claims}.items())))


def trust(site: Path, name: str = "release", **claims: str) -> None:
    publisher = TrustedPublisher(name, "operator", "example.org", make_workflow(**claims))
    trust_publisher(Folder(site), "kplug-waves", publisher, DATE)


@pytest.fixture
def wheel(make_wheel: MakeWheel) -> Path:
    """Return a wheel with an attestation beside it."""
    made = make_wheel(version="2.0")
    write_attestation(made)
    return made


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """Return services that sigstore's library trusts in this test."""
    pytest.importorskip("pypi_attestations")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = Services()
    made.trust(tmp_path / "cache")
    return made


def read_newest(site: Path) -> Release:
    text = (site / "distributions/kplug-waves.json").read_bytes()
    return from_json(DistributionFile, text, "file").releases[0]


@pytest.mark.usefixtures("no_sigstore")
def test_attestations_are_kept_and_served_as_pep_740_says(site: Path, wheel: Path) -> None:
    trust(site)
    publish([read_wheel(wheel)], Folder(site), DATE)
    content = (site / f"files/{wheel.name}.provenance").read_bytes()
    (kept,) = read_newest(site).provenances
    assert (kept.filename, kept.sha256) == (wheel.name, sha256(content).hexdigest())
    assert (kept.predicate_types, kept.is_verified) == ((PUBLISH,), False)
    data = json.loads(content)
    attestation = json.loads(wheel.with_name(f"{wheel.name}.publish.attestation").read_text())
    publisher = {
        "kind": "GitHub",
        "repository": "acme/waves",
        "workflow": "release.yml",
        "environment": "release",
    }
    assert data == {
        "version": 1,
        "attestation_bundles": [{"publisher": publisher, "attestations": [attestation]}],
    }
    page = json.loads((site / "simple/kplug-waves/index.json").read_text())
    links = {row["filename"]: row["provenance"] for row in page["files"]}
    assert links[wheel.name] == f"../../files/{wheel.name}.provenance"
    assert sorted(links.values(), key=str)[1] is None  # of version 1.0
    html = (site / "simple/kplug-waves/index.html").read_text()
    assert html.count(f'data-provenance="../../files/{wheel.name}.provenance"') == 1
    shown = (site / "catalogue/distributions/kplug-waves/2.0.html").read_text()
    assert f"files/{wheel.name}.provenance" in shown
    assert "not verified by the registry" in shown
    assert verify(Folder(site)) == []
    (site / f"files/{wheel.name}.provenance").write_bytes(content + b" ")
    assert len(verify(Folder(site))) == 1


def test_what_sigstores_library_accepts_is_verified(
    site: Path, wheel: Path, services: Services
) -> None:
    write_attestation(wheel, services.attest(wheel))
    trust(site)
    publish([read_wheel(wheel)], Folder(site), DATE)
    (kept,) = read_newest(site).provenances
    assert kept.is_verified
    shown = (site / "catalogue/distributions/kplug-waves/2.0.html").read_text()
    assert "release.yml" in shown
    assert "not verified by the registry" not in shown


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        ({"authority": None}, "failed to build timestamp certificate chain"),
        ({"certificate_log": None}, "failed to verify SCT on signing certificate"),
        ({"signature_log": None}, "invalid log entry"),
        ({"minutes": 11}, "failed to build timestamp certificate chain"),
        ({"index": 0}, "invalid log entry: inclusion proof contains invalid root hash"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_sigstores_library_refuses_is_not_published(
    site: Path, wheel: Path, services: Services, forged: dict[str, Any], why: str
) -> None:
    others = {name: getattr(Services(), name) for name in forged if hasattr(services, name)}
    options = {name: value for name, value in forged.items() if name not in others}
    write_attestation(wheel, replace(services, **others).attest(wheel, **options))
    trust(site)
    with pytest.raises(PublishingError, match=rf"is not valid: .*{why}") as told:
        publish([read_wheel(wheel)], Folder(site), DATE)
    assert "pip install --upgrade sigstore" in str(told.value)
    assert not (site / "files" / wheel.name).exists()


def test_a_log_entry_of_another_attestation_is_refused(
    site: Path, wheel: Path, services: Services, make_wheel: MakeWheel
) -> None:
    made, other = services.attest(wheel), services.attest(make_wheel(version="3.0"))
    for entry in ("transparency_entries", "certificate"):
        made["verification_material"][entry] = other["verification_material"][entry]
    write_attestation(wheel, made)
    trust(site)
    with pytest.raises(PublishingError, match="log entry payload hash does not match bundle"):
        publish([read_wheel(wheel)], Folder(site), DATE)
    assert not (site / "files" / wheel.name).exists()


@pytest.mark.usefixtures("no_sigstore")
@pytest.mark.parametrize(
    "claims",
    [{"repository": "acme/other"}, {"workflow_file": "acme/waves/.github/workflows/test.yml"}],
)
def test_attestations_of_others_are_refused(
    site: Path, wheel: Path, claims: dict[str, str]
) -> None:
    contents = read_wheel(wheel)
    message = "is attested by repository acme/waves, .* not who publishes kplug-waves"
    with pytest.raises(NotPermittedError, match=message):
        publish([contents], Folder(site), DATE)  # nobody is trusted
    trust(site, **claims)
    with pytest.raises(NotPermittedError, match=message):
        publish([contents], Folder(site), DATE)
    trust(site, "right")
    with pytest.raises(NotPermittedError, match=message):  # another workflow uploads it
        publish([contents], Folder(site), DATE, workflow=make_workflow(**claims))
    publish([contents], Folder(site), DATE, workflow=make_workflow())
    assert len(read_newest(site).provenances) == 1


@pytest.mark.usefixtures("no_sigstore")
def test_each_wheel_of_a_version_has_its_own(site: Path, make_wheel: MakeWheel) -> None:
    trust(site)
    names = [f"kplug_waves-2.0-py3-none-{tag}.whl" for tag in ("win32", "win_amd64")]
    for name in names:
        wheel = make_wheel(version="2.0", filename=name)
        write_attestation(wheel, make_attestation(wheel))
        publish([read_wheel(wheel)], Folder(site), DATE)
    assert [each.filename for each in read_newest(site).provenances] == names
    assert verify(Folder(site)) == []
