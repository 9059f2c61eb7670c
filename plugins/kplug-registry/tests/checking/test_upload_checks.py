"""Checks after uploads: an upload does not wait for one, and a failing one does not keep the next."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kplug_registry.building import SiteView
from kplug_registry.building.releases import find_release
from kplug_registry.checking import Sandbox, UploadChecks
from kplug_registry.checking.sandbox import NotCheckedError
from kplug_registry.errors import PublishingError, ServingError
from kplug_registry.serving.served_sites import SiteFolder, open_site
from kplug_registry.storage import Folder

MakeWheel = Callable[..., Path]


class Waiting(Sandbox):
    """Runs until it is told to fail, or closed."""

    def __init__(self) -> None:
        self.turn = threading.Event()
        self.is_closed = False

    def run(self, folder: Path, name: str) -> bytes:
        self.turn.wait()
        if self.is_closed:
            raise PublishingError("it was stopped")
        raise NotCheckedError("it failed")

    def close(self) -> None:
        self.is_closed = True
        self.turn.set()


@pytest.fixture
def said() -> queue.Queue[str]:
    return queue.Queue()


@pytest.fixture
def box() -> Waiting:
    return Waiting()


@pytest.fixture
def checks(site: Path, box: Waiting, said: queue.Queue[str]) -> Iterator[UploadChecks]:
    checks = UploadChecks(Folder(site), box, None, said.put)
    yield checks
    checks.close()


def test_an_upload_does_not_wait_for_its_check(
    site: Path, make_wheel: MakeWheel, checks: UploadChecks, box: Waiting, said: queue.Queue[str]
) -> None:
    served = SiteFolder(site, on_published=checks.add)
    assert served.publish(make_wheel("kplug-tides"), "anna") == "kplug-tides 1.0"
    assert served.publish(make_wheel("kplug-moons"), "anna") == "kplug-moons 1.0"
    assert said.empty()
    box.turn.set()
    assert [said.get(timeout=60) for _ in range(2)] == [
        "kplug-tides 1.0: it failed",
        "kplug-moons 1.0: it failed",
    ]
    served.close()


def test_what_cannot_be_checked_is_said_and_the_next_is_checked(
    checks: UploadChecks, box: Waiting, said: queue.Queue[str]
) -> None:
    box.turn.set()
    checks.add("kplug-nothing", "1.0")
    checks.add("kplug-waves", "1.0")
    assert said.get(timeout=60).startswith("kplug-nothing 1.0 was not checked: there is no kplug-n")
    assert said.get(timeout=60) == "kplug-waves 1.0: it failed"


def test_a_check_that_the_server_ends_is_no_result(
    site: Path, checks: UploadChecks, said: queue.Queue[str]
) -> None:
    checks.add("kplug-waves", "1.0")
    checks.add("kplug-waves", "1.0")
    checks.close()
    assert said.qsize() <= 1
    assert find_release(SiteView(Folder(site)), "kplug-waves", "1.0").results is None


def test_a_folder_of_wheels_has_no_uploads_to_check(
    make_wheel: MakeWheel, checks: UploadChecks
) -> None:
    with pytest.raises(ServingError, match="--check is about uploads, of which it takes none"):
        open_site(make_wheel().parent, on_published=checks.add)
