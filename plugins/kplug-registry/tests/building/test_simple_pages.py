"""Pages of all distributions: a new name writes them seldom, and nothing gets lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from kplug_registry.building import build_site
from kplug_registry.building.simple_pages import add_projects, read_names
from kplug_registry.building.site_view import SiteView
from kplug_registry.publishing import publish, verify
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

NOW = "2026-01-31T12:00:00Z"
PAGES = {"simple/index.html", "simple/index.json"}


def test_a_new_name_among_many_writes_few_bytes_and_is_listed_in_the_end(tmp_path: Path) -> None:
    site = Folder(tmp_path)
    names = [f"kplug-name{number}" for number in range(1000)]
    sizes = []
    for group in (names[:500], *([name] for name in names[500:])):
        view = SiteView(site)
        add_projects(view, group)
        view.settle()
        written = {path: bytes(view.read(path) or b"") for path in view.changes}
        site.write(written)
        sizes.append(sum(map(len, written.values())))
    assert sorted(read_names(SiteView(site))) == sorted(names)
    assert sum(sizes[1:]) / len(sizes[1:]) < sizes[0] / 5
    listed = [
        row["name"] for row in json.loads((tmp_path / "simple/index.json").read_text())["projects"]
    ]
    assert listed == sorted(listed)
    assert len(listed) > 990


def test_a_site_with_names_that_its_pages_lack_is_sound(
    make_wheel: Callable[..., Path], tmp_path: Path
) -> None:
    wheels = [read_wheel(make_wheel(f"kplug-shore{number}x")) for number in range(101)]
    build_site(wheels, tmp_path / "site", NOW)
    site = Folder(tmp_path / "site")
    written = publish([read_wheel(make_wheel("kplug-tides"))], site, NOW)
    assert not PAGES & set(written)
    assert verify(site) == []
    assert json.loads(site.read("simple/newest.json") or b"") == {
        "listed": 101,
        "names": ["kplug-tides"],
    }
    assert set(publish([read_wheel(make_wheel("kplug-ebb"))], site, NOW)) >= PAGES
    assert json.loads(site.read("simple/newest.json") or b"") == {"listed": 103, "names": []}
    assert verify(site) == []
