"""Reads settings from ``[tool.kplug]`` of ``pyproject.toml``, or from a file of settings alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from kplug import __version__
from kplug.registry.errors import PolicyError
from kplug.registry.policy.environment import VARIABLES
from kplug.registry.policy.keys import KEYS
from kplug.registry.policy.list_entries import parse_requirement
from kplug.registry.policy.settings import Source, as_meant, read_settings, suggest_key
from kplug.registry.policy.toml_files import parse_toml, read_bytes, show
from kplug.registry.quoting import quote

# A file that does not mention kplug is not parsed: parsing is the slowest step, and broken files of other
# projects do not matter.
_MENTION = re.compile(rb"k(?<![a-z0-9].)[-_.]?plug")  # for lower-case text, which is faster
_ESCAPED = re.compile(
    rb"\\(?:u0000|u|x)(?:00)?([0-7][0-9a-f])"
)  # \u006B, \U0000006B, \x6B in lower case
_KPLUG = re.compile(r"k[-_.]?plug(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_HEADER = re.compile(r"\s*\[+\s*(.*?)\s*\]+\s*(#.*)?")
_USUAL_LINE = 200  # the header's pattern takes quadratic time in a line's length
_VERSIONED = re.compile(r"\s*k[-_.]?plug\W", re.IGNORECASE)  # a table for some versions of kplug
_KEY = re.compile(rf"""\s*["']?({"|".join(KEYS)})["']?\s*=""")


class _Place(NamedTuple):
    """A key and the place of its table, which all keys of the table share."""

    table: _Place | None
    key: str

    @property
    def keys(self) -> tuple[str, ...]:
        found: list[str] = []
        place: _Place | None = self
        while place is not None:
            found.append(place.key)
            place = place.table
        return tuple(reversed(found))


def read_project_file(file: Path) -> Source | None:
    """Return the settings of a ``pyproject.toml``; None if there is no such file."""
    try:
        data = read_bytes(file)
        if data is None:
            return None
        if not _mentions_kplug(data):
            return Source(show(file))
        document = parse_toml(file, data)
    except PolicyError as error:
        return Source(show(file), errors=(error,))
    misplaced = tuple(_misplaced(place, file) for place in _find_misplaced(document))
    tool = document.get("tool")
    table = tool.get("kplug", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        other = PolicyError(f"'tool.kplug' in {show(file)} is no table", hint="Write [tool.kplug].")
        return Source(show(file), errors=(*misplaced, other))
    found = _read_table(file, table, _find_lines(data.decode("utf-8-sig"), "tool.kplug"))
    return replace(found, errors=(*misplaced, *found.errors))


def _mentions_kplug(data: bytes) -> bool:
    text = data.replace(b"\0", b"").lower()  # UTF-16 has a 0 in each letter
    if b"\\" in text:
        text = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()).lower(), text)
    if not text.isascii():
        text = as_meant(text.decode(errors="ignore")).lower().encode()
    return _MENTION.search(text) is not None


def read_settings_file(file: Path) -> Source | None:
    """Return the settings of a file that holds nothing else; None if there is no such file."""
    try:
        data = read_bytes(file)
        if data is None:
            return None
        table = parse_toml(file, data)
    except PolicyError as error:
        return Source(show(file), errors=(error,))
    return _read_table(file, table, _find_lines(data.decode("utf-8-sig"), ""))


def _read_table(file: Path, table: Mapping[str, object], lines: Mapping[str, int]) -> Source:
    def label(key: str) -> str:
        return f"{quote(key)} in {show(file)}"

    values = {key: value for key, value in table.items() if not _VERSIONED.match(key)}
    errors, others = [], []
    for key in [each for each in table if each not in values]:
        value, needed = table[key], parse_requirement(key)
        if needed is None or needed.distribution != "kplug" or needed.versions is None:
            hint = "Write the versions as in [tool.kplug.'kplug>=1.1']."
            errors.append(PolicyError(f"{label(key)} names no versions of kplug", hint=hint))
        elif not isinstance(value, dict):
            errors.append(PolicyError(f"{label(key)} is {quote(value)}", hint="It is a table."))
        elif not needed.versions.contains(__version__, prereleases=True):
            others.append(key)
        elif twice := sorted(values.keys() & value.keys()):
            hint = f"Write {twice[0]!r} for other versions in a table of theirs."
            errors.append(
                PolicyError(f"{label(twice[0])} counts twice for {__version__}", hint=hint)
            )
        else:
            values |= value
    found = read_settings(show(file), values, label, lines)
    return replace(found, errors=(*errors, *found.errors), file=file, others=tuple(sorted(others)))


def _find_lines(text: str, header: str) -> dict[str, int]:
    """Return the line of each key below a header, if written in the usual form."""
    lines: dict[str, int] = {}
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if table := _HEADER.fullmatch(line[:_USUAL_LINE]):
            current = re.sub(r"""[\s"']""", "", table[1])
        elif current == header and (key := _KEY.match(line)):
            lines.setdefault(key[1], number)
    return lines


def _find_misplaced(document: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the place of each key that can only be a misplaced setting of kplug."""
    waiting: list[tuple[_Place | None, Any]] = [(None, document)]
    while waiting:
        table, value = waiting.pop()
        if isinstance(value, list):
            waiting += [(table, item) for item in value]
        for key, item in value.items() if isinstance(value, dict) else ():
            place = _Place(table, key)
            keys = place.keys if _KPLUG.fullmatch(as_meant(key)) else ()
            if keys and _is_misplaced(keys, item):
                yield keys
            elif keys != ("tool", "kplug"):
                waiting.append((place, item))


def _is_misplaced(place: tuple[str, ...], value: object) -> bool:
    found = _KPLUG.fullmatch(as_meant(place[-1]))
    if found is None or place == ("tool", "kplug"):
        return False
    if len(place) == 1 or (len(place) == 2 and place[0] == "tool"):
        return True
    if not found["rest"]:  # a table; an entry point or a dependency may have that name, too
        settings = value.items() if isinstance(value, dict) else ()
        return any(key in KEYS and isinstance(item, (list, bool)) for key, item in settings)
    # Other tools' tables hold environment variables, which count where they are set.
    key = found["rest"].strip("-_. ").casefold().replace("_", "-")
    return place[-1] not in VARIABLES and key in KEYS


def _misplaced(place: tuple[str, ...], file: Path) -> PolicyError:
    found = _KPLUG.fullmatch(as_meant(place[-1]))
    meant = suggest_key(found["rest"]) if found and found["rest"] else None
    what = f"Write {meant!r} in" if meant in KEYS else "Settings stand in"
    return PolicyError(
        f"{quote('.'.join(place))} in {show(file)} is not read",
        hint=f"{what} the table [tool.kplug].",
    )
