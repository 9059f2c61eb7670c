"""Files that no other user could have written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kplug.support.own_files import is_own_file


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="the system has no such permissions")
@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "expected"),
    [(0o600, 0o700, True), (0o644, 0o755, True), (0o666, 0o700, False), (0o600, 0o777, False)],
)
def test_a_file_is_own_if_nobody_else_can_write_it_or_its_folder(
    tmp_path: Path, file_mode: int, folder_mode: int, expected: bool
) -> None:
    file = tmp_path / "made" / "file"
    file.parent.mkdir()
    file.touch()
    file.chmod(file_mode)
    file.parent.chmod(folder_mode)
    assert is_own_file(file) == expected


def test_a_file_that_is_not_there_is_not_own(tmp_path: Path) -> None:
    assert not is_own_file(tmp_path / "file")
