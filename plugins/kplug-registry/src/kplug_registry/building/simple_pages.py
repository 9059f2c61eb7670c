"""Generates ``simple/``: the package index for pip and uv (PEP 503, 592, 658, 691, 700, 740)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from kplug_registry.building.browsing import write_name_pages, write_newest_page
from kplug_registry.building.site_view import SiteView
from kplug_registry.building.visible_text import escape_text
from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format import (
    DistributionFile,
    NewestNames,
    Release,
    WheelFile,
    provenance_path,
)

_API = {"api-version": "1.3"}
_ROOT = "simple/index"
_NEWEST = "simple/newest.json"
_NEWEST_SHARE = 0.01  # of all names: whoever adds one writes a hundredth of the pages, on average


def write_project(view: SiteView, distribution: DistributionFile) -> None:
    """Write the two pages of a distribution."""
    path = f"simple/{distribution.name}/index"
    view.write_later(f"{path}.html", partial(_make_project_page, distribution))
    view.write_later(f"{path}.json", partial(_make_project_json, distribution))


def _make_project_page(distribution: DistributionFile) -> bytes:
    return _make_page(distribution.name, (_link(*each) for each in _list_files(distribution)))


def _make_project_json(distribution: DistributionFile) -> bytes:
    data = {
        "meta": _API,
        "name": distribution.name,
        "versions": [release.version for release in distribution.releases],
        "files": [_as_data(*each) for each in _list_files(distribution)],
    }
    return f"{json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n".encode()


def add_projects(view: SiteView, names: Iterable[str]) -> None:
    """Add distributions to a short list, or to the two pages that list all if it would get too long."""
    known = find_newest(view)
    newest = sorted({*known.names, *names})
    if len(newest) < known.listed * _NEWEST_SHARE:
        view.write_noun(_NEWEST, NewestNames(known.listed, tuple(newest)))
        write_newest_page(view, newest)
    else:
        write_projects(view, sorted({*_read_listed(view), *newest}))


def find_newest(view: SiteView) -> NewestNames:
    """Return the names that the two pages lack."""
    return view.find(NewestNames, _NEWEST) or NewestNames(0, ())


def choose_newest(view: SiteView, names: Sequence[str]) -> set[str]:
    """Return those of all names that the two pages may lack; none if the unsigned list is damaged."""
    try:
        newest = set(find_newest(view).names) & set(names)
    except SiteFormatError:
        return set()
    return newest if len(newest) <= (len(names) - len(newest)) * _NEWEST_SHARE else set()


def read_names(view: SiteView) -> list[str]:
    """Return the names of all distributions."""
    return [*_read_listed(view), *find_newest(view).names]


def _read_listed(view: SiteView) -> list[str]:
    text = view.read(f"{_ROOT}.json")
    return [] if text is None else [row["name"] for row in json.loads(text)["projects"]]


def write_projects(view: SiteView, names: Sequence[str], newest: Sequence[str] = ()) -> None:
    """Write the two pages that list all distributions but the newest, and the list of those; all sorted."""
    view.write_noun(_NEWEST, NewestNames(len(names), tuple(newest)))
    write_name_pages(view, names, newest)
    links = (f'<a href="{name}/">{name}</a>' for name in names)
    view.write(f"{_ROOT}.html", _make_page("Distributions", links))
    rows = ",".join(f'{{"name":"{name}"}}' for name in names)  # dicts would take much memory
    text = f'{{"meta":{json.dumps(_API, separators=(",", ":"))},"projects":[{rows}]}}\n'
    view.write(f"{_ROOT}.json", text.encode())


def _list_files(distribution: DistributionFile) -> Iterator[tuple[Release, WheelFile]]:
    for release in distribution.releases:
        for wheel in release.wheels:
            yield release, wheel


def _link(release: Release, wheel: WheelFile) -> str:
    attributes = {
        "href": f"../../files/{wheel.filename}#sha256={wheel.sha256}",
        "data-requires-python": release.requires_python,
        "data-dist-info-metadata": f"sha256={wheel.metadata_sha256}",
        "data-core-metadata": f"sha256={wheel.metadata_sha256}",
        "data-yanked": release.yanked,
        "data-provenance": _find_provenance(release, wheel),
    }
    written = [f'{key}="{escape_text(value)}"' for key, value in attributes.items() if value]
    return f"<a {' '.join(written)}>{wheel.filename}</a>"


def _as_data(release: Release, wheel: WheelFile) -> dict[str, Any]:
    return {
        "filename": wheel.filename,
        "url": f"../../files/{wheel.filename}",
        "hashes": {"sha256": wheel.sha256},
        "size": wheel.size,
        "upload-time": wheel.published,
        "requires-python": release.requires_python or None,
        "core-metadata": {"sha256": wheel.metadata_sha256},
        "dist-info-metadata": {"sha256": wheel.metadata_sha256},
        "yanked": release.yanked or False,
        "provenance": _find_provenance(release, wheel),
    }


def _find_provenance(release: Release, wheel: WheelFile) -> str | None:
    """Return where the attestations of a wheel are."""
    is_there = any(each.filename == wheel.filename for each in release.provenances)
    return f"../../{provenance_path(wheel.filename)}" if is_there else None


def _make_page(title: str, links: Iterable[str]) -> bytes:
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="pypi:repository-version" content="1.3">',
        f"<title>{title}</title></head><body>",
        *(f"{link}<br>" for link in links),
        "</body></html>",
    ]
    return "\n".join(lines).encode()
