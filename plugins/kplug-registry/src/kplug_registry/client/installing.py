"""Installs and uninstalls, through the pip or uv of this environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import Distribution, distributions
from typing import Any

from packaging.utils import canonicalize_name

from kplug import find_refusal, lookup_key
from kplug.inspection import STAGES
from kplug.locking import find_installer
from kplug_registry.client.installation_plan import Installation
from kplug_registry.errors import InstallationError

_GROUP = "kplug"
_PROTECTED = ("kplug", "kplug-registry")


def make_install_command(plan: Sequence[Installation], options: Sequence[str] = ()) -> list[str]:
    """Return the command that installs exactly the wheels of a plan, with hash checking."""
    return [*find_installer(), *options, *(each.requirement for each in plan)]


def make_uninstall_command(distribution: str) -> list[str]:
    """Return the command that uninstalls a distribution."""
    installer = find_installer("uninstall")
    is_pip = installer[1:3] == ["-m", "pip"]
    return [*installer, *(["--yes"] if is_pip else []), distribution]  # uv does not ask


def check_policy(plan: Sequence[Installation]) -> None:
    """Refuse to install distributions that the settings would not let load.

    Raises:
        InstallationError: with each distribution, the setting and its place.
    """
    refusals = [
        f"{each.distribution} {each.release.version}: {reason}"
        for each in plan
        if (reason := _find_refusal(each)) is not None
    ]
    if refusals:
        raise InstallationError(
            f"nothing is installed, as it would not be loaded. {'; '.join(refusals)}",
            hint="Name a version that may load (kplug install NAME==VERSION), or change the setting; "
            "`kplug env` shows all, and `kplug audit` what was recalled.",
        )


def _find_refusal(each: Installation) -> str | None:
    stage = next((one for one in STAGES if one == each.release.lifecycle), None)
    is_plugin = not each.release.is_library
    return find_refusal(each.distribution, each.release.version, stage, is_plugin=is_plugin)


def run_installer(command: Sequence[str], is_verbose: bool) -> None:
    """Run an installer's command.

    Args:
        command: The command.
        is_verbose: Whether its output is shown. Otherwise it is shown if the command fails, and the installer
            cannot ask anything, as nobody would see the question.

    Raises:
        InstallationError: It failed.
    """
    quietly: dict[str, Any] = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
        "errors": "replace",
        "env": {**os.environ, "PIP_NO_INPUT": "1"},
    }
    settings = {} if is_verbose else quietly
    result = subprocess.run(command, check=False, **settings)  # noqa: S603 - what was shown, without a shell
    if result.returncode:
        sys.stderr.write(result.stdout or "")
        raise InstallationError(
            f"{command[0]} ended with status {result.returncode}", hint="Its own message is above."
        )


def list_plugins() -> Iterator[tuple[str, Distribution]]:
    """Yield the installed distributions that offer something to kplug, by their normalised names."""
    for each in distributions():
        if any(point.group.partition(".")[0] == _GROUP for point in each.entry_points):
            yield canonicalize_name(each.name), each


def find_installed(wanted: str) -> str:
    """Return the installed plugin of that name, or the one that declares a component of that name.

    Raises:
        InstallationError: if there is none, there are several, or it is kplug itself.
    """
    plugins = dict(list_plugins())
    name = canonicalize_name(wanted)
    owners = [name] if name in plugins else _list_owners(plugins, wanted)
    if len(owners) == 1 and owners[0] not in _PROTECTED:
        return owners[0]
    if owners and owners[0] in _PROTECTED:
        raise InstallationError(f"{owners[0]} runs this command", hint=f"pip uninstall {owners[0]}")
    if owners:
        raise InstallationError(
            f"{len(owners)} installed distributions offer {wanted[:80]!r}",
            hint=f"Name one: {', '.join(owners)}",
        )
    raise InstallationError(
        f"no installed plugin is named {wanted[:80]!r} or declares a component of that name",
        hint="`kplug list` shows what is installed.",
    )


def _list_owners(plugins: Mapping[str, Distribution], wanted: str) -> list[str]:
    key = lookup_key(wanted)
    return sorted(
        {
            name
            for name, plugin in plugins.items()
            for point in plugin.entry_points
            if point.group.startswith(f"{_GROUP}.") and lookup_key(point.name) == key
        }
    )
