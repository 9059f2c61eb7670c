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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from kplug.registry.component import BUILT_IN
from kplug.registry.errors import PolicyError
from kplug.registry.suggestions import ask, find_closest

_ENTRY = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
# [tool.kplug] in each of the ways that TOML has of writing it.
_MAY_HOLD_SETTINGS = re.compile(
    rb"""tool["']?\s*\.\s*["']?kplug|^\s*\[\s*["']?tool["']?\s*\]|^\s*["']?tool["']?\s*=""",
    re.MULTILINE,
)
_ENVIRONMENT = "environment"
_COMPONENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_KEYS = ("plugins", "disable", "autoload", "prefer")
_SWITCH = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}


@dataclass(frozen=True, slots=True)
class Policy:
    """What may load.

    Args:
        allowed: Lists of the only distributions that may load, each with what it says of the others;
            a distribution has to be in all of them.
        disabled: Distributions that may not load, each with the setting that says so.
        prefer: ``distribution`` or ``distribution/name``, best first.
        named: Every distribution that a setting names, with that setting: to find misspelt ones.
    """

    allowed: tuple[tuple[frozenset[str], str], ...] = ()
    disabled: Mapping[str, str] = field(default_factory=dict)
    prefer: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)

    def find_refusal(self, distribution: str) -> str | None:
        """Return the setting that keeps a distribution from loading, or None if it may load."""
        if distribution in self.disabled:
            return f"{self.disabled[distribution]} names it"
        return next((reason for names, reason in self.allowed if distribution not in names), None)

    def preferring(self, entries: tuple[str, ...]) -> Policy:
        """Return this policy with preferences made in code in front of those of the settings.

        Raises:
            PolicyError: for an entry that is neither ``distribution`` nor ``distribution/name``.
        """
        setting = "the call of prefer()"
        prefer = tuple(_normalise(setting, "prefer", entry) for entry in entries)
        named = {entry.partition("/")[0]: setting for entry in prefer}
        return replace(self, prefer=(*prefer, *self.prefer), named={**named, **self.named})


def read_policy(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Policy:
    """Read the settings.

    Args:
        environ: The environment; the process's by default.
        folder: Where the search for ``pyproject.toml`` starts; the working directory by default.

    Raises:
        PolicyError: for a setting that cannot be understood, naming it and the file or variable.
    """
    environ = os.environ if environ is None else environ
    layers = [_from_environment(environ), *_from_project(folder)]
    allowed: list[tuple[frozenset[str], str]] = []
    for layer in layers:
        if layer.plugins is not None:
            allowed.append(
                (frozenset(layer.plugins), f"{layer.source('plugins')} does not name it")
            )
        elif not layer.autoload and not allowed:
            reason = f"{layer.source('autoload')} is off and no list of plugins names it"
            allowed.append((frozenset(), reason))
    disabled = {name: layer.source("disable") for layer in layers for name in layer.disable}
    prefer = tuple(entry for layer in layers for entry in layer.prefer)
    named = {name: source for layer in reversed(layers) for name, source in layer.named.items()}
    return Policy(tuple(allowed), disabled, prefer, named)


@dataclass(frozen=True, slots=True)
class _Layer:
    """The settings of one place."""

    place: str
    plugins: tuple[str, ...] | None
    disable: tuple[str, ...]
    autoload: bool
    prefer: tuple[str, ...]

    def source(self, key: str) -> str:
        return _source(self.place, key)

    @property
    def named(self) -> dict[str, str]:
        lists = {"prefer": self.prefer, "disable": self.disable, "plugins": self.plugins or ()}
        return {
            entry.partition("/")[0]: self.source(key)
            for key, entries in lists.items()
            for entry in entries
        }


def _source(place: str, key: str) -> str:
    return f"KPLUG_{key.upper()}" if place == _ENVIRONMENT else f"{key!r} in {place}"


def _from_environment(environ: Mapping[str, str]) -> _Layer:
    values: dict[str, Any] = {}
    _refuse_misspelt(environ)
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
    return _check(_ENVIRONMENT, values)


def _refuse_misspelt(environ: Mapping[str, str]) -> None:
    """Refuse KPLUG_DISABLED and the like: to ignore it would be to load what it means to keep out."""
    known = [f"KPLUG_{key.upper()}" for key in _KEYS]
    for variable in environ:
        if variable.startswith("KPLUG_") and variable not in known:
            meant = find_closest(variable, known, likeness=0.9)
            if meant is not None:
                raise PolicyError(f"{variable} is no setting of kplug", hint=ask(meant))


def _from_project(folder: Path | None) -> list[_Layer]:
    try:
        folder = Path.cwd() if folder is None else folder
    except OSError:  # the working directory was removed
        return []
    for parent in (folder, *folder.parents):
        file = parent / "pyproject.toml"
        if file.is_file():
            table = _read_toml(file)
            return [] if table is None else [_check(str(file), table)]
    return []


def _read_toml(file: Path) -> object:
    """Return the table [tool.kplug], or None."""
    text = file.read_bytes()
    if not _MAY_HOLD_SETTINGS.search(text):  # parsing takes longer than everything else here
        return None
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        tool = tomllib.loads(text.decode()).get("tool", {})
    except ValueError as error:
        raise PolicyError(f"{file} cannot be read: {error}", hint="Mend the file.") from error
    return tool.get("kplug") if isinstance(tool, dict) else None


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
        raise PolicyError(
            f"{_source(place, 'autoload')} is {autoload!r}", hint="It is true or false."
        )
    plugins = _names(place, "plugins", table["plugins"]) if "plugins" in table else None
    disable = _names(place, "disable", table.get("disable", []))
    for name in disable:
        if name in BUILT_IN:
            raise PolicyError(
                f"{_source(place, 'disable')} names {name!r}, which ships with kplug",
                hint="Built-in components cannot be switched off; prefer a plugin's instead.",
            )
    return _Layer(
        place, plugins, disable, autoload, _names(place, "prefer", table.get("prefer", []))
    )


def _names(place: str, key: str, entries: object) -> tuple[str, ...]:
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise PolicyError(f"{_source(place, key)} is {entries!r}", hint="Give a list of names.")
    return tuple(_normalise(_source(place, key), key, entry) for entry in entries)


def _normalise(setting: str, key: str, entry: object) -> str:
    distribution, slash, name = entry.partition("/") if isinstance(entry, str) else ("", "", "")
    fits = not slash or (key == "prefer" and _COMPONENT.fullmatch(name))
    if not fits or not _ENTRY.fullmatch(distribution):
        raise PolicyError(
            f"{setting} holds {entry!r}",
            hint="Give names of distributions"
            + (", or distribution/name." if key == "prefer" else "."),
        )
    return f"{canonicalize_name(distribution)}{slash}{name}"
