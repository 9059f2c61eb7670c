"""A workflow may be the first to publish a name, until time is over or somebody else does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.building import SiteView
from kplug_registry.building.pending_publishers import find_pending
from kplug_registry.building.trusted_publishers import OidcIdentity
from kplug_registry.errors import NotPermittedError, PublishingError
from kplug_registry.publishing import (
    allow_names,
    distrust_publisher,
    list_owners,
    list_pending,
    publish,
    reserve_names,
    trust_pending_publisher,
    verify,
)
from kplug_registry.site_format import Claim, TrustedPublisher, Workflow
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

NOW, SOON, LATER = "2026-01-31T12:00:00Z", "2026-03-02T11:59:59Z", "2026-03-02T12:00:00Z"
WORKFLOW = Workflow("https://gitlab.com", (Claim("project_path", "acme/tides"),))
RELEASE = TrustedPublisher("release", "anna", "plugins.example.com", WORKFLOW)
IDENTITY = OidcIdentity(
    WORKFLOW.issuer, RELEASE.audience, {"project_path": "acme/tides", "ref": "main"}
)
TIDES = "kplug-tides"
MakeWheel = Callable[..., Path]


def find(site: Path, date: str = NOW, identity: OidcIdentity = IDENTITY) -> TrustedPublisher | None:
    return find_pending(SiteView(Folder(site)), TIDES, identity, date)


def test_a_pending_publisher_is_found_by_all_of_its_claims(site: Path) -> None:
    trust_pending_publisher(Folder(site), "Kplug_Tides", RELEASE, NOW)
    assert find(site) == RELEASE
    assert find(site, identity=replace(IDENTITY, audience="pypi")) is None
    assert find(site, identity=replace(IDENTITY, issuer="https://example.org")) is None
    assert find(site, identity=replace(IDENTITY, claims={"project_path": "acme/tide"})) is None
    assert verify(Folder(site)) == []


def test_it_ends_after_thirty_days(site: Path) -> None:
    added = trust_pending_publisher(Folder(site), TIDES, RELEASE, NOW)
    assert added.expires == LATER
    assert (find(site, SOON), find(site, LATER)) == (RELEASE, None)
    other = replace(RELEASE, owner="bert")
    trust_pending_publisher(Folder(site), "kplug-moons", other, LATER)
    listed = json.loads((site / "names/pending.json").read_text())["publishers"]
    assert [each["distribution"] for each in listed] == ["kplug-moons"]


def test_the_first_release_makes_the_owner_and_its_publisher(
    site: Path, make_wheel: MakeWheel
) -> None:
    trust_pending_publisher(Folder(site), TIDES, RELEASE, NOW)
    wheel = read_wheel(make_wheel(TIDES))
    publish([wheel], Folder(site), SOON, publisher="anna", workflow=WORKFLOW)
    found = list_owners(Folder(site), TIDES)
    assert (found.owners, found.trusted_publishers) == (("anna",), (RELEASE,))
    assert [(each.owner, each.by) for each in found.owner_changes] == [
        ("anna", "anna"),
        ("workflow:release", "anna"),
    ]
    assert list_pending(Folder(site), TIDES, SOON) == []
    assert verify(Folder(site)) == []


@pytest.mark.parametrize(("publisher", "date"), [("bert", NOW), ("operator", NOW), ("anna", LATER)])
def test_it_is_void_when_another_publishes_first_or_time_is_over(
    site: Path, make_wheel: MakeWheel, publisher: str, date: str
) -> None:
    trust_pending_publisher(Folder(site), TIDES, RELEASE, NOW)
    publish([read_wheel(make_wheel(TIDES))], Folder(site), date, publisher=publisher)
    found = list_owners(Folder(site), TIDES)
    assert (found.owners, found.trusted_publishers) == ((publisher,), ())
    assert find(site, date) is None
    assert verify(Folder(site)) == []


def test_of_two_who_wait_the_first_to_publish_has_the_name(
    site: Path, make_wheel: MakeWheel
) -> None:
    other = replace(RELEASE, owner="bert", workflow=replace(WORKFLOW, issuer="https://example.org"))
    for each in (RELEASE, other):
        trust_pending_publisher(Folder(site), TIDES, each, NOW)
    wheel = read_wheel(make_wheel(TIDES))
    publish([wheel], Folder(site), NOW, publisher="bert", workflow=other.workflow)
    assert list_owners(Folder(site), TIDES).trusted_publishers == (other,)
    assert find(site) is None


def test_nothing_is_void_when_a_release_is_refused(site: Path, make_wheel: MakeWheel) -> None:
    trust_pending_publisher(Folder(site), TIDES, RELEASE, NOW)
    wheels = [read_wheel(make_wheel(TIDES)), read_wheel(make_wheel())]
    with pytest.raises(PublishingError):
        publish(wheels, Folder(site), NOW, publisher="anna")
    assert find(site) == RELEASE


@pytest.mark.parametrize("name", ["kplug-rivers", "kplug-r1vers", "kplug-wave", "waves-kplug"])
def test_a_name_that_is_held_waits_for_nobody(site: Path, make_wheel: MakeWheel, name: str) -> None:
    reserve_names(Folder(site), ["kplug-rivers"])
    with pytest.raises(NotPermittedError, match="is held: "):
        trust_pending_publisher(Folder(site), name, replace(RELEASE, owner="bert"), NOW)
    assert not (site / "names/pending.json").exists()


def test_a_name_may_be_held_when_it_is_published(site: Path, make_wheel: MakeWheel) -> None:
    trust_pending_publisher(Folder(site), TIDES, RELEASE, NOW)
    reserve_names(Folder(site), [TIDES])
    wheel = read_wheel(make_wheel(TIDES))
    with pytest.raises(NotPermittedError, match="is held: it is reserved"):
        publish([wheel], Folder(site), NOW, publisher="anna", workflow=WORKFLOW)
    allow_names(Folder(site), [TIDES])
    publish([wheel], Folder(site), NOW, publisher="anna", workflow=WORKFLOW)
    assert list_owners(Folder(site), TIDES).owners == ("anna",)


@pytest.mark.parametrize(
    ("name", "change", "by", "message"),
    [
        ("kplug-waves", {}, "operator", "kplug-waves has been published, and a pending publisher"),
        ("kplug waves", {}, "operator", "'kplug waves' is no name of a distribution"),
        (TIDES, {"name": "A b"}, "operator", "'A b' cannot be the name of an owner"),
        (TIDES, {"owner": ":"}, "operator", "':' cannot be the name of an owner"),
        (TIDES, {"audience": ""}, "operator", "'' is no audience"),
        (TIDES, {}, "bert", "bert cannot say that a workflow publishes as anna"),
    ],
)
def test_what_cannot_wait_is_refused(
    site: Path, name: str, change: dict[str, Any], by: str, message: str
) -> None:
    with pytest.raises(PublishingError) as caught:
        trust_pending_publisher(Folder(site), name, replace(RELEASE, **change), NOW, by)
    assert caught.value.message.startswith(message)
    assert not (site / "names/pending.json").exists()


def test_an_owner_has_twenty_that_wait(site: Path) -> None:
    for number in range(20):
        trust_pending_publisher(Folder(site), f"acme-{number:c<9}", RELEASE, NOW)
    with pytest.raises(PublishingError, match=r"release of acme-0cccccccc, .* 20 at most"):
        trust_pending_publisher(Folder(site), TIDES, RELEASE, NOW)
    trust_pending_publisher(Folder(site), TIDES, replace(RELEASE, owner="bert"), NOW)
    trust_pending_publisher(Folder(site), TIDES, RELEASE, LATER)


def test_one_that_waits_is_taken_back_by_its_owner_alone(site: Path) -> None:
    trust_pending_publisher(Folder(site), TIDES, RELEASE, NOW)
    with pytest.raises(PublishingError, match="no publisher 'release' waits for it"):
        distrust_publisher(Folder(site), TIDES, "release", NOW, by="bert")
    with pytest.raises(PublishingError, match="release of kplug-tides may publish first as anna"):
        trust_pending_publisher(Folder(site), TIDES, RELEASE, NOW)
    distrust_publisher(Folder(site), TIDES, "release", NOW, by="anna")
    assert find(site) is None
    with pytest.raises(PublishingError, match="there is no kplug-tides in"):
        distrust_publisher(Folder(site), TIDES, "release", NOW)
