"""A caching server between site and client: news is seen at once, and no client refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kplug_registry.trust.metadata_paths import LATEST
from kplug_registry.trust.roots import lay_out_root, rotate_root
from kplug_registry.trust.unsigned_site import UnsignedSite

from tests.plugins.caching_proxy import CachingProxy
from tests.plugins.signed_sites import DICE, SignedFolder, make_signed_folder
from tests.plugins.site_server import Server

ONE, TWO, THREE = (b'{"dice": %d}' % number for number in (1, 2, 3))


@pytest.fixture
def signed(tmp_path: Path) -> SignedFolder:
    return make_signed_folder(tmp_path)


@pytest.fixture(params=["the site says how long", "nothing is said"])
def server(request: pytest.FixtureRequest, signed: SignedFolder) -> Iterator[Server]:
    made = Server(signed.site)
    made.says_how_long = request.param != "nothing is said"
    yield made
    made.close()


@pytest.fixture
def proxy(server: Server) -> Iterator[CachingProxy]:
    made = CachingProxy(server.address)
    yield made
    made.close()


def test_a_publication_is_seen_at_once(signed: SignedFolder, proxy: CachingProxy) -> None:
    assert signed.client(proxy.address).fetch(DICE) == ONE
    for content in (TWO, THREE):
        signed.publish(DICE, content)
        assert signed.client(proxy.address).fetch(DICE) == content


def test_only_what_may_have_changed_is_asked_for_again(
    signed: SignedFolder, proxy: CachingProxy, tmp_path: Path
) -> None:
    for number in range(3):
        signed.copy = tmp_path / f"copy-{number}"
        assert signed.client(proxy.address).fetch(DICE) == ONE
    asked = [path for path, status in proxy.asked if status == 200]
    assert len(asked) == len(set(asked)) == 4
    assert {path for path, status in proxy.asked if status == 304} == {
        "/metadata/1.root.json",  # a next one may be there a moment later
        "/metadata/latest.json",
    }


def test_without_the_file_of_the_latest_metadata(signed: SignedFolder, proxy: CachingProxy) -> None:
    for content in (ONE, TWO):
        signed.publish(DICE, content)
        (signed.site / LATEST).unlink()
        assert signed.client(proxy.address).fetch(DICE) == content


def test_a_client_in_the_middle_sees_its_older_state(
    signed: SignedFolder, proxy: CachingProxy
) -> None:
    signed.write("components/loss/focal.json", b'{"focal": 1}')
    signed.sign()
    client = signed.client(proxy.address)
    client.refresh()
    for number in range(5):
        signed.publish(DICE, b'{"dice": "later %d"}' % number)
        signed.publish("components/loss/focal.json", b'{"focal": "later %d"}' % number)
    assert client.fetch(DICE) == ONE
    assert client.fetch("components/loss/focal.json") == b'{"focal": 1}'


def test_a_network_that_ignores_what_clients_ask_for(signed: SignedFolder, server: Server) -> None:
    """It obeys the site; where that says nothing either, clients see an older state, and not two."""
    proxy = CachingProxy(server.address, obeys_requests=False)
    assert signed.client(proxy.address).fetch(DICE) == ONE
    signed.publish(DICE, TWO)
    assert signed.client(proxy.address).fetch(DICE) == (TWO if server.says_how_long else ONE)
    proxy.close()


def test_a_new_root_is_seen_though_it_was_absent_before(
    signed: SignedFolder, proxy: CachingProxy
) -> None:
    (signed.site / LATEST).unlink()
    assert signed.client(proxy.address).fetch(DICE) == ONE
    for path, data in lay_out_root(rotate_root(signed.root, signed.keys)).items():
        signed.write(path, data)
    assert signed.client(proxy.address).fetch(DICE) == ONE
    statuses = [status for path, status in proxy.asked if path == "/metadata/2.root.json"]
    assert statuses == [404, 200]


def test_an_unsigned_site_is_as_new_as_the_server(
    signed: SignedFolder, proxy: CachingProxy, tmp_path: Path
) -> None:
    for content in (ONE, TWO):
        signed.write(DICE, content)
        assert UnsignedSite(proxy.address, tmp_path / "unsigned").fetch(DICE) == content
