"""Results that the registry got itself: bound to the code in the site, shown as its own, counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import attest, publish, verify
from kplug_registry.storage import Folder
from kplug_registry.wheels import list_code_hashes, read_check_report, read_wheel

from tests.plugins.check_reports import make_report

MakeWheel = Callable[..., Path]
LATER = "2026-02-28T12:00:00Z"


def read_score(site: Path) -> dict[str, int]:
    hits = json.loads((site / "search/wave.json").read_bytes())["hits"]
    return {hit["distribution"]: hit.get("score", 0) for hit in hits}


def test_a_level_that_the_registry_found_counts_and_is_shown_so(
    site: Path, make_wheel: MakeWheel
) -> None:
    publish([read_wheel(make_wheel("kplug-aaa"))], Folder(site), "2025-01-31T12:00:00Z")
    assert list(read_score(site)) == ["kplug-aaa", "kplug-waves"]
    digest = next(iter(list_code_hashes(make_wheel())))
    results = read_check_report(make_report(("kplug-waves", "1.0", digest)), "check.json")
    others = read_check_report(make_report(("kplug-elsewhere", "1.0", digest)), "check.json")
    assert attest(Folder(site), [*results, *others]) == ["kplug-waves 1.0"]
    assert list(read_score(site).items()) == [("kplug-waves", 30), ("kplug-aaa", 0)]
    page = (site / "catalogue/distributions/kplug-waves/index.html").read_text("utf-8")
    assert "This registry ran them itself." in page
    page = (site / "catalogue/components/loss/waveloss.html").read_text("utf-8")
    assert "Contract suite, as this registry found: level gold, 1 passed" in page
    assert 'href="../distributions/kplug-waves/' in (
        site / "catalogue/kinds/loss.level-gold.html"
    ).read_text("utf-8")
    assert verify(Folder(site)) == []


@pytest.mark.parametrize(
    ("digest", "version"), [("sha256:00", "1.0"), (None, "1.0"), ("sha256:00", "9.0")]
)
def test_results_of_other_code_are_refused(site: Path, digest: str | None, version: str) -> None:
    before = {path: path.read_bytes() for path in site.rglob("*.json")}
    results = read_check_report(make_report(("kplug-waves", version, digest)), "check.json")
    with pytest.raises(PublishingError, match="with code that no wheel in"):
        attest(Folder(site), results)
    assert {path: path.read_bytes() for path in site.rglob("*.json")} == before
