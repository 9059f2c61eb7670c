"""A distribution's name, version and entry points are those that importlib_metadata, and so pip, read."""

from __future__ import annotations

import contextlib
from pathlib import Path

import importlib_metadata
import pytest
from hypothesis import example, given, settings, strategies as st
from packaging.utils import InvalidName, canonicalize_name

from kplug.registry.component import Origin
from kplug.registry.metadata import find_folder, read_entry_points, read_origin


class InMemory(importlib_metadata.Distribution):
    """A distribution of a finder of its own, whose metadata need not come from a file."""

    def __init__(self, text: str, file: str = "METADATA") -> None:
        self._text, self._file = text, file

    def read_text(self, filename: object) -> str | None:
        return self._text if filename == self._file else None

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


def _as_importlib_reads(text: str) -> Origin | None:
    """Return what the e-mail parser makes of a text; None without a name that a distribution can have."""
    try:
        metadata = InMemory(text).metadata
        name = canonicalize_name(metadata["Name"].strip(), validate=True)
    except (FileNotFoundError, KeyError, InvalidName):
        return None
    return Origin(name, " ".join((metadata.get("Version") or "").split()))


def _as_we_read(text: str) -> Origin | None:
    try:
        return read_origin(InMemory(text))
    except InvalidName:
        return None


LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", ""])
KEYS = st.sampled_from(
    [
        "Name",
        "name",
        "NAME",
        " Name",
        "Name ",
        "Version",
        "vErsion",
        "Summary",
        "From ",
        "",
        "x",
        "\ufeff",
    ]
)
COLONS = st.sampled_from([":", ": ", ":\t", ":  ", " :", "", ":\n ", ":\r\n\t", ":\x0b"])
VALUES = st.sampled_from(
    [
        "evil",
        "Evil.Plug_in ",
        "e",
        "1.0",
        "two words",
        "evil\n more",
        "",
        "é",
        "\x85",
        "evil\u2028",
        "-",
    ]
)
LINES = st.tuples(KEYS, COLONS, VALUES, LINE_ENDS).map("".join)
LETTERS = st.sampled_from("NameVrsion:FROM \t\n\r\x0b\x0cé1.-")


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES | st.text(LETTERS, max_size=8), max_size=8).map("".join))
@example("Name: a\nFrom x\n b\nVersion: 1")
@example("\nName: a\n")
@example(" \nName: a\n")
@example("From x\n Name: a\nName: b\n")
@example(":\n x\nName: a\n \n b\n")
def test_the_name_is_the_one_that_importlib_metadata_reads(text: str) -> None:
    assert _as_we_read(text) == _as_importlib_reads(text)


@pytest.mark.slow
@settings(max_examples=4_000, deadline=None)
@given(st.lists(LINES | st.text(LETTERS, max_size=8), max_size=12).map("".join) | st.text())
def test_the_name_is_the_one_that_importlib_metadata_reads_at_length(text: str) -> None:
    assert _as_we_read(text) == _as_importlib_reads(text)


ENTRY_LINES = st.sampled_from(
    [
        "[a]",
        "[[b]]",
        " [c] ",
        "[d",
        "[]",
        "# [e]",
        "x = m:o",
        "x=m:o [extra]",
        "x = y = z",
        "=",
        "",
        "x",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ENTRY_LINES | st.text("[]=# ax\n\x0c", max_size=6), max_size=8).map("\n".join))
@example("x\n[a]\nx = m:o")
def test_the_entry_points_are_those_that_importlib_metadata_reads(text: str) -> None:
    distribution = InMemory(text, "entry_points.txt")
    try:
        expected = [(one.group, one.name, one.value) for one in distribution.entry_points]
    except ValueError:  # newer versions refuse a value that is no target; here its declaration does
        with contextlib.suppress(ValueError):  # another line may be none
            read_entry_points(distribution)
    except TypeError:
        with pytest.raises(ValueError, match=r"is no line of entry_points\.txt"):
            read_entry_points(distribution)
    else:
        assert read_entry_points(distribution) == expected


def test_a_long_text_without_a_name_is_read_once() -> None:
    assert _as_we_read("x:" + "\n " * 1_000_000) is None
    assert _as_we_read("x: y\n" * 200_000) is None


def test_an_egg_info_that_is_a_file_has_a_name(tmp_path: Path) -> None:
    file = tmp_path / "old.egg-info"
    file.write_text("Name: Old_Style\nVersion: 3\n")
    distribution = importlib_metadata.Distribution.at(file)
    assert read_origin(distribution) == Origin("old-style", "3")


def test_a_file_that_may_not_be_read_is_told_apart_from_one_without_a_name() -> None:
    class Closed:
        def __truediv__(self, name: str) -> Closed:
            return self

        def joinpath(self, name: str) -> Closed:
            return self

        def read_text(self, encoding: str) -> str:
            raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError):
        read_origin(importlib_metadata.PathDistribution(Closed()))  # type: ignore[arg-type]


def test_the_folder_of_a_distribution_is_its_path_if_it_has_one(tmp_path: Path) -> None:
    assert find_folder(importlib_metadata.Distribution.at(tmp_path)) == str(tmp_path)
    assert "InMemory" in find_folder(InMemory(""))
