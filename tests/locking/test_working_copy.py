"""A folder's commit, remote and changes as git reports them, and the folders that have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from kplug.locking.working_copy import as_vcs_url, find_working_copy
from tests.locking.conftest import git


def test_a_folder_of_a_repository_has_its_commit_and_no_password(working_copy: Path) -> None:
    found = find_working_copy(working_copy)
    assert found is not None
    assert found.commit == git(working_copy, "rev-parse", "HEAD")
    assert found.url == "git+https://example.org/plugins.git"
    assert (found.subdirectory, found.is_changed) == ("plugins/one", False)


@pytest.mark.parametrize("file", ["pyproject.toml", "new.py"])
def test_a_change_and_a_new_file_count(working_copy: Path, file: str) -> None:
    (working_copy / file).write_text("changed")
    found = find_working_copy(working_copy)
    assert found is not None
    assert found.is_changed


def test_a_change_beside_the_project_does_not_count(working_copy: Path) -> None:
    (working_copy.parent / "other.txt").write_text("changed")
    found = find_working_copy(working_copy)
    assert found is not None
    assert not found.is_changed


def test_a_folder_that_the_repository_around_it_ignores_has_no_commit(working_copy: Path) -> None:
    (working_copy / ".gitignore").write_text("scratch\n")
    (working_copy / "scratch").mkdir()
    (working_copy / "scratch" / "pyproject.toml").write_text("")
    assert find_working_copy(working_copy / "scratch") is None


def test_without_a_repository_or_without_git_there_is_none(
    tmp_path: Path, working_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_working_copy(tmp_path) is None
    assert find_working_copy(tmp_path / "absent") is None
    monkeypatch.setenv("PATH", "")
    assert find_working_copy(working_copy) is None


def test_a_variable_that_names_another_repository_is_not_heeded(
    working_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_working_copy(working_copy)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "absent"))
    assert found is not None
    assert find_working_copy(working_copy) == found


def test_a_repository_runs_no_program_of_its_own(working_copy: Path, tmp_path: Path) -> None:
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    monitor.chmod(0o755)
    git(working_copy, "config", "core.fsmonitor", str(monitor))
    assert find_working_copy(working_copy) is not None
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://example.org/a.git", "git+https://example.org/a.git"),
        ("https://token@example.org/a.git", "git+https://example.org/a.git"),
        ("ssh://git@example.org/a.git", "git+ssh://git@example.org/a.git"),
        ("git@example.org:team/a.git", "git+ssh://git@example.org/team/a.git"),
        ("/srv/a.git", "git+file:///srv/a.git"),
        ("../a.git", ""),
        ("", ""),
    ],
)
def test_a_remote_as_installers_write_it(remote: str, url: str) -> None:
    assert as_vcs_url(remote) == url
