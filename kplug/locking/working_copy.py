"""Reads the commit and remote of a working copy from git."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Keeps git from running hooks of the repository, which a status does not need.
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_SHORT_FORM = re.compile(r"(?:([\w.-]+)@)?([\w.-]+):(?!//)([^\\]+)")  # me@host:path, as ssh has it
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """A folder under version control.

    Args:
        commit: The commit that is checked out.
        is_changed: Whether the folder has uncommitted changes or untracked files.
        url: The remote, in an installer's form; empty without one.
        subdirectory: The folder's path inside the repository.
    """

    commit: str
    is_changed: bool
    url: str = ""
    subdirectory: str = ""


def find_working_copy(folder: Path) -> WorkingCopy | None:
    """Return git's facts about a folder; None if git tracks no file in it, or is missing."""
    commit = _ask(folder, "rev-parse", "HEAD")
    # A folder that its surrounding repository ignores is not part of the commit.
    if not commit or _ask(folder, "ls-files", "--error-unmatch", "--", ".") is None:
        return None
    return WorkingCopy(
        commit,
        is_changed=_ask(folder, "status", "--porcelain", "--", ".") != "",
        url=as_vcs_url(_ask(folder, "config", "--get", "remote.origin.url") or ""),
        subdirectory=(_ask(folder, "rev-parse", "--show-prefix") or "").strip("/"),
    )


def as_vcs_url(remote: str) -> str:
    """Return a remote in an installer's form, without a password; empty for an invalid address.

    Example:
        >>> as_vcs_url("git@example.org:team/plugin.git")
        'git+ssh://git@example.org/team/plugin.git'
        >>> as_vcs_url("https://me:secret@example.org/plugin.git")
        'git+https://example.org/plugin.git'
    """
    if "://" in remote:
        scheme, _, rest = remote.partition("://")
        host, slash, path = rest.partition("/")
        if scheme != "ssh":
            host = host.rpartition("@")[2]
        return f"git+{scheme}://{host}{slash}{path}"
    if Path(remote).is_absolute():
        return f"git+{Path(remote).as_uri()}"
    if found := _SHORT_FORM.fullmatch(remote):
        user = f"{found[1]}@" if found[1] else ""
        return f"git+ssh://{user}{found[2]}/{found[3].lstrip('/')}"
    return ""


def _ask(folder: Path, *question: str) -> str | None:
    """Return git's output, or None if it fails."""
    command = ["git", "-C", str(folder), *_QUIET, *question]
    # When run from a git hook, the environment names another repository.
    environment = {name: each for name, each in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        answer = subprocess.run(  # noqa: S603 - fixed words; the folder is an argument of -C
            command, capture_output=True, text=True, timeout=_SECONDS, env=environment, check=False
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
