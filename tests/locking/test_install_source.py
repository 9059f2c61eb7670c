"""Where a distribution came from, by what its installer noted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kplug.locking import InstallSource, read_install_source
from tests.locking.conftest import InstallPlugin, editable, git

COMMIT, DIGEST = "c" * 40, "d" * 64


@pytest.mark.parametrize(
    ("direct_url", "source"),
    [
        (None, InstallSource()),
        (
            {
                "url": "https://example.org/a.git",
                "subdirectory": "one",
                "vcs_info": {"vcs": "git", "commit_id": COMMIT},
            },
            InstallSource("git+https://example.org/a.git", COMMIT, "one"),
        ),
        (
            {"url": "file:///a.whl", "archive_info": {"hashes": {"sha256": DIGEST}}},
            InstallSource("file:///a.whl", archive_hash=f"sha256:{DIGEST}"),
        ),
        (
            {"url": "file:///a.whl", "archive_info": {"hash": f"sha256={DIGEST}"}},
            InstallSource("file:///a.whl", archive_hash=f"sha256:{DIGEST}"),
        ),
        ({"url": "file:///a.whl", "archive_info": {"hash": "md5=1"}}, InstallSource()),
        ({"url": "file:///folder", "dir_info": {}}, InstallSource()),
        ({"vcs_info": 3}, InstallSource()),
        ([], InstallSource()),
    ],
)
def test_what_an_installer_noted(
    install_plugin: InstallPlugin, direct_url: Any, source: InstallSource
) -> None:
    install_plugin(direct_url=direct_url)
    assert read_install_source("kplug-one") == source


def test_of_an_editable_install_git_knows_the_commit(
    install_plugin: InstallPlugin, working_copy: Path
) -> None:
    install_plugin(direct_url=editable(working_copy))
    commit, url = git(working_copy, "rev-parse", "HEAD"), "git+https://example.org/plugins.git"
    assert read_install_source("kplug-one") == InstallSource(
        url, commit, "plugins/one", is_editable=True, folder=working_copy
    )


def test_an_editable_install_with_changes_or_outside_git_has_no_commit(
    install_plugin: InstallPlugin, working_copy: Path, tmp_path: Path
) -> None:
    (working_copy / "new.py").write_text("")
    install_plugin(direct_url=editable(working_copy))
    found = read_install_source("kplug-one")
    assert (found.commit, found.obstacle) == ("", "with changes that are not committed")

    install_plugin("kplug-two", direct_url=editable(tmp_path))
    found = read_install_source("kplug-two")
    assert (found.commit, found.obstacle) == ("", "that git knows no commit of")
