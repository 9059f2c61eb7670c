"""Uploads that arrive while another is written become one change; a wrong one costs the others nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from kplug_registry.errors import BusySiteError, PublishingError
from kplug_registry.serving.grouped_publishing import GroupedPublishing
from kplug_registry.site_format import Workflow
from kplug_registry.wheels import WheelContents, read_wheel

MakeWheel = Callable[..., Path]


class Site:
    """Notes what is published together; the first change goes on until the others wait."""

    def __init__(self, wrong: str = "", *, is_busy: bool = False) -> None:
        self.wrong, self.is_busy = wrong, is_busy
        self.groups, self.tried = list[tuple[str, list[str]]](), list[int]()
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    def publish(
        self, wheels: Sequence[WheelContents], publisher: str, workflow: Workflow | None
    ) -> None:
        assert workflow is None
        versions = sorted(wheel.metadata.version for wheel in wheels)
        self.has_begun.set()
        assert self.may_end.wait(120)
        self.tried.append(len(versions))
        if self.is_busy:
            raise BusySiteError("another publisher has been writing")
        if self.wrong in versions:
            raise PublishingError(f"{self.wrong} is refused")
        self.groups.append((publisher, versions))


def upload_all(site: Site, make_wheel: MakeWheel, publishers: str) -> list[str]:
    """Upload a version for each publisher while the first is written; return the refusals."""
    publishing = GroupedPublishing(site.publish)
    refusals: list[str] = []

    def run(wheel: WheelContents, publisher: str) -> None:
        try:
            publishing.add(wheel, publisher)
        except PublishingError as error:
            refusals.append(f"{wheel.metadata.version}: {error.message}")

    wheels = [read_wheel(make_wheel(version=f"{at}.0")) for at in range(len(publishers))]
    threads = [
        threading.Thread(target=run, args=each) for each in zip(wheels, publishers, strict=True)
    ]
    threads[0].start()
    assert site.has_begun.wait(120)
    for thread in threads[1:]:
        thread.start()
    while len(publishing._waiting) < len(wheels):
        threads[1].join(0.001)
    site.may_end.set()
    for thread in threads:
        thread.join()
    assert publishing._waiting == []
    return refusals


def test_a_site_that_cannot_be_written_is_tried_once_for_all(make_wheel: MakeWheel) -> None:
    site = Site(is_busy=True)
    assert len(upload_all(site, make_wheel, "aaaa")) == 4
    assert site.tried == [1, 3]


def test_what_waits_becomes_one_change_of_each_publisher(make_wheel: MakeWheel) -> None:
    site = Site()
    assert upload_all(site, make_wheel, "aaaabb") == []
    assert site.groups[0] == ("a", ["0.0"])
    assert sorted(site.groups[1:]) == [("a", ["1.0", "2.0", "3.0"]), ("b", ["4.0", "5.0"])]


@pytest.mark.parametrize("wrong", ["0.0", "2.0"])
def test_a_wrong_upload_is_refused_alone(make_wheel: MakeWheel, wrong: str) -> None:
    site = Site(wrong)
    assert upload_all(site, make_wheel, "aaaa") == [f"{wrong}: {wrong} is refused"]
    published = {version for _, group in site.groups for version in group}
    assert published == {"0.0", "1.0", "2.0", "3.0"} - {wrong}
