"""Changes by another version, told from what both have recorded, whatever the other one holds."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from kplug_numbers import Part, Reading, upgrades
from kplug_numbers.errors import ReadingError
from kplug_numbers.numbers_file import NumbersFile
from kplug_numbers.upgrades import list_changes, list_history

from kplug import PublishedVersion, Verdict

Key = tuple[str, str]


def make_file(*, recipe: int = 1, unread: dict[Key, str] | None = None, **values: float) -> bytes:
    """Return a file with a reading of a loss for each name."""
    readings = {
        ("loss", f"acme/{name}"): Reading(
            "loss", f"acme/{name}", recipe, "2.13", {"value": Part("float64", (), (value,), value)}
        )
        for name, value in values.items()
    }
    return NumbersFile(readings, unread or {}).to_json().encode()


def make_version(content: bytes | None, version: str = "2.0") -> PublishedVersion:
    if content is None:
        return PublishedVersion(version, Path)
    digest = f"sha256:{sha256(content).hexdigest()}"
    return PublishedVersion(version, Path, lambda: content, digest)


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | None], None]:
    """Return what sets the file of the installed version."""

    def set_file(content: bytes | None) -> None:
        path = tmp_path / "numbers.json"
        if content is not None:
            path.write_bytes(content)
        monkeypatch.setattr(upgrades, "find_file", lambda _: None if content is None else path)

    return set_file


def unknown(message: str) -> list[Verdict]:
    return [Verdict("cannot be compared", message)]


def test_each_component_has_a_verdict(recorded: Callable[[bytes | None], None]) -> None:
    random = {("loss", "acme/random"): "it is random"}
    recorded(make_file(dice=0.5, focal=0.5, gone=1.0, unread=random))
    after = make_file(dice=0.5, focal=0.75, new=1.0, unread=random)
    assert list_changes("acme", make_version(after)) == [
        Verdict("same", "loss acme/dice"),
        Verdict("differs", "loss acme/focal: value: 0.5, now 0.75, by 33 %"),
        Verdict("cannot be compared", "loss acme/gone: it is not there any more"),
        Verdict("cannot be compared", "loss acme/random: it is random"),
    ]


def test_the_same_file_is_not_read(recorded: Callable[[bytes | None], None]) -> None:
    content = make_file(dice=0.5)
    recorded(content)
    version = PublishedVersion("2.0", Path, pytest.fail, make_version(content).numbers_hash)
    assert list_changes("acme", version) == [Verdict("same", "loss acme/dice")]


def test_what_cannot_be_compared_says_why(recorded: Callable[[bytes | None], None]) -> None:
    recorded(make_file(dice=0.5))
    (newer,) = list_changes("acme", make_version(make_file(recipe=2, dice=0.5)))
    assert newer.outcome == "cannot be compared"
    assert newer.message == "loss acme/dice: recipe 1 of the kind loss, and recipe 2"
    assert list_changes("acme", make_version(None)) == unknown("2.0 has no recorded numbers")
    (damaged,) = list_changes("acme", make_version(make_file(dice=0.5)[:-9]))
    assert damaged.message.startswith("acme 2.0: it is no JSON")
    recorded(make_file())
    empty = unknown("no component of the earlier version has a reading")
    assert list_changes("acme", make_version(make_file(dice=0.5))) == empty
    recorded(None)
    absent = unknown("the version that is here has no recorded numbers")
    assert list_changes("acme", make_version(make_file(dice=0.5))) == absent


def test_a_history_says_what_each_version_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {"0.9": make_file(dice=1.0), "0.10": make_file(dice=1.0), "0.11": None}
    contents |= {"0.12": make_file(dice=2.0), "0.13": make_file(dice=4.0)}
    found = [make_version(content, version) for version, content in contents.items()]
    monkeypatch.setattr(upgrades, "find_versions", lambda name: found if name == "acme" else [])
    assert list(list_history("acme")) == [
        ("0.13", [Verdict("differs", "loss acme/dice: value: 2, now 4, by 50 %")]),
        ("0.12", unknown("0.11 has no recorded numbers")),
        ("0.11", unknown("0.11 has no recorded numbers")),
        ("0.10", [Verdict("same", "loss acme/dice")]),
        ("0.9", []),
    ]
    with pytest.raises(ReadingError, match="has a version of 'other'"):
        list(list_history("other"))
