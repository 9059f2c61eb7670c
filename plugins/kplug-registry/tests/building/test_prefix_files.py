"""Prefix files list all words of a prefix, or the shortest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import build_site, prefix_files
from kplug_registry.publishing import publish, verify, yank
from kplug_registry.site_format import prefix_path
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

NOW = "2026-01-31T12:00:00Z"
MakeWheel = Callable[..., Path]


def read_words(site: Path, prefix: str) -> list[str]:
    return list(json.loads((site / prefix_path(prefix)).read_text())["words"])


def test_words_are_listed_under_their_first_characters_the_shortest_first(site: Path) -> None:
    assert read_words(site, "wa") == ["wave", "waves", "waveloss"]
    assert read_words(site, "wav") == read_words(site, "wave") == read_words(site, "wa")
    assert read_words(site, "loss") == ["loss"]
    assert not (site / prefix_path("w")).exists()


def test_words_that_are_not_ascii_are_listed_under_a_hash(
    site: Path, make_wheel: MakeWheel
) -> None:
    code = {"kplug_waves/__init__.py": "def wave_loss(): 'Größe.'\n"}
    publish([read_wheel(make_wheel(version="2.0", code=code))], Folder(site), NOW)
    assert read_words(site, "gr") == read_words(site, "grös") == ["grösse"]


def test_a_release_without_new_words_writes_no_list(site: Path, make_wheel: MakeWheel) -> None:
    written = publish([read_wheel(make_wheel(version="2.0"))], Folder(site), NOW)
    assert not [path for path in written if path.startswith("prefixes/")]
    written = yank(Folder(site), "kplug-waves", "2.0", "wrong")
    assert not [path for path in written if path.startswith("prefixes/")]


def test_a_full_list_keeps_the_shortest_words(
    make_wheel: MakeWheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefix_files, "MOST_WORDS", 2)
    wheels = [read_wheel(make_wheel(name)) for name in ("kplug-waver", "kplug-waved", "kplug-wax")]
    build_site(wheels[:1], tmp_path / "site", NOW)
    publish(wheels[1:], Folder(tmp_path / "site"), NOW)
    assert read_words(tmp_path / "site", "wa") == ["wax", "wave"]
    assert read_words(tmp_path / "site", "wave") == ["wave", "waved"]
    assert verify(Folder(tmp_path / "site")) == []


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("wave", None, "prefixes/wave.json does not list the words that have files"),
        (
            "wave",
            '{"prefix":"wave","words":["wave"]}',
            "prefixes/wave.json does not list the words that have files",
        ),
        (
            "xy",
            '{"prefix":"xy","words":["xylem"]}',
            "prefixes/xy.json lists words that have no files",
        ),
    ],
)
def test_a_list_that_is_wrong_is_found(
    site: Path, path: str, text: str | None, message: str
) -> None:
    file = site / prefix_path(path)
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    assert verify(Folder(site)) == [message]


def test_a_word_under_the_name_of_another_is_found(site: Path) -> None:
    file = site / "search/wave.json"
    file.write_text(file.read_text().replace('"word":"wave"', '"word":"waves"'))
    assert "search/wave.json is about another word" in verify(Folder(site))
