"""Searches: words, kinds, several registries, and offline."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import build_site
from kplug_registry.client.configured_registries import open_registries, require_registries
from kplug_registry.client.searching import Filters, search
from kplug_registry.publishing import attest, publish
from kplug_registry.storage import Folder
from kplug_registry.trust.roots import get_fingerprint
from kplug_registry.wheels import list_code_hashes, read_check_report, read_wheel

import kplug
from tests.plugins.check_reports import make_report
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


def find(text: str, kind: str = "") -> set[str]:
    return {each.hit.name for each in search(open_registries(), text, Filters(kind)).found}


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("pond", "", {"pond_loss", "DeepPondLoss", "pond"}),
        ("POND", "loss", {"pond_loss", "DeepPondLoss"}),
        ("loss deep", "", {"DeepPondLoss"}),
        ("pond_loss", "", {"pond_loss"}),
        ("PondLoss", "", {"pond_loss"}),
        ("pon", "", {"pond_loss", "DeepPondLoss", "pond"}),
        ("de pon", "loss", {"DeepPondLoss"}),
        ("deeppo", "", {"DeepPondLoss"}),
        ("lake", "", set()),
        ("pond lake", "", set()),
        ("...", "", set()),
    ],
)
def test_words_and_kinds(
    machine: Path, site: SignedFolder, text: str, kind: str, expected: set[str]
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


def test_what_is_to_go_is_found_last(machine: Path, site: SignedFolder) -> None:
    configure(machine, site)
    for name, stage in (("arctic", "archived"), ("bay", "deprecated"), ("cove", "experimental")):
        offer(site, f"kplug-{name}", "1.0", ("loss", f"{name}_pond_loss"), lifecycle=stage)
    *rest, last, before = (each.hit.name for each in search(open_registries(), "pon").found)
    assert {last, before} == {"arctic_pond_loss", "bay_pond_loss"}
    assert {"cove_pond_loss", "pond_loss"} < set(rest)


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("pnod", ""),  # what begins otherwise is another word
        ("podn", "pond"),
        ("pond_losss", "pond loss"),
        ("deeep pond", "deep pond"),
        ("podn xyzzy", ""),
    ],
)
def test_a_misspelt_word_is_answered_with_the_nearest(
    machine: Path, site: SignedFolder, text: str, suggestion: str
) -> None:
    configure(machine, site)
    results = search(open_registries(), text)
    assert (results.found, results.suggestion) == ((), suggestion)
    offline = search(open_registries(), text, is_offline=True)
    assert offline.suggestion == suggestion


def test_of_several_words_more_in_the_name_and_then_the_score_decide(
    machine: Path, site: SignedFolder
) -> None:
    configure(machine, site)
    offer(site, "kplug-lake", "1.0", ("loss", "lake_pond_loss"))
    names = [each.hit.name for each in search(open_registries(), "pond loss").found]
    assert set(names) == {"pond_loss", "DeepPondLoss", "lake_pond_loss"}


NAMES = ("kplug-dunes", "kplug-cliff", "kplug-beach", "kplug-arctic")


@pytest.fixture
def shelf(machine: Path, make_wheel: Callable[..., Path], tmp_path: Path) -> Path:
    """Build a site of four distributions with a loss each: level, licence, lifecycle and age differ."""
    site = tmp_path / "shelf"
    stages = (
        "5 - Production/Stable",
        "3 - Alpha",
        "5 - Production/Stable",
        "5 - Production/Stable",
    )
    licences = ("MIT", "MIT", "ISC", "MIT")
    for number, (stage, licence) in enumerate(zip(stages, licences, strict=True)):
        metadata = f"License: {licence}\nClassifier: Development Status :: {stage}\n"
        wheel = make_wheel(NAMES[number], metadata=metadata)
        date = f"2026-01-0{number + 1}T12:00:00Z"
        if number:
            publish([read_wheel(wheel)], Folder(site), date)
        else:
            build_site([read_wheel(wheel)], site, date)
        level = ("gold", "silver", "bronze", None)[number]
        build = (NAMES[number], "1.0", min(list_code_hashes(wheel)))
        attest(Folder(site), read_check_report(make_report(build, level=level), "check"))
    (machine / "pyproject.toml").write_text(
        f'[tool.kplug.registries.shelf]\npath = "{site}"\ntrust = "unsigned"'
    )
    kplug.reload()
    return site


@pytest.mark.sampled
@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("text", ["wave", ""])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "dbac"),  # what is experimental comes later
        ({"level": "silver"}, "dc"),
        ({"level": "bronze", "licence": "mit"}, "dc"),
        ({"level": "bronze", "licence": "mit", "lifecycle": "stable"}, "d"),
        ({"licence": "isc"}, "b"),
        ({"licence": "isc", "level": "gold"}, ""),
        ({"lifecycle": "experimental"}, "c"),
    ],
)
def test_filters_combine_with_words_and_without(
    text: str, filters: dict[str, str], expected: str
) -> None:
    found = search(open_registries(), text, Filters("loss", **filters)).found
    assert "".join(each.hit.distribution[6] for each in found) == expected


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("order", "expected"),
    [("match", "dbac"), ("score", "dcba"), ("newest", "abcd"), ("name", "dbac")],
)
def test_what_is_found_is_sorted(order: str, expected: str) -> None:
    found = search(open_registries(), "wave", order=order).found
    assert "".join(each.hit.distribution[6] for each in found) == expected
