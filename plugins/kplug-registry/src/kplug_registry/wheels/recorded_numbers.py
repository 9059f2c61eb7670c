"""Reads ``numbers.json`` of a wheel: readings of its components, which kplug-numbers makes and compares.

Here readings are data. Whose they are and how large is checked; their parts are checked by who compares them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from kplug import lookup_key, parse_spec
from kplug.errors import SpecError
from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format import ComponentEntry, from_json
from kplug_registry.wheels.archive import WheelArchive

_FILE = "numbers.json"
_FORMAT = 1
_MOST_READINGS = 4000
_MOST_BYTES = 4096  # of a reading


@dataclass(frozen=True, slots=True)
class _Part:
    """A part, of which anything may be."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """The fields of a reading; the recipe may be newer than any that is known."""

    kind: str
    spec: str
    recipe: int
    torch: str
    parts: dict[str, _Part]


def read_numbers(
    archive: WheelArchive, distribution: str, components: Iterable[ComponentEntry]
) -> bytes:
    """Return the file as it is; empty if the wheel has none. Nothing in it is run.

    Args:
        archive: The wheel.
        distribution: The normalised name.
        components: Its components.

    Raises:
        WheelError: if it is malformed or too large, or has a reading of what the wheel does not offer.
    """
    places = (name for name in archive.names if name.count("/") == 1)
    place = next((name for name in places if name.endswith(f"/{_FILE}")), None)
    if place is None:
        return b""
    content = archive.read(place)
    offered = {
        (entry.kind, lookup_key(name))
        for entry in components
        for name in (entry.name, *entry.aliases)
    }
    try:
        for item in _list_readings(content):
            _check_reading(item, distribution, offered)
    except (SiteFormatError, ValueError, RecursionError) as error:
        archive.refuse(
            f"{place}: {str(error)[:200]}. `kplug numbers record {distribution}` writes it anew"
        )
    return content


def _list_readings(content: bytes) -> list[object]:
    data = json.loads(content, parse_constant=_refuse_constant)
    found = data.get("format") if isinstance(data, dict) else None
    if type(found) is not int or found != _FORMAT:
        raise ValueError(f"its format is {found!r}, and {_FORMAT} is known here")
    readings = data.get("readings")
    if not isinstance(readings, list) or len(readings) > _MOST_READINGS:
        raise ValueError(f"its readings are no list of {_MOST_READINGS} at most")
    return readings


def _check_reading(item: object, distribution: str, offered: set[tuple[str, str]]) -> None:
    text = json.dumps(item, separators=(",", ":"))
    reading = from_json(_Reading, text, "a reading")
    about = f"the reading of the {reading.kind[:80]} {reading.spec[:80]!r}"
    if len(text) > _MOST_BYTES:
        raise ValueError(f"{about} has {len(text)} bytes, and {_MOST_BYTES} are allowed")
    try:
        spec = parse_spec(reading.spec)
    except SpecError:
        raise ValueError(f"{about} is of no component") from None
    if spec.distribution != distribution or (reading.kind, lookup_key(spec.name)) not in offered:
        raise ValueError(f"{about} is of nothing that the wheel offers")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
