"""``numbers.json``: the readings of a distribution, as data of its package."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import importlib_metadata

from kplug import parse_spec
from kplug.display.messages import describe_error, make_printable, quote
from kplug.errors import SpecError
from kplug.support.atomic import replacing
from kplug_numbers.errors import ReadingError
from kplug_numbers.reading import (
    FORMAT,
    MOST_BYTES,
    Reading,
    is_known_format,
    is_plain,
    parse_json,
    require_record,
)

FILE = "numbers.json"
MOST_FILE_BYTES = 8 * 2**20
_MOST_READINGS = 4000
_LONGEST_REASON = 500

Key = tuple[str, str]  # the kind, and the component with its arguments


@dataclass(frozen=True)
class NumbersFile:
    """The content of the file.

    Args:
        readings: The readings, by kind and spec.
        unread: The reason for each component of which there is none.
    """

    readings: Mapping[Key, Reading] = field(default_factory=dict)
    unread: Mapping[Key, str] = field(default_factory=dict)

    @property
    def keys(self) -> list[Key]:
        """All that it is about, in order."""
        return sorted({*self.readings, *self.unread})

    def to_json(self) -> str:
        """Return the text, with a reading a line, so that a change shows which one differs."""
        lines = [self.readings[key].to_json() for key in sorted(self.readings)]
        unread = [json.dumps([*key, self.unread[key]]) for key in sorted(self.unread)]
        parts = [
            f'"{name}":[{_join(of)}]' for name, of in (("readings", lines), ("unread", unread))
        ]
        return f'{{"format":{FORMAT},\n{",".join(parts)}}}\n'

    @classmethod
    def from_json(cls, content: bytes, where: str) -> NumbersFile:
        """Return the content of a file; nothing in it is run.

        Args:
            content: The bytes of the file.
            where: The file, for messages.

        Raises:
            ReadingError: if it is too large, or anything in it is wrong.
        """
        try:
            return cls._read(content)
        except ReadingError as error:
            raise ReadingError(f"{where}: {error.message}", hint=error.hint or _ADVICE) from error

    @classmethod
    def _read(cls, content: bytes) -> NumbersFile:
        if len(content) > MOST_FILE_BYTES:
            raise ReadingError(f"it is larger than {MOST_FILE_BYTES} bytes")
        data = require_record(parse_json(content), "the file")
        if not is_known_format(data.get("format")):
            raise ReadingError(f"it has the format {quote(data.get('format'))}; {FORMAT} is known")
        readings = list(map(_read_reading, _read_list(data, "readings")))
        unread = dict(map(_read_reason, _read_list(data, "unread")))
        found = {(one.kind, one.spec): one for one in readings}
        if len(found) < len(readings):
            raise ReadingError("it has two readings of one component with the same arguments")
        return cls(found, unread)


_ADVICE = "`kplug numbers record DISTRIBUTION` writes it anew."


def find_numbers(distribution: str) -> NumbersFile | None:
    """Return the content of an installed distribution's file; None without one.

    Raises:
        ReadingError: if it cannot be understood.
    """
    place = find_file(distribution)
    return None if place is None else read_file(place)


def find_file(distribution: str) -> Path | None:
    """Return the place of an installed distribution's file; None without one."""
    places = (folder / FILE for folder in _find_packages(distribution))
    return next(filter(Path.is_file, places), None)


def read_file(path: Path) -> NumbersFile:
    """Return the content of a file.

    Raises:
        ReadingError: if it cannot be read or understood.
    """
    return NumbersFile.from_json(_read_bytes(path), str(path))


def recover_file(path: Path) -> tuple[NumbersFile, str]:
    """Return the content of a file and what is wrong with it; of a damaged one, what can be understood.

    Raises:
        ReadingError: if it cannot be read.
    """
    content = _read_bytes(path)
    try:
        return NumbersFile.from_json(content, str(path)), ""
    except ReadingError as error:
        return _recover(content), error.message


def read_wheel(path: Path) -> NumbersFile:
    """Return the content of the file in a wheel, without running anything of it.

    Raises:
        ReadingError: if the wheel has none, or cannot be read.
    """
    found = find_in_wheel(path)
    if found is None:
        raise ReadingError(
            f"{path.name} has no {FILE}",
            hint="Its author records it before building. `kplug numbers diff --run` makes it.",
        )
    return found


