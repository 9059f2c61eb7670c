"""Sites over HTTP: requests of a look-up, and slow, broken or endless servers."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from kplug_registry.errors import SiteCopyError, TrustError, UnreachableSiteError
from kplug_registry.trust.fetching import SiteFetcher, path_of_url
from kplug_registry.trust.site_copy import SiteCopy
from kplug_registry.trust.unsigned_site import UnsignedSite

from tests.plugins.signed_sites import DICE, SignedFolder, make_signed_folder
from tests.plugins.site_server import Server


@pytest.fixture
def signed(tmp_path: Path) -> SignedFolder:
    return make_signed_folder(tmp_path)


@pytest.fixture
def server(signed: SignedFolder) -> Iterator[Server]:
    made = Server(signed.site)
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["signed", "unsigned"])
def test_a_silent_server_is_waited_for_once(signed: SignedFolder, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        fetcher = SiteFetcher(timeout=1)
        client = (
            signed.client(address, fetcher=fetcher)
            if kind == "signed"
            else UnsignedSite(address, signed.copy, fetcher)
        )
        for _ in range(3):
            with pytest.raises(UnreachableSiteError, match="answer in time"):
                client.fetch(DICE)
        silent.settimeout(0)
        connections = [silent.accept()[0]]
        with pytest.raises(BlockingIOError):
            silent.accept()
        connections[0].close()


@pytest.mark.parametrize("kind", ["signed", "unsigned"])
@pytest.mark.parametrize("depth", [0, 2])
def test_a_copy_that_cannot_be_written_is_explained(
    signed: SignedFolder, kind: str, depth: int
) -> None:
    signed.copy.write_text("no folder")
    signed.copy = signed.copy.joinpath(*["deep"] * depth)
    client = (
        signed.client() if kind == "signed" else UnsignedSite(signed.site.as_uri(), signed.copy)
    )
    with pytest.raises(SiteCopyError) as refused:
        client.fetch(DICE)
    assert str(refused.value).startswith(f"{signed.copy} cannot keep what was read of a registry: ")
    assert "XDG_DATA_HOME" in str(refused.value)


def test_a_home_that_is_only_read_is_explained(tmp_path: Path) -> None:
    def fail(place: Path) -> None:
        with SiteCopy(tmp_path / "home/share/kplug/site").explaining():
            raise OSError(errno.EROFS, "Read-only file system", str(place))

    with pytest.raises(SiteCopyError, match="Read-only file system"):
        fail(tmp_path / "home/share")  # the first folder that is missing
    with pytest.raises(OSError, match="of the site") as other:
        fail(tmp_path / "of the site.json")
    assert not isinstance(other.value, SiteCopyError)


class CountingFetcher(SiteFetcher):
    """Counts how many requests there are at once; those for contents wait for as many as there should be."""

    def __init__(self, together: int = 1) -> None:
        super().__init__()
        self.running, self.most, self.lock = 0, 0, threading.Condition()
        self.together = together
        self.urls: list[str] = []

    def download_bytes(self, url: str, max_length: int) -> bytes:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
            self.urls.append(url)
            self.lock.notify_all()
            if "/targets/components/" in url:
                self.lock.wait_for(lambda: self.most >= self.together, 60)
        try:
            return super().download_bytes(url, max_length)
        finally:
            with self.lock:
                self.running -= 1


def test_all_files_are_fetched_several_at_once_and_only_what_has_changed_later(
    signed: SignedFolder, server: Server
) -> None:
    for number in range(20):
        signed.write(f"components/loss/c{number}.json", b'{"number": %d}' % number)
    signed.sign()
    first = CountingFetcher(together=4)
    assert signed.client(server.address, fetcher=first).fetch_all() == 22
    assert 4 <= first.most <= 8
    assert sum("/targets/components/" in url for url in first.urls) == 21
    bins = [url for url in first.urls if ".bin-" in url]
    assert len(bins) == len(set(bins)) > 4
    signed.publish(DICE, b'{"dice": 2}')
    later = CountingFetcher()
    client = signed.client(server.address, fetcher=later)
    assert client.fetch_all() == 22
    assert [url for url in later.urls if "/components/" in url] == [
        server.address + signed.find_content(DICE).relative_to(signed.site).as_posix()
    ]
    assert sum(".bin-" in url for url in later.urls) == 1
    assert client.copy.read(DICE) == b'{"dice": 2}'


@pytest.mark.parametrize("lost", ["targets/components/loss/", "metadata/2.bin-"])
def test_of_all_files_one_that_is_missing_is_named(
    signed: SignedFolder, server: Server, lost: str
) -> None:
    for number in range(20):
        signed.write(f"components/loss/c{number}.json", b"{}")
    signed.sign()
    for path in signed.site.rglob("*"):
        if path.relative_to(signed.site).as_posix().startswith(lost):
            path.unlink()
    with pytest.raises(UnreachableSiteError, match=lost):
        signed.client(server.address).fetch_all()


def test_a_look_up_makes_four_requests_the_first_time_and_one_later(
    signed: SignedFolder, server: Server
) -> None:
    assert signed.client(server.address).fetch(DICE) == b'{"dice": 1}'
    first = server.take_requests()
    assert [status for _, status in first] == [200] * 4
    assert [path.rpartition("/")[2].partition("-")[0] for path, _ in first] == [
        "1.root.json",  # since the setting has a fingerprint alone
        "latest.json",
        "1.bin",
        signed.find_content(DICE).name,
    ]
    assert signed.client(server.address).fetch(DICE) == b'{"dice": 1}'
    assert server.take_requests() == [("/metadata/latest.json", 304)]


def test_a_request_that_fails_is_repeated(signed: SignedFolder, server: Server) -> None:
    server.failures = 2
    assert signed.client(server.address).fetch(DICE) == b'{"dice": 1}'


def test_the_pauses_between_attempts_grow(
    signed: SignedFolder, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", pauses.append)
    server.failures = 99
    with pytest.raises(UnreachableSiteError):
        UnsignedSite(server.address, signed.copy, SiteFetcher()).fetch(DICE)
    first, *rest = [pause for pause in pauses if pause]  # a first failure is tried again at once
    assert len(rest) >= 1
    assert all(after >= 2 * before for before, after in pairwise([first, *rest]))


@pytest.mark.parametrize(
    "lie",
    [lambda data: data[::-1], lambda data: data + b" ", lambda data: data[:-1], lambda _: b""],
    ids=["other bytes", "more", "less", "nothing"],
)
def test_a_mirror_that_lies_about_a_file_is_refused_and_the_copy_stays(
    signed: SignedFolder, server: Server, lie: Callable[[bytes], bytes]
) -> None:
    assert signed.client(server.address).fetch(DICE) == b'{"dice": 1}'
    signed.publish(DICE, b'{"dice": 2}')
    signed.find_content(DICE).write_bytes(lie(b'{"dice": 2}'))
    client = signed.client(server.address)
    with pytest.raises(TrustError, match=r"a file is (not the one that|longer than) was signed"):
        client.fetch(DICE)
    assert client.copy.read(DICE) == b'{"dice": 1}'


def test_a_server_that_is_down(signed: SignedFolder, server: Server) -> None:
    server.failures = 99
    client = signed.client(server.address, fetcher=SiteFetcher(retries=1))
    with pytest.raises(UnreachableSiteError) as caught:
        client.fetch(DICE)
    assert f"the registry at {server.address} cannot be reached" in str(caught.value)
    assert "answers with status 503" in str(caught.value)


def test_nobody_listens(signed: SignedFolder, server: Server) -> None:
    server.close()
    client = signed.client(server.address, fetcher=SiteFetcher(retries=1))
    with pytest.raises(UnreachableSiteError, match=r"does not answer: .*refused"):
        client.fetch(DICE)


@pytest.mark.parametrize("act", ["stall", "trickle"])
def test_a_slow_server_is_given_up(signed: SignedFolder, server: Server, act: str) -> None:
    server.act = act
    fetcher = SiteFetcher(timeout=0.3, longest=0.5, retries=1)
    client = signed.client(server.address, fetcher=fetcher)
    start = time.monotonic()
    with pytest.raises(UnreachableSiteError):
        client.fetch(DICE)
    assert time.monotonic() - start < 60  # it would go on for ever


def test_a_compressed_bomb_is_cut_off(signed: SignedFolder, server: Server) -> None:
    client = signed.client(server.address)
    client.refresh()
    server.act = "gzip"
    with pytest.raises(TrustError, match="a file is longer than was signed"):
        client.fetch(DICE)


def test_a_path_with_spaces() -> None:
    assert path_of_url(Path("/a b/ü.json").as_uri()) == Path("/a b/ü.json")


def test_an_unsigned_site(server: Server, signed: SignedFolder, tmp_path: Path) -> None:
    site = UnsignedSite(server.address, tmp_path / "copy", SiteFetcher(retries=1))
    assert site.fetch(DICE) == b'{"dice": 1}'
    assert site.fetch("components/loss/no.json") is None
    server.failures = 9
    with pytest.raises(UnreachableSiteError, match="status 503"):
        site.fetch(DICE)
    assert site.copy.read(DICE) == b'{"dice": 1}'
