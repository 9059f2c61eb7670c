"""Attestations are taken of trusted publishers, verified where sigstore's library is, kept and shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from kplug_registry.errors import NotPermittedError, PublishingError
from kplug_registry.publishing import attestation_check, publish, trust_publisher, verify
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
def library(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what a library, which stands for sigstore's, was asked to verify; it refuses `eve`."""
    asked: list[dict[str, Any]] = []

    class Attestation:
        @classmethod
        def model_validate(cls, data: dict[str, Any]) -> Attestation:
            return cls()

        def verify(self, publisher: Any, subject: Any, *, offline: bool) -> None:
            asked.append({**vars(publisher), **vars(subject), "offline": offline})
            if "eve" in publisher.repository:
                raise LookupError("no such log entry")

    module = ModuleType("pypi_attestations")
    vars(module).update(
        Attestation=Attestation, Distribution=SimpleNamespace, GitHubPublisher=SimpleNamespace
    )
    monkeypatch.setitem(sys.modules, "pypi_attestations", module)
    monkeypatch.setattr(attestation_check, "find_spec", lambda name: object())
    return asked


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


def test_the_library_of_sigstore_verifies(
    site: Path, wheel: Path, library: list[dict[str, Any]]
) -> None:
    trust(site)
    publish([read_wheel(wheel)], Folder(site), DATE)
    assert library == [
        {
            "kind": "GitHub",
            "repository": "acme/waves",
            "workflow": "release.yml",
            "environment": None,
            "name": wheel.name,
            "digest": sha256(wheel.read_bytes()).hexdigest(),
            "offline": True,
        }
    ]
    (kept,) = read_newest(site).provenances
    assert kept.is_verified
    shown = (site / "catalogue/distributions/kplug-waves/2.0.html").read_text()
    assert "release.yml" in shown
    assert "not verified by the registry" not in shown


def test_what_the_library_refuses_is_not_published(
    site: Path, wheel: Path, library: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(site)
    monkeypatch.setattr(
        attestation_check, "describe_publisher", lambda _: {"kind": "GitHub", "repository": "eve"}
    )
    with pytest.raises(PublishingError, match="is not valid: no such log entry"):
        publish([read_wheel(wheel)], Folder(site), DATE)
    assert len(library) == 1
    assert not (site / "files" / wheel.name).exists()


def test_the_real_library_refuses_a_certificate_of_nobody(site: Path, wheel: Path) -> None:
    pytest.importorskip("pypi_attestations")
    trust(site)
    with pytest.raises(
        PublishingError, match=r"(?s)is not valid: .*pip install --upgrade sigstore"
    ):
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
