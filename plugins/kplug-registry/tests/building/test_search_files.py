"""The hits that a word's file has, where a distribution has more than its share."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import build_site, search_files
from kplug_registry.building.search_files import choose_hits
from kplug_registry.publishing import publish, verify
from kplug_registry.site_format import SearchHit
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

NOW, LATER = "2026-01-31T12:00:00Z", "2026-02-28T12:00:00Z"
OTHERS = ("kplug-tides", "kplug-ponds", "kplug-moons")


def write_many(make_wheel: Callable[..., Path], name: str, count: int) -> Path:
    package = name.replace("-", "_")
    losses = [f"wave_{package}_{number:03}" for number in range(count)]
    code = "".join(f"def {loss}(y_true, y_pred): ...\n" for loss in losses)
    points = "".join(f"{loss} = {package}:{loss}\n" for loss in losses)
    points = f"[kplug.losses]\n{points}"
    return make_wheel(name, code={f"{package}/__init__.py": code}, entry_points=points)


def count_hits(site: Path, word: str) -> Counter[str]:
    return Counter(
        hit["distribution"]
        for hit in json.loads((site / f"search/{word}.json").read_bytes())["hits"]
    )


def test_one_distribution_cannot_fill_a_word(
    make_wheel: Callable[..., Path], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    large = read_wheel(write_many(make_wheel, "kplug-many", 240))
    others = [read_wheel(write_many(make_wheel, name, 50)) for name in OTHERS]
    build_site([large], site, NOW)
    assert count_hits(site, "wave") == {"kplug-many": 200}  # nobody else needs the place
    for wheel in others:
        publish([wheel], Folder(site), LATER)
    wanted = {"kplug-many": 80, **dict.fromkeys(OTHERS, 40)}
    assert count_hits(site, "wave") == count_hits(site, "loss.all") == wanted
    assert verify(Folder(site)) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_file_that_grows_has_the_hits_of_one_that_is_made_at_once(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(search_files, "MOST_HITS", 8)
    monkeypatch.setattr(search_files, "MOST_OF_ONE", 3)
    drawn = random.Random(seed)
    hits = [
        SearchHit("loss", f"wave{place}", f"kplug-{drawn.choice('aaaabbc')}", score=score)
        for place in range(60)
        for score in [drawn.randrange(40)]
    ]
    found: list[SearchHit] = []
    for place in range(0, 60, 5):
        found = choose_hits("wave", [*found, *hits[place : place + 5]])
    assert found == choose_hits("wave", hits)
    growing = search_files._Word("wave", None)
    for hit in hits:
        growing.add(search_files._rank("wave", hit), hit)
    assert list(growing.make_file().hits) == found
    best = {name: [hit for hit in found if hit.distribution == f"kplug-{name}"] for name in "abc"}
    given = Counter(hit.distribution for hit in hits)
    for name, listed in best.items():
        assert len(listed) >= min(given[f"kplug-{name}"], 2)  # each has its share of eight
