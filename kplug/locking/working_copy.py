"""Reads the commit and remote of a working copy from git."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

# What is read is the configuration of a repository whose code kplug imports anyway; a status need not run it.
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_SHORT_FORM = re.compile(r"(?:([\w.-]+)@)?([\w.-]+):(?!//)([^\\]+)")  # me@host:path, as ssh has it
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """A folder under version control.

    Args:
        commit: The commit that is checked out.
        is_changed: Whether the folder has changes that are not committed, or files that git does not know.
        url: The remote that it came from, as an installer writes it; empty where there is none.
        subdirectory: The folder's path inside the repository.
    """

    commit: str
    is_changed: bool
    url: str = ""
    subdirectory: str = ""


def find_working_copy(folder: Path) -> WorkingCopy | None:
    """Return what git knows about a folder; None if it tracks no file in it, or there is no git."""
    commit = _ask(folder, "rev-parse", "HEAD")
    # A folder that a repository around it ignores is not of that commit.
    if not commit or _ask(folder, "ls-files", "--error-unmatch", "--", ".") is None:
        return None
    return WorkingCopy(
        commit,
        is_changed=_ask(folder, "status", "--porcelain", "--", ".") != "",
        url=as_vcs_url(_ask(folder, "config", "--get", "remote.origin.url") or ""),
        subdirectory=(_ask(folder, "rev-parse", "--show-prefix") or "").strip("/"),
    )


def as_vcs_url(remote: str) -> str:
    """Return a remote as an installer writes it, without a password; empty for what is no address.

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
    """Return what git answers, None if it cannot."""
    command = ["git", "-C", str(folder), *_QUIET, *question]
    # Git's own hooks set variables that name another repository.
    environment = {name: each for name, each in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        answer = subprocess.run(  # noqa: S603 - the words are ours, the folder is an argument of -C
            command, capture_output=True, text=True, timeout=_SECONDS, env=environment, check=False
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
