"""A whole site is built in batches, whose size makes no difference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import build_site, search_files, site_building
from kplug_registry.publishing import site_check, verify
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

NOW = "2026-01-31T12:00:00Z"


def read_site(site: Path) -> dict[str, bytes]:
    files = (path for path in site.rglob("*") if path.is_file())
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("most_kept", [0, 1, 100])
@pytest.mark.parametrize("most_hits", [2, 200])
def test_a_site_made_in_batches_is_the_same_byte_for_byte(
    make_wheel: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    most_kept: int,
    most_hits: int,
) -> None:
    monkeypatch.setattr(search_files, "MOST_HITS", most_hits)
    monkeypatch.setattr(site_check, "MOST_HITS", most_hits)
    names = (
        ("kplug-reef", "1.0"),
        ("kplug-dune", "1.0"),
        ("kplug-ebb", "2.0"),
        ("kplug-reef", "1.1"),
    )
    others = [(f"kplug-shore{number}x", "1.0") for number in range(6)]
    wheels = [read_wheel(make_wheel(*each)) for each in (*names, *others)]
    build_site(wheels, tmp_path / "whole", NOW)
    monkeypatch.setattr(site_building, "_BATCH", 1)
    monkeypatch.setattr(site_building, "_MOST_KEPT", most_kept)
    build_site(wheels, tmp_path / "parts", NOW)
    assert read_site(tmp_path / "parts") == read_site(tmp_path / "whole")
    assert verify(Folder(tmp_path / "parts")) == []
