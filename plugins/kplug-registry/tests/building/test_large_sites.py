"""Costs of sites of 100 and 1,000 distributions: counts and bytes, never times."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.large_sites import LargeSite

_LISTS = {"simple/index.html", "simple/index.json"}  # of all distributions
_GROWING = ("simple/index", "metadata/")
_SIGNATURES = ("metadata/", ".kplug/")  # with numbers and times in their names
SEARCHES = (
    "dice",
    "dic",
    "foc dic wav",
    "dise",
)  # a word, halves of one and of three, a misspelt one


@pytest.mark.slow
def test_a_publish_a_look_up_and_a_search_cost_the_same_in_a_larger_site(tmp_path: Path) -> None:
    written = []
    for count in (100, 1_000):
        large = LargeSite(tmp_path / str(count), count, components=2)
        new, version = large.publish(5_000).sizes, large.publish(0, "1.1").sizes
        assert (new.keys() >= _LISTS) == (count < 200)  # else it is one of a hundredth as many
        assert "simple/newest.json" in new
        assert not _LISTS & version.keys()
        for sizes in (new, version):
            metadata = [path for path in sizes if path.startswith("metadata/")]
            targets = [path for path in sizes if path.endswith(".json")]
            assert len(metadata) < len(targets)  # a bin for each, and three files that lead to them
        assert max(size for path, size in new.items() if not path.startswith(_GROWING)) < 50_000
        cold, warm = large.look_up(7)
        assert cold[0] == 4
        assert cold[1] < 60_000
        assert warm == (1, 0)
        searched = [large.search(text) for text in SEARCHES]
        assert [bool(each.hits) for each in searched[:2]] == [True, True]
        assert max(each.received for each in searched) < 400_000
        written.append({path for path in new if not path.startswith(_SIGNATURES)})
    in_small, in_large = written
    # Words that have all hits that a file takes are left as they are; a small site writes whole lists.
    assert in_large - {"catalogue/names/newest.html"} <= in_small
