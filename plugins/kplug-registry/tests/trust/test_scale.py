"""Costs of a look-up and a publish in sites of a hundred to a hundred thousand components."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from kplug_registry.storage import Folder
from kplug_registry.trust.signing import sign_all, write_signing

from tests.plugins.signed_sites import DICE, make_signed_folder
from tests.plugins.site_server import Server

_MOST_BYTES = 150_000  # uncompressed; latest.json holds a line for each bin


@pytest.mark.slow
def test_a_look_up_costs_as_many_requests_however_large_the_site_is(tmp_path: Path) -> None:
    for count in (100, 1_000, 10_000, 100_000):
        signed = make_signed_folder(tmp_path, f"site-{count}")
        others = ((f"components/loss/c{n}.json", b"{}") for n in range(count))
        dice = (DICE, (signed.site / DICE).read_bytes())
        start = time.perf_counter()
        write_signing(
            Folder(signed.site), sign_all(Folder(signed.site).read, [dice, *others], signed.keys)
        )
        signing = time.perf_counter() - start
        server = Server(signed.site)
        costs = []
        for _ in ("cold", "warm"):
            assert signed.client(server.address).fetch(DICE) == b'{"dice": 1}'
            costs.append((len(server.take_requests()), server.bytes_sent))
            server.bytes_sent = 0
        written = len(signed.publish(DICE, b'{"dice": 2}'))
        server.close()
        print(  # noqa: T201 - the numbers of docs/registry.md
            f"{count} components: {costs[0]} cold, {costs[1]} warm (requests, bytes); "
            f"signed in {signing:.1f} s, {written} files a publish"
        )
        assert costs[0][0] == 4
        assert costs[0][1] < _MOST_BYTES
        assert costs[1] == (1, 0)
        assert written == 4
