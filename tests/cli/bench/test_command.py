"""How the target of ``kplug bench`` is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from kplug.cli.bench.command import split_target
from kplug.errors import KplugError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.touch()
    return path


def test_the_name_stands_behind_the_colon(file: Path) -> None:
    assert split_target(f"{file}:small_net") == (file, "small_net")


def test_the_name_is_model_if_none_is_given(file: Path) -> None:
    assert split_target(str(file)) == (file, "model")


def test_a_colon_in_a_folder_s_name_starts_no_name(tmp_path: Path) -> None:
    folder = tmp_path / "a:b"
    folder.mkdir()
    path = folder / "mine.py"
    path.touch()
    assert split_target(str(path)) == (path, "model")


def test_the_colon_of_a_drive_starts_no_name() -> None:
    with pytest.raises(KplugError, match=r"there is no file 'C:\\\\mine\.py'"):
        split_target("C:\\mine.py")


def test_what_is_no_file_of_python_is_refused(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.touch()
    with pytest.raises(KplugError, match=r"notes\.txt' is no Python file"):
        split_target(f"{notes}:model")
    with pytest.raises(KplugError, match="there is no file"):
        split_target(str(tmp_path))


@pytest.mark.parametrize("name", ["", "3d", "a.b", "my net"])
def test_what_cannot_be_a_name_is_refused(file: Path, name: str) -> None:
    with pytest.raises(KplugError, match=f"'{name}' cannot be the name of a model"):
        split_target(f"{file}:{name}")
