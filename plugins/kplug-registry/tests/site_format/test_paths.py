"""Every name maps to a path below the site."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format import (
    component_path,
    distribution_path,
    release_path,
    search_path,
    search_words,
    wheel_path,
)


@pytest.mark.parametrize("name", ["DiceLoss", "dice_loss", "dice-loss"])
def test_spellings_of_a_name_share_a_file(name: str) -> None:
    assert component_path("loss", name) == "components/loss/diceloss.json"


@pytest.mark.parametrize(
    ("find", "name"),
    [
        (lambda name: component_path("loss", name), "../../etc/passwd"),
        (lambda name: component_path("loss", name), ""),
        (lambda name: component_path("loss", name), "a" * 101),
        (lambda name: component_path("loss", name), "dice\nloss"),
        (lambda name: component_path("loss", name), "di\u0441e"),  # Cyrillic
        (lambda name: component_path(name, "dice"), "../loss"),
        (distribution_path, "../kplug"),
        (distribution_path, "kplug/.."),
        (distribution_path, "kplug\x00"),
        (lambda name: release_path("waves", name), "../1.0"),
        (lambda name: release_path("waves", name), "1.0/2"),
        (lambda name: release_path("waves", name), "." * 9),
        (wheel_path, "../a.whl"),
        (wheel_path, "a.tar.gz"),
        (search_path, "two words"),
        (search_path, "../x"),
    ],
)
def test_a_name_that_could_leave_the_site_is_refused(find: Callable[[str], str], name: str) -> None:
    with pytest.raises(SiteFormatError):
        find(name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("f1_score", ("f1", "score", "f1score")),
        ("AUROC", ("auroc",)),
        ("kplug-segmentation", ("kplug", "segmentation", "kplugsegmentation")),
        ("naïve Straße", ("naïve", "strasse")),
        ("… — !", ()),
        ("x" * 41, ()),
    ],
)
def test_words_by_which_a_text_is_found(text: str, words: tuple[str, ...]) -> None:
    assert search_words(text) == words


def test_each_word_of_a_text_has_a_path() -> None:
    for word in search_words("1 … Straße naïve DiceCELoss"):
        assert search_path(word).startswith("search/")
