"""kplug's companion packages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kplug.registry import get_kind
from kplug.registry.companions import find_known_distribution

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


@pytest.mark.parametrize("plugin", ["kplug-penalties", "kplug-segmentation"])
def test_every_entry_point_of_a_companion_is_known(plugin: str) -> None:
    text = (PLUGINS / plugin / "pyproject.toml").read_text(encoding="utf-8")
    groups = tomllib.loads(text)["project"]["entry-points"]
    names = [(group.removeprefix("kplug."), name) for group in groups for name in groups[group]]
    assert len(names) >= 3
    for plural, name in names:
        assert find_known_distribution(get_kind(plural).name, name) == plugin


@pytest.mark.parametrize(
    ("kind", "name", "owner"),
    [
        ("loss", "dice_loss", "kplug-segmentation"),
        ("loss", "DiceLoss", "kplug-segmentation"),
        ("metric", "dice-coef", "kplug-segmentation"),
        ("regularizer", "l1_reg", "kplug-penalties"),
        ("metric", "dice_loss", None),
        ("loss", "adam", None),
    ],
)
def test_owner(kind: str, name: str, owner: str | None) -> None:
    assert find_known_distribution(kind, name) == owner
