"""The score of docs/registry.md: which hits come first, and what a dependent changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from kplug_registry.building import build_site
from kplug_registry.building.standing import find_score
from kplug_registry.publishing import publish, verify, yank
from kplug_registry.site_format import (
    CheckedComponent,
    ComponentEntry,
    ContractResults,
    Dependent,
    DependentsFile,
    ReleaseFile,
)
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

MakeWheel = Callable[..., Path]
NOW, LATER = "2026-01-31T12:00:00Z", "2026-02-28T12:00:00Z"
LOSSES = {
    "kplug-masks": ("dice_loss", "One minus twice the overlap of two masks.", "segmentation"),
    "kplug-rare": ("focal_loss", "Cross-entropy.\n\nFor imbalanced classes.", "detection"),
    "kplug-cells": ("lovasz", "A surrogate of Jaccard, compared with dice.", "imbalanced,overlap"),
    "kplug-both": ("dice_focal", "Dice and focal, added.", ""),
    "kplug-old": ("old_dice_loss", "Dice.", ""),
}


def make_one(make_wheel: MakeWheel, name: str, metadata: str = "", version: str = "1.0") -> Path:
    component, text, keywords = LOSSES[name]
    package = name.replace("-", "_")
    points = f"[kplug.losses]\n{component} = {package}:{component}\n"
    if name == "kplug-old":
        points += f"[kplug.lifecycle]\nloss.{component} = deprecated\n"
    heads = f"Keywords: {keywords}\n" if keywords else ""
    return make_wheel(
        name,
        version,
        code={f"{package}/__init__.py": f"def {component}(y_true, y_pred):\n    {text!r}\n"},
        entry_points=points,
        metadata=heads + metadata,
    )


@pytest.fixture
def site(make_wheel: MakeWheel, tmp_path: Path) -> Path:
    wheels = [read_wheel(make_one(make_wheel, name)) for name in LOSSES]
    build_site(wheels, tmp_path / "site", NOW)
    return tmp_path / "site"


def list_found(site: Path, word: str) -> list[str]:
    hits = json.loads((site / f"search/{word}.json").read_bytes())["hits"]
    return [hit["name"] for hit in hits]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("imbalanced", ["focal_loss", "lovasz"]),  # a documentation, a keyword
        ("overlap", ["dice_loss", "lovasz"]),  # a summary before a keyword
        ("dice", ["dice_focal", "dice_loss", "lovasz", "old_dice_loss"]),
        ("lovasz", ["lovasz"]),
        ("loss", ["dice_loss", "focal_loss", "dice_focal", "lovasz", "old_dice_loss"]),
    ],
)
def test_a_word_finds_what_it_should_in_the_order_of_the_match(
    site: Path, word: str, expected: Sequence[str]
) -> None:
    assert list_found(site, word) == expected


def test_dependents_of_others_raise_a_distribution_and_are_shown(
    site: Path, make_wheel: MakeWheel
) -> None:
    assert list_found(site, "loss").index("focal_loss") == 1
    user = make_wheel("kplug-user", metadata="Requires-Dist: kplug-rare>=1\n")
    extra = make_wheel("kplug-more", metadata="Requires-Dist: kplug-cells; extra == 'all'\n")
    for wheel in (user, extra):
        publish([read_wheel(wheel)], Folder(site), LATER, publisher="ann")
    assert list_found(site, "loss")[:3] == ["focal_loss", "dice_loss", "wave_loss"]
    page = (site / "catalogue/distributions/kplug-rare/index.html").read_text("utf-8")
    assert 'Required by</dt><dd><a href="../kplug-user/index.html">' in page
    assert verify(Folder(site)) == []
    yank(Folder(site), "kplug-user", "1.0", "a mistake")
    assert list_found(site, "loss")[:2] == ["dice_loss", "focal_loss"]
    page = (site / "catalogue/distributions/kplug-rare/index.html").read_text("utf-8")
    assert "Required by" not in page
    assert verify(Folder(site)) == []


def test_the_older_of_two_equals_comes_first(site: Path, make_wheel: MakeWheel) -> None:
    wheel = make_wheel(
        "kplug-aaa", entry_points="[kplug.losses]\naaa_loss = kplug_aaa:aaa_loss\n",
        code={"kplug_aaa/__init__.py": "def aaa_loss(): 'Dice.'\n"},
    )  # fmt: skip
    publish([read_wheel(wheel)], Folder(site), LATER)
    found = list_found(site, "loss")
    assert found.index("aaa_loss") == found.index("focal_loss") + 1
    publish([read_wheel(make_one(make_wheel, "kplug-rare", version="2.0"))], Folder(site), LATER)
    assert list_found(site, "loss") == found  # a new version does not make it younger


def make_file(level: str | None, is_verified: bool) -> ReleaseFile:
    row = CheckedComponent("loss", "wave", (), (), (), level)
    results = ContractResults("", "", "", (row,), is_verified=is_verified)
    return ReleaseFile("kplug-waves", "1.0", (ComponentEntry("loss", "wave", "x:y"),), (), results)


def score(*publishers: str, level: str | None = None, is_verified: bool = False) -> int:
    listed = tuple(Dependent(f"kplug-{at}", one) for at, one in enumerate(publishers))
    return find_score(make_file(level, is_verified), DependentsFile("", listed), "ann")


def test_a_score_counts_what_its_author_cannot_make() -> None:
    assert score(level="gold") == 0  # the publisher's word
    levels = [score(level=each, is_verified=True) for each in (None, "bronze", "silver", "gold")]
    assert levels == [0, 10, 20, 30]
    assert score(*["ann"] * 50) == 0  # their own
    assert score("bert") == score(*["bert"] * 50) == 2
    assert score("bert", "cora") == 4
    assert score(*["operator"] * 3) == 4
    everyone = [f"p{at}" for at in range(200)]
    assert score(*everyone) == score(*everyone[:64]) == 14


def test_a_site_says_the_same_however_it_came_about(
    site: Path, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    wheel = read_wheel(make_wheel("kplug-user", metadata="Requires-Dist: kplug-rare\n"))
    publish([wheel], Folder(site), NOW)
    wheels = [wheel, *(read_wheel(make_one(make_wheel, name)) for name in LOSSES)]
    build_site(wheels, tmp_path / "at-once", NOW)
    for folder in ("search", "dependents", "catalogue"):
        made = {path.relative_to(site): path.read_bytes() for path in (site / folder).rglob("*.*")}
        assert made == {
            path.relative_to(tmp_path / "at-once"): path.read_bytes()
            for path in (tmp_path / "at-once" / folder).rglob("*.*")
        }
