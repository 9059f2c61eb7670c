"""`NoticeList`: a list of releases that were recalled, and of advisories about releases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from kplug.registry.errors import PolicyError
from kplug.registry.policy.list_entries import Installed
from kplug.registry.policy.toml_files import show
from kplug.registry.quoting import make_printable, quote, shorten

FORMAT = 1
MOST_BYTES = 1 << 20
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_LONGEST_TEXT = 500
_FIELDS = ("distribution", "versions", "reason", "since")


@dataclass(frozen=True, slots=True)
class Notice:
    """What a list says about releases of a distribution.

    Args:
        distribution: The normalised name.
        versions: The versions, as a requirement has them: ``==1.2`` or ``<1.3``.
        reason: Why, in one line.
        since: When it was listed, in UTC, as ``2026-01-31T12:00:00Z``.
        place: The file of the list.
    """

    distribution: str
    versions: str
    reason: str
    since: str
    place: str

    def concerns(self, installed: Installed) -> bool:
        """Whether it is about an installed version. A doubt counts as yes."""
        if installed.distribution != self.distribution:
            return False
        from packaging.specifiers import SpecifierSet  # 8 ms, and few distributions are listed
        from packaging.version import Version

        try:
            version = Version(installed.version)
            return SpecifierSet(self.versions).contains(version, prereleases=True)
        except ValueError:  # of the list, or of the installed metadata
            return True

    def __str__(self) -> str:
        return f"{self.since[:10]}: {self.reason} ({self.place})"


@dataclass(frozen=True, slots=True)
class NoticeList:
    """A list of recalls and advisories.

    Args:
        number: How often it has changed; of two lists of one origin, the higher one counts.
        date: When it last changed.
        recalls: The releases that must not be installed or loaded.
        advisories: What is to be known about releases that may load.
    """

    number: int = 0
    date: str = ""
    recalls: tuple[Notice, ...] = ()
    advisories: tuple[Notice, ...] = ()

    def __str__(self) -> str:
        count = f"recalls: {len(self.recalls)}, advisories: {len(self.advisories)}"
        return f"list number {self.number} of {self.date[:10]}, {count}"


def parse_notices(data: bytes, file: Path) -> NoticeList:
    """Return the list in a file, every field of which is checked.

    Args:
        data: The content.
        file: The file, for messages.

    Raises:
        PolicyError: if it is no list in this format, or too large.
    """
    if len(data) > MOST_BYTES:
        raise unusable(file, f"it has more than {MOST_BYTES >> 20} MiB")
    import json  # few machines have a list

    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise unusable(file, f"it is no JSON: {shorten(str(error))}") from error
    if not isinstance(found, dict):
        raise unusable(file, f"it is {quote(found)}, and no object")
    if found.get("format") != FORMAT:
        raise unusable(
            file, f"it has format {quote(found.get('format'))}, and {FORMAT} is read here"
        )
    number, date = found.get("number"), found.get("date")
    if type(number) is not int or number < 0:
        raise unusable(file, f"'number' is {quote(number)}")
    if not isinstance(date, str) or not _DATE.fullmatch(date):
        raise unusable(file, f"'date' is {quote(date)}")
    recalls, advisories = (
        tuple(_read_notices(found.get(key), key, file)) for key in ("recalls", "advisories")
    )
    return NoticeList(number, date, recalls, advisories)


def unusable(file: Path, reason: str) -> PolicyError:
    """Return the error for a list that cannot be used."""
    return PolicyError(
        f"the list of recalls {show(file)} cannot be read: {reason}",
        hint="Remove it, or put a whole list there, as it was published. No plugin loads until then, as "
        "the list may be about it.",
    )


def _read_notices(items: object, key: str, file: Path) -> Iterator[Notice]:
    if not isinstance(items, list):
        raise unusable(file, f"{key!r} is {quote(items)}, and no list")
    for at, item in enumerate(items):
        texts = [item.get(field) for field in _FIELDS] if isinstance(item, Mapping) else []
        if not texts or not all(isinstance(text, str) for text in texts):
            raise unusable(file, f"'{key}[{at}]' has not the texts {', '.join(_FIELDS)}")
        name, *shown, since = (make_printable(shorten(str(text), _LONGEST_TEXT)) for text in texts)
        if not _DATE.fullmatch(since):
            raise unusable(file, f"'since' of '{key}[{at}]' is {quote(since)}")
        versions, reason = (" ".join(text.split()) for text in shown)
        yield Notice(canonicalize_name(name), versions, reason, since, show(file))
