"""Searches: words, kinds, several registries, and offline."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from kplug_registry.client.configured_registries import open_registries, require_registries
from kplug_registry.client.searching import search
from kplug_registry.trust.roots import get_fingerprint

import kplug
from tests.plugins.signed_sites import SignedFolder, configure, make_signed_folder, offer
from tests.plugins.site_server import Server


@pytest.fixture
def site(tmp_path: Path) -> SignedFolder:
    made = make_signed_folder(tmp_path)
    offer(
        made,
        "kplug-pond",
        "1.0",
        ("loss", "pond_loss"),
        ("loss", "DeepPondLoss"),
        ("metric", "pond"),
    )
    return made


def find(text: str, kind: str | None = None) -> set[str]:
    return {each.hit.name for each in search(open_registries(), text, kind).found}


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("pond", None, {"pond_loss", "DeepPondLoss", "pond"}),
        ("POND", "loss", {"pond_loss", "DeepPondLoss"}),
        ("loss deep", None, {"DeepPondLoss"}),
        ("pond_loss", None, {"pond_loss"}),
        ("PondLoss", None, {"pond_loss"}),
        ("pon", None, {"pond_loss", "DeepPondLoss", "pond"}),
        ("de pon", "loss", {"DeepPondLoss"}),
        ("deeppo", None, {"DeepPondLoss"}),
        ("lake", None, set()),
        ("pond lake", None, set()),
        ("...", None, set()),
    ],
)
def test_words_and_kinds(
    machine: Path, site: SignedFolder, text: str, kind: str | None, expected: set[str]
) -> None:
    configure(machine, site)
    assert find(text, kind) == expected


def test_a_distribution_of_an_earlier_registry_is_refused_in_later_ones(
    machine: Path, site: SignedFolder, tmp_path: Path
) -> None:
    public = make_signed_folder(tmp_path, "public")
    offer(public, "kplug-pond", "99.0", ("loss", "pond_evil"))
    configure(machine, site, public)
    results = search(open_registries(), "pond")
    assert "pond_evil" not in {each.hit.name for each in results.found}
    assert results.refused == ("kplug-pond of 'public': it belongs to 'site'",)


def test_without_the_site_its_copy_is_searched_and_said_so(
    machine: Path, site: SignedFolder
) -> None:
    configure(machine, site)
    assert find("pond")
    shutil.rmtree(site.site)
    results = search(open_registries(), "pond")
    assert len(results.found) == 3
    assert "cannot be reached" in results.unreachable[0]
    offline = search(open_registries(), "pond", is_offline=True)
    assert (len(offline.found), offline.unreachable) == (3, ())


@pytest.mark.parametrize("garbage", [b"", b"\xff\x00", b"[]", b'{"word": 3}', b"[" * 100_000])
def test_a_damaged_file_of_the_copy_counts_as_missing(
    machine: Path, site: SignedFolder, garbage: bytes
) -> None:
    configure(machine, site)
    assert find("pond")
    (damaged,) = (machine.parent / "data").rglob("search%2Fpond.json")
    damaged.write_bytes(garbage)
    assert search(open_registries(), "pond", is_offline=True).found == ()
    assert len(search(open_registries(), "pond").found) == 3
    assert len(search(open_registries(), "pond", is_offline=True).found) == 3


@pytest.mark.parametrize("root", ["file", "fingerprint"])
def test_a_first_search_makes_at_most_four_requests_and_a_later_one_makes_one(
    machine: Path, site: SignedFolder, root: str
) -> None:
    server = Server(site.site)
    (machine / "root.json").write_bytes(site.root)
    trusted = {"file": "root.json", "fingerprint": get_fingerprint(site.root)}[root]
    (machine / "pyproject.toml").write_text(
        f'[tool.kplug.registries.site]\nurl = "{server.address}"\nroot = "{trusted}"'
    )
    kplug.reload()
    counts = []
    for _ in ("first", "later"):
        assert search(require_registries(), "pond").found
        counts.append(len(server.take_requests()))
    server.close()
    assert counts == [{"file": 3, "fingerprint": 4}[root], 1]
