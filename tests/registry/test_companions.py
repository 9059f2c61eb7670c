"""kplug's companion packages."""

from __future__ import annotations

import pytest

from kplug.registry.companions import find_known_distribution


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
