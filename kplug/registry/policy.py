"""Which plugins may load, and which one a bare name prefers: decided before anything is imported.

Settings come from the environment and from ``[tool.kplug]`` in the nearest ``pyproject.toml``. A
project file can narrow what may load, never widen it::

    KPLUG_PLUGINS=kplug-segmentation,kplug-penalties   only these (empty: built-ins only)
    KPLUG_DISABLE=kplug-penalties                      all but these
    KPLUG_AUTOLOAD=0                                   only what KPLUG_PLUGINS names
    KPLUG_PREFER=kplug-segmentation                    wins where several offer one name

    [tool.kplug]
    plugins = ["kplug-segmentation"]
    disable = []
    autoload = true
    prefer = ["kplug-segmentation/dice_loss"]
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from kplug.registry.component import BUILT_IN
from kplug.registry.errors import PolicyError

_ENTRY = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_KEYS = ("plugins", "disable", "autoload", "prefer")
_SWITCH = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}


@dataclass(frozen=True, slots=True)
class Policy:
    """What may load.

    Args:
        allowed: The only distributions that may load, or None for all.
        disabled: Distributions that may not load, each with the setting that says so.
        prefer: ``distribution`` or ``distribution/name``, best first.
    """

    allowed: Mapping[str, str] | None = None
    allowed_by: str = ""
    disabled: Mapping[str, str] | None = None
    prefer: tuple[str, ...] = ()

    def find_refusal(self, distribution: str) -> str | None:
        """Return the setting that keeps a distribution from loading, or None if it may load."""
        if self.disabled and distribution in self.disabled:
            return f"{self.disabled[distribution]} names it"
        if self.allowed is not None and distribution not in self.allowed:
            return f"{self.allowed_by} does not name it"
        return None

    def preferring(self, entries: tuple[str, ...]) -> Policy:
        """Return this policy with preferences made in code in front of those of the settings.

        Raises:
            PolicyError: for an entry that is neither ``distribution`` nor ``distribution/name``.
        """
        prefer = tuple(_normalise("the call of prefer()", "prefer", entry) for entry in entries)
        return replace(self, prefer=(*prefer, *self.prefer))

    @property
    def named(self) -> dict[str, str]:
        """Every distribution that a setting names, with that setting: to find misspelt ones."""
        return {**(self.allowed or {}), **(self.disabled or {})}


def read_policy(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Policy:
    """Read the settings.

    Args:
        environ: The environment; the process's by default.
        folder: Where the search for ``pyproject.toml`` starts; the working directory by default.

    Raises:
        PolicyError: for a setting that cannot be understood, naming it and the file or variable.
    """
    environ = os.environ if environ is None else environ
    layers = [_from_environment(environ), *_from_project(folder or Path.cwd())]
    allowed: dict[str, str] | None = None
    allowed_by: list[str] = []
    for layer in layers:
        if layer.plugins is not None:
            names = dict.fromkeys(layer.plugins, layer.source("plugins"))
            allowed = names if allowed is None else {k: v for k, v in allowed.items() if k in names}
            allowed_by.append(layer.source("plugins"))
        elif not layer.autoload:
            allowed = {} if allowed is None else allowed
            allowed_by.append(layer.source("autoload"))
    disabled = {name: layer.source("disable") for layer in layers for name in layer.disable}
    prefer = tuple(entry for layer in layers for entry in layer.prefer)
    return Policy(allowed, " and ".join(allowed_by), disabled, prefer)


@dataclass(frozen=True, slots=True)
class _Layer:
    """The settings of one place."""

    place: str
    plugins: tuple[str, ...] | None
    disable: tuple[str, ...]
    autoload: bool
    prefer: tuple[str, ...]

    def source(self, key: str) -> str:
        return f"KPLUG_{key.upper()}" if self.place == "environment" else f"{key!r} in {self.place}"


def _from_environment(environ: Mapping[str, str]) -> _Layer:
    values: dict[str, Any] = {}
    for key in _KEYS:
        text = environ.get(f"KPLUG_{key.upper()}")
        if text is None:
            continue
        if key == "autoload":
            if text.lower() not in _SWITCH:
                raise PolicyError(f"KPLUG_AUTOLOAD is {text!r}", hint="It is 0 or 1.")
            values[key] = _SWITCH[text.lower()]
        else:
            values[key] = [part.strip() for part in text.split(",") if part.strip()]
    return _check("environment", values)


def _from_project(folder: Path) -> list[_Layer]:
    for parent in (folder, *folder.parents):
        file = parent / "pyproject.toml"
        if file.is_file():
            table = _read_toml(file).get("tool", {}).get("kplug")
            return [] if table is None else [_check(str(file), table)]
    return []


def _read_toml(file: Path) -> dict[str, Any]:
    text = file.read_bytes()
    if b"tool.kplug" not in text:  # parsing takes longer than everything else here
        return {}
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        table: dict[str, Any] = tomllib.loads(text.decode())
    except ValueError as error:
        raise PolicyError(f"{file} cannot be read: {error}", hint="Mend the file.") from error
    return table


def _check(place: str, table: object) -> _Layer:
    if not isinstance(table, dict):
        raise PolicyError(f"'tool.kplug' in {place} is no table", hint="Write [tool.kplug].")
    for key in table:
        if key not in _KEYS:
            raise PolicyError(
                f"[tool.kplug] in {place} has an unknown key {key!r}",
                hint=f"Keys are {', '.join(_KEYS)}.",
            )
    autoload = table.get("autoload", True)
    if not isinstance(autoload, bool):
        raise PolicyError(f"'autoload' in {place} is {autoload!r}", hint="It is true or false.")
    plugins = _names(place, "plugins", table["plugins"]) if "plugins" in table else None
    disable = _names(place, "disable", table.get("disable", []))
    for name in disable:
        if name in BUILT_IN:
            raise PolicyError(
                f"'disable' in {place} names {name!r}, which ships with kplug",
                hint="Built-in components cannot be switched off; prefer a plugin's instead.",
            )
    return _Layer(
        place, plugins, disable, autoload, _names(place, "prefer", table.get("prefer", []))
    )


def _names(place: str, key: str, entries: object) -> tuple[str, ...]:
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise PolicyError(f"{key!r} in {place} is {entries!r}", hint="Give a list of names.")
    return tuple(_normalise(place, key, entry) for entry in entries)


def _normalise(place: str, key: str, entry: str) -> str:
    distribution, slash, name = entry.partition("/")
    if not _ENTRY.fullmatch(distribution) or (slash and key != "prefer"):
        raise PolicyError(
            f"{key!r} in {place} holds {entry!r}",
            hint="Give names of distributions"
            + (", or distribution/name." if key == "prefer" else "."),
        )
    return f"{canonicalize_name(distribution)}{slash}{name}"
