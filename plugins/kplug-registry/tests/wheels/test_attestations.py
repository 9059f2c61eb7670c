"""Attestations of wheels (PEP 740): their form, whom they name, and which wheel they are about."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.errors import WheelError
from kplug_registry.site_format import Claim, Workflow
from kplug_registry.wheels import read_wheel

from tests.plugins.attested_wheels import (
    FACTS,
    GITHUB,
    PUBLISH,
    SLSA,
    encode,
    make_attestation,
    write_attestation,
)

MakeWheel = Callable[..., Path]


@pytest.fixture
def wheel(make_wheel: MakeWheel) -> Path:
    return make_wheel()


def test_attestations_beside_a_wheel_are_read(wheel: Path) -> None:
    assert read_wheel(wheel).attestations == ()
    made = make_attestation(wheel)
    write_attestation(wheel, made)
    slsa = wheel.with_name(f"{wheel.name}.slsa.attestation")
    slsa.write_text(json.dumps(make_attestation(wheel, SLSA)))
    publish, build = read_wheel(wheel).attestations
    assert (publish.predicate_type, build.predicate_type) == (PUBLISH, SLSA)
    assert json.loads(publish.content) == made
    claims = (
        Claim("repository", "acme/waves"),
        Claim("workflow_file", "acme/waves/.github/workflows/release.yml"),
    )
    assert publish.workflow == build.workflow == Workflow(GITHUB, claims)
    assert not publish.is_verified


def test_a_workflow_of_gitlab_is_named_as_its_claims_name_it(wheel: Path) -> None:
    place = "https://gitlab.com/acme/waves"
    facts = {
        "8": "https://gitlab.com",
        "12": place,
        "13": "5e88",
        "14": "refs/heads/main",
        "18": f"{place}//.gitlab-ci.yml@refs/heads/main",
    }
    write_attestation(wheel, make_attestation(wheel, facts=facts))
    (found,) = read_wheel(wheel).attestations
    assert found.workflow.claims == (
        Claim("project_path", "acme/waves"),
        Claim("workflow_file", "gitlab.com/acme/waves//.gitlab-ci.yml"),
    )


def test_an_attestation_of_another_wheel_is_refused(wheel: Path, make_wheel: MakeWheel) -> None:
    other = make_wheel(version="2.0")
    write_attestation(wheel, make_attestation(other))
    digest = sha256(wheel.read_bytes()).hexdigest()
    with pytest.raises(WheelError) as error:
        read_wheel(wheel)
    assert f"it is about {other.name}" in str(error.value)
    assert f"the wheel has sha256:{digest}" in str(error.value)


def test_an_attestation_of_other_content_is_refused(wheel: Path) -> None:
    write_attestation(wheel)
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(WheelError, match="it is about"):
        read_wheel(wheel)


def test_the_folder_of_a_wheel_is_not_searched(
    wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_attestation(wheel)
    searched: list[object] = []
    scan = os.scandir

    def note(path: str = ".") -> object:
        searched.append(path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", note)
    assert len(read_wheel(wheel).attestations) == 1
    assert searched == []


def test_two_attestations_of_one_predicate_are_refused(wheel: Path) -> None:
    copy = write_attestation(wheel)
    wheel.with_name(f"{wheel.name}.slsa.attestation").write_bytes(copy.read_bytes())
    with pytest.raises(WheelError, match=r"two attestations of https://docs\.pypi\.org"):
        read_wheel(wheel)


def change(data: dict[str, Any], *place: str, to: object) -> dict[str, Any]:
    """Return an attestation in which one value is another."""
    copy: dict[str, Any] = json.loads(json.dumps(data))
    part = copy
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = to
    return copy


WRONG: dict[str, tuple[Callable[[dict[str, Any], Path], object], str]] = {
    "no object": (lambda made, _: [made], "another form than PEP 740"),
    "version": (lambda made, _: {**made, "version": 2}, "not of version 1"),
    "no log": (
        lambda made, _: change(made, "verification_material", "transparency_entries", to=[]),
        "an entry of a transparency log",
    ),
    "no certificate": (
        lambda made, _: change(made, "verification_material", "certificate", to=encode(b"x")),
        "cannot be taken",
    ),
    "no base64": (lambda made, _: change(made, "envelope", "statement", to="!"), "not base64"),
    "no text": (lambda made, _: change(made, "envelope", "statement", to=7), "another form"),
    "signature": (
        lambda made, _: change(made, "envelope", "signature", to=encode(b"x")),
        "the key of its certificate did not sign it",
    ),
    "statement": (
        lambda made, wheel: change(
            made, "envelope", "statement", to=make_attestation(wheel, SLSA)["envelope"]["statement"]
        ),
        "the key of its certificate did not sign it",
    ),
    "predicate": (
        lambda _, wheel: make_attestation(wheel, "https://example.org/x"),
        "it states 'https://example.org/x'",
    ),
    "statement's type": (lambda _, wheel: make_attestation(wheel, _type="x"), "it states"),
    "two subjects": (
        lambda _, wheel: make_attestation(wheel, subject=[{}, {}]),
        "cannot be taken",
    ),
    "a person": (
        lambda _, wheel: make_attestation(wheel, facts={"8": "https://accounts.google.com"}),
        "its certificate is of 'https://accounts.google.com'",
    ),
    "nobody": (lambda _, wheel: make_attestation(wheel, facts={}), "'no workflow'"),
    "no repository": (
        lambda _, wheel: make_attestation(wheel, facts={"8": FACTS["8"]}),
        "another form",
    ),
    "large": (lambda made, _: {**made, "x": "y" * 300_000}, "more than 262144 bytes"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_attestation_is_refused(case: str, wheel: Path) -> None:
    make, message = WRONG[case]
    write_attestation(wheel, make(make_attestation(wheel), wheel))
    with pytest.raises(WheelError, match=message):
        read_wheel(wheel)


def test_what_is_no_json_is_refused(wheel: Path) -> None:
    write_attestation(wheel).write_text("[" * 100_000)
    with pytest.raises(WheelError, match="its attestation cannot be taken"):
        read_wheel(wheel)