def find_in_wheel(path: Path) -> NumbersFile | None:
    """Return the content of the file in a wheel, or None if it has none.

    Raises:
        ReadingError: if the wheel or the file cannot be read.
    """
    content = b""
    try:
        with zipfile.ZipFile(path) as wheel:
            names = [one for one in wheel.namelist() if one.count("/") == 1]
            inside = next((one for one in names if one.endswith(f"/{FILE}")), None)
            if inside is not None:
                with wheel.open(inside) as file:
                    content = file.read(MOST_FILE_BYTES + 1)
    except Exception as error:  # each compression of a corrupt wheel has errors of its own
        raise ReadingError(f"{str(path)!r} cannot be read: {describe_error(error)}") from error
    if inside is None:
        return None
    return NumbersFile.from_json(content, f"{path.name}: {write_line(inside)}")


def find_source(distribution: str) -> Path:
    """Return the place of the file in the source of an editable distribution.

    Raises:
        ReadingError: if it is not installed in editable mode, or has no package.
    """
    folders = list(_find_packages(distribution))
    installed = next(iter(importlib_metadata.distributions(name=distribution)), None)
    if installed is None:
        raise ReadingError(
            f"no distribution {quote(distribution)} is installed", hint="`kplug list` shows them."
        )
    text = installed.read_text("direct_url.json") or "{}"
    if '"editable":true' not in "".join(text.split()):
        raise ReadingError(
            f"{distribution} is not installed in editable mode, so its source is not known",
            hint="Run `pip install -e .` in its folder.",
        )
    if not folders:
        raise ReadingError(
            f"{distribution} has no package, so there is no place for its {FILE}",
            hint="Put its modules into a folder with __init__.py.",
        )
    known = (folder / FILE for folder in folders if (folder / FILE).is_file())
    return next(known, folders[0] / FILE)


def write_file(path: Path, content: NumbersFile) -> None:
    """Write a file as a whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(content.to_json(), encoding="utf-8")


def write_line(text: str) -> str:
    """Return a text as one printable line, cut to the length of a reason."""
    return make_printable(" ".join(text.split()))[:_LONGEST_REASON]


def _find_packages(distribution: str) -> Iterator[Path]:
    """Yield the folders of a distribution's packages that its entry points name, without importing them."""
    for installed in importlib_metadata.distributions(name=distribution):
        entries = sorted(installed.entry_points, key=lambda one: not one.group.startswith("kplug"))
        for name in dict.fromkeys(entry.module.partition(".")[0] for entry in entries):
            found = importlib.util.find_spec(name)
            yield from map(Path, (found and found.submodule_search_locations) or ())
        return


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        raise ReadingError(f"{str(path)!r} cannot be read: {error.strerror}") from error


def _recover(content: bytes) -> NumbersFile:
    """Return what the lines say that can be understood: each has a reading or a reason."""
    readings, unread = {}, {}
    for line in content.splitlines():
        with contextlib.suppress(ReadingError):
            item = parse_json(line.strip().removesuffix(b","))
            if isinstance(item, list):
                key, reason = _read_reason(item)
                unread[key] = reason
            else:
                reading = _read_reading(item)
                readings[reading.kind, reading.spec] = reading
    return NumbersFile(readings, unread)


def _read_list(data: Mapping[str, object], key: str) -> list[object]:
    items = data.get(key)
    if not isinstance(items, list) or len(items) > _MOST_READINGS:
        raise ReadingError(f"{key!r} is {quote(items)}, not a list of {_MOST_READINGS} at most")
    return items


def _read_reading(item: object) -> Reading:
    reading = Reading.from_data(item)
    _require_spec(reading.spec)
    return reading


def _read_reason(item: object) -> tuple[Key, str]:
    if (
        not isinstance(item, list)
        or len(item) != 3
        or not all(isinstance(one, str) for one in item)
        or not is_plain(item[0])
        or not is_plain(item[1], MOST_BYTES)
    ):
        raise ReadingError(f"'unread' has {quote(item)}, not a kind, a spec and a reason")
    kind, spec, reason = item
    _require_spec(spec)
    return (kind, spec), write_line(reason)


def _require_spec(text: str) -> None:
    try:
        parse_spec(text)
    except SpecError as error:
        raise ReadingError(f"{quote(text)} is no spec of a component") from error


def _join(lines: list[str]) -> str:
    return "\n" + ",\n".join(lines) + "\n" if lines else ""
