"""New names that belong to others, or are like theirs, wait for whoever runs the site."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import build_site
from kplug_registry.errors import NotPermittedError, WheelError
from kplug_registry.publishing import add_owner, allow_names, publish, verify
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import generate_keys, read_keys
from kplug_registry.trust.roots import lay_out_root, make_root
from kplug_registry.trust.signing import sign_site, write_file
from kplug_registry.wheels import read_wheel

NOW = "2026-01-31T12:00:00Z"
MakeWheel = Callable[..., Path]
NEEDS_POND = "Requires-Dist: Pond_Tools>=2\nRequires-Dist: kplug-shore; extra == 'plot'\n"


def add(site: Path, *wheels: Path, publisher: str = "anna") -> None:
    publish([read_wheel(wheel) for wheel in wheels], Folder(site), NOW, publisher=publisher)


def read_files(site: Path) -> dict[str, bytes]:
    found = (path for path in site.rglob("*") if path.is_file() and ".kplug" not in path.parts)
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("name", ["pond-tools", "POND_Tools", "kplug-shore"])
@pytest.mark.parametrize("publisher", ["anna", "bert", "operator"])
def test_what_a_release_requires_is_reserved(
    site: Path, make_wheel: MakeWheel, name: str, publisher: str
) -> None:
    add(site, make_wheel("kplug-tides", metadata=NEEDS_POND))
    before = read_files(site)
    with pytest.raises(NotPermittedError, match=r"is held: releases in .* require it"):
        add(site, make_wheel(name), publisher=publisher)
    assert read_files(site) == before
    allow_names(Folder(site), [name])
    add(site, make_wheel(name), publisher=publisher)
    assert verify(Folder(site)) == []


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("pond-tool", "pond-tools"),
        ("tools-pond", "pond-tools"),
        ("p0nd-tools", "pond-tools"),
        ("pondtools", "pond-tools"),
        ("kplug-shroe", "kplug-shore"),
        ("kplug-wave", "kplug-waves"),
        ("waves-kplug", "kplug-waves"),
        ("kplug-vvaves", "kplug-waves"),
        ("kplugwaves", "kplug-waves"),
        ("KPLUG-WAVE5", "kplug-waves"),
    ],
)
def test_what_is_like_the_name_of_another_is_held(
    site: Path, make_wheel: MakeWheel, name: str, other: str
) -> None:
    add(site, make_wheel("kplug-tides", metadata=NEEDS_POND))
    with pytest.raises(NotPermittedError, match=f"is held: it is like '{other}'"):
        add(site, make_wheel(name), publisher="mallory")
    allow_names(Folder(site), [name])
    add(site, make_wheel(name), publisher="mallory")
    add(site, make_wheel(name, "2.0"), publisher="mallory")
    assert verify(Folder(site)) == []


def test_a_name_of_other_letters_is_none(site: Path, make_wheel: MakeWheel) -> None:
    with pytest.raises(WheelError):
        add(site, make_wheel("kplug-w\u0430ves"))


def test_case_and_hyphens_name_the_same_distribution(site: Path, make_wheel: MakeWheel) -> None:
    with pytest.raises(NotPermittedError, match="kplug-waves belongs to operator"):
        add(site, make_wheel("KPLUG_Waves", "2.0"))


def test_names_like_ones_own_are_not_held(site: Path, make_wheel: MakeWheel) -> None:
    add(site, make_wheel("kplug-waves2"), publisher="operator")
    add_owner(Folder(site), "kplug-waves", "anna", NOW)
    with pytest.raises(NotPermittedError, match="it is like 'kplug-waves2'"):
        add(site, make_wheel("kplug-waves3"))
    add_owner(Folder(site), "kplug-waves2", "anna", NOW)
    add(site, make_wheel("kplug-waves3"))


def test_what_is_published_together_is_not_held(
    site: Path, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    wheels = [make_wheel("kplug-tides", metadata=NEEDS_POND), make_wheel("pond-tools")]
    add(site, *wheels, publisher="operator")
    build_site([read_wheel(each) for each in (make_wheel(), *wheels)], tmp_path / "other", NOW)
    assert read_files(site) == read_files(tmp_path / "other")
    assert json.loads((site / "names/required.json").read_text()) == {
        "names": ["kplug", "kplug-shore", "pond-tools"]
    }


def test_a_list_of_requirements_that_was_changed_is_found(site: Path) -> None:
    (site / "names/required.json").write_text('{"names":[]}')
    assert verify(Folder(site)) == [
        "names/required.json does not list what the distributions' files require"
    ]


def test_names_of_a_signed_site_are_allowed_without_its_keys(
    site: Path, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    for path, data in lay_out_root(make_root(generate_keys(tmp_path / "keys"))).items():
        write_file(site / path, data)
    sign_site(Folder(site), read_keys(tmp_path / "keys"))
    allow_names(Folder(site), ["kplug-caves"])
    keys = read_keys(tmp_path / "keys")
    wheel = read_wheel(make_wheel("kplug-caves"))
    publish([wheel], Folder(site), NOW, keys, "anna")
    assert verify(Folder(site)) == []
