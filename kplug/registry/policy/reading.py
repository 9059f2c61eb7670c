"""Reads lists of recalls, and the settings of the machine, the environment and projects, outermost first."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from kplug.registry.errors import PolicyError
from kplug.registry.policy.combined_settings import Policy
from kplug.registry.policy.environment import (
    POLICY_VARIABLE,
    list_other_variables,
    read_environment,
)
from kplug.registry.policy.files import read_project_file, read_settings_file
from kplug.registry.policy.notice_files import read_notice_lists
from kplug.registry.policy.settings import Source
from kplug.registry.quoting import make_printable, quote

SYSTEM_FILE = Path("/etc/kplug.toml")


def read_policy(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Policy:
    """Read the settings of the machine, the environment, and every project around a folder.

    Invalid settings are collected in the policy's ``errors``, and then no plugin may load.

    Args:
        environ: The environment; the process's by default.
        folder: The innermost folder to search for ``pyproject.toml``, upwards; the working directory by
            default.
    """
    environ = os.environ if environ is None else environ
    machine, projects = [*_read_machine(environ)], [*_read_projects(folder)]
    files = [source for source in (*machine, *projects) if source is not None]
    others = [name for source in files for name in list_other_variables(source)]
    found = (*machine, read_environment(environ, others), *projects)
    sources = [source for source in found if source is not None]
    return Policy((*read_notice_lists(sources, environ), *sources))


def _read_machine(environ: Mapping[str, str]) -> Iterator[Source | None]:
    yield read_settings_file(SYSTEM_FILE)
    name = environ.get(POLICY_VARIABLE)
    if name is not None:
        yield (read_settings_file(Path(name)) if name else None) or _missing(name)


def _missing(name: str) -> Source:
    error = PolicyError(
        f"{POLICY_VARIABLE} is {quote(name)}, and there is no such file",
        hint="Name the file, or unset the variable.",
    )
    return Source(make_printable(name), errors=(error,))


def _read_projects(folder: Path | None) -> Iterator[Source | None]:
    try:
        folder = Path.cwd() if folder is None else folder
    except OSError:  # the working directory was removed
        return
    for parent in reversed((folder, *folder.parents)):
        yield read_project_file(parent / "pyproject.toml")
