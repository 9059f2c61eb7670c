"""`kplug index verify` finds files that were changed, removed or added by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import build_site
from kplug_registry.publishing import publish, verify, yank
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

NOW = "2026-01-31T12:00:00Z"
MakeWheel = Callable[..., Path]
WAVES = "catalogue/distributions/kplug-waves"
PAGES = [
    "index.html",
    "feed.xml",
    "catalogue/assets/catalogue.js",
    "catalogue/components/loss/waveloss.html",
    f"{WAVES}/index.html",
    f"{WAVES}/1.0.html",
    f"{WAVES}/2.0.html",
    "lookalikes/kplugwaves.json",
    "simple/index.html",
    "simple/index.json",
    "simple/newest.json",
    "simple/kplug-waves/index.html",
    "simple/kplug-waves/index.json",
]


@pytest.fixture
def site(make_wheel: MakeWheel, tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    build_site([read_wheel(make_wheel())], folder, NOW)
    publish([read_wheel(make_wheel(version="2.0"))], Folder(folder), NOW)
    yank(Folder(folder), "kplug-waves", "2.0", "wrong <sign>")
    return folder


def test_a_site_that_was_changed_by_publishers_alone_is_sound(site: Path) -> None:
    assert verify(Folder(site)) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_that_was_changed_or_removed_is_named(site: Path, path: str) -> None:
    file = site / path
    file.write_text(f"{file.read_text()} ")
    assert verify(Folder(site)) == [f"{path} does not show what the distributions' files say"]
    file.unlink()
    assert verify(Folder(site)) == [f"{path} is not there"]


@pytest.mark.parametrize(
    "path",
    [
        f"{WAVES}/3.0.html",
        "catalogue/components/loss/evil.html",
        "catalogue/assets/evil.js",
        "files/evil-1.0-py3-none-any.whl",
        "lookalikes/evil.json",
        "simple/evil/index.html",
    ],
)
def test_a_file_that_belongs_to_nothing_is_named(site: Path, path: str) -> None:
    (site / path).parent.mkdir(exist_ok=True)
    (site / path).write_text("<script>alert(1)</script>")
    assert verify(Folder(site)) == [f"{path} belongs to nothing in the site"]


def test_files_of_versions_are_compared_with_the_distribution(site: Path) -> None:
    file, other = (site / f"releases/kplug-waves/{version}.json" for version in ("1.0", "3.0"))
    other.write_bytes(file.read_bytes())
    assert verify(Folder(site)) == ["releases/kplug-waves/3.0.json belongs to nothing in the site"]
    other.unlink()
    text = file.read_text()
    file.write_text(text.replace('"version":"1.0"', '"version":"2.0"'))
    assert verify(Folder(site)) == ["releases/kplug-waves/1.0.json is about another one"]
    file.unlink()
    assert verify(Folder(site)) == ["releases/kplug-waves/1.0.json is not there"]
    file.write_text(text.replace("wave_loss", "wave_lass"))
    assert "components/loss/wavelass.json does not say what the distributions' files say" in verify(
        Folder(site)
    )


def test_a_distribution_that_only_the_list_of_all_has_is_found(site: Path) -> None:
    file = site / "simple/index.json"
    file.write_text(file.read_text().replace("]", ',{"name":"kplug-evil"}]'))
    assert verify(Folder(site)) == [
        "simple/index.json does not show what the distributions' files say"
    ]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            '"count":1',
            '"count":2',
            "registry.json counts other components than the distributions' files have",
        ),
        (
            '"version":"2.0"',
            '"version":"9.0"',
            "registry.json lists other releases than the distributions' files have",
        ),
        ('"format":1', '"format":2', "registry.json is not of format 1"),
    ],
)
def test_other_facts_about_the_whole_site_are_found(
    site: Path, before: str, after: str, message: str
) -> None:
    file = site / "registry.json"
    file.write_text(file.read_text().replace(before, after))
    assert message in verify(Folder(site))
