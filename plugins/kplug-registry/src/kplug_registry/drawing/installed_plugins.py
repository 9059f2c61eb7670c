"""Lists the installed plugins, their builds, and whether they may load. None is imported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kplug_registry.errors import PublishingError
from kplug_registry.site_format import from_json
from kplug_registry.wheels import list_code_hashes

_TIME_LIMIT = 120


@dataclass(frozen=True, slots=True)
class InstalledPlugin:
    """A plugin of this environment.

    Args:
        distribution: The normalised name.
        version: Its version.
        hash: The hash of its code, as `kplug.hash_code` makes it.
        off: Why settings keep it from loading; empty if they do not.
    """

    distribution: str
    version: str
    hash: str | None
    off: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Listing:
    plugins: tuple[InstalledPlugin, ...]


def read_environment() -> dict[str, InstalledPlugin]:
    """Return the plugins that are installed here, by name, as ``kplug env`` lists them.

    Raises:
        PublishingError: if listing them fails.
    """
    command = [sys.executable, "-m", "kplug", "env", "--json"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIME_LIMIT, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise PublishingError(
            f"`kplug env --json` does not say what is installed here: {error}",
            hint="Without --pictures, nothing has to be installed.",
        ) from error
    listing = from_json(_Listing, done.stdout, "what `kplug env --json` printed")
    return {plugin.distribution: plugin for plugin in listing.plugins}


def find_obstacle(
    environment: Mapping[str, InstalledPlugin], name: str, version: str, wheel: Path
) -> str | None:
    """Return why the plugin of a wheel is not run here, or None: it has to be the same build, and may load.

    Args:
        environment: The installed plugins, by name.
        name: The normalised name of the distribution.
        version: Its version.
        wheel: The wheel.

    Raises:
        WheelError: for a wheel that cannot be read.
    """
    installed = environment.get(name)
    if installed is None:
        return "is not installed here"
    if installed.version != version:
        return f"is installed here as version {installed.version}"
    if installed.off:
        return f"may not load here: {'; '.join(dict.fromkeys(installed.off))}"
    if installed.hash not in list_code_hashes(wheel):
        return "is installed here with other code"
    return None
