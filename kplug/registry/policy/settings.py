"""Validates the values of settings, and suggests the key that was meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kplug.registry.component import BUILT_IN
from kplug.registry.errors import PolicyError
from kplug.registry.policy.keys import KEYS, Setting
from kplug.registry.policy.list_entries import Entry
from kplug.registry.policy.notices import NoticeList
from kplug.registry.quoting import quote
from kplug.registry.suggestions import ask, find_closest

TABLES = ("registries",)  # for the plugins that read them; without effect on loading
POLICY = "policy"  # the variable that names a file
# `plugins` comes last, since DISABLE_PLUGINS also contains "plugins".
_LIKELY = {
    POLICY: "polic|config|settings|file",
    **{key.name: key.likely for key in KEYS.values() if key.name != "plugins"},
    "plugins": KEYS["plugins"].likely,
}

_LONGEST = 40  # longer texts resemble no key, and are slow to compare


@dataclass(frozen=True, slots=True)
class Source:
    """A source of settings: the environment or a file; or of notices about releases.

    Args:
        place: Its name.
        settings: Its settings, by key.
        errors: Its invalid settings.
        tables: The tables that plugins read, by key.
        notices: The recalls and advisories, of a list of them.
        file: The file, if it is one.
        others: Its tables for other versions of kplug, which are not read.
        strange_variables: Unknown variables that resemble no setting, and may be another program's.
    """

    place: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    errors: tuple[PolicyError, ...] = ()
    tables: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    notices: NoticeList | None = None
    file: Path | None = field(default=None, compare=False)
    others: tuple[str, ...] = ()
    strange_variables: tuple[str, ...] = ()


def read_settings(
    place: str,
    values: Mapping[str, object],
    make_label: Callable[[str], str],
    lines: Mapping[str, int] | None = None,
) -> Source:
    """Validate every value of a source.

    Args:
        place: Its name.
        values: The values, by key.
        make_label: Returns a key's name in messages.
        lines: The lines of keys.
    """
    settings: dict[str, Setting] = {}
    tables: dict[str, Mapping[str, object]] = {}
    errors = []
    for key, value in values.items():
        try:
            if key in TABLES:
                tables[key] = _check_table(value, make_label(key))
            else:
                settings[key] = _check(key, value, make_label(key), (lines or {}).get(key))
        except PolicyError as error:
            errors.append(error)
    in_order = {key: settings[key] for key in KEYS if key in settings}
    return Source(place, in_order, tuple(errors), tables)


def as_meant(text: str) -> str:
    """Return a name with lookalike characters normalised, such as full-width letters.

    Example:
        >>> as_meant("ＫＰＬＵＧ＿DISABLE"), as_meant(" kplug\u200b")
        ('KPLUG_DISABLE', 'kplug')
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).encode("ascii", "ignore").decode()
    return text.strip()


def suggest_key(text: str) -> str | None:
    """Return the key that was probably meant, or ``policy``, or None.

    Example:
        >>> suggest_key("DISABLE_PLUGINS"), suggest_key("block"), suggest_key("strct")
        ('disable', 'disable', 'strict')
    """
    text = as_meant(text[:_LONGEST]).casefold()
    words = re.split(r"[^a-z]+", text)
    for key, beginnings in _LIKELY.items():
        if any(re.match(beginnings, word) for word in words):
            return key
    return find_closest(text, _LIKELY)


def _check(key: str, value: object, label: str, line: int | None) -> Setting:
    row = KEYS.get(key)
    if row is None:
        raise _unknown(key, label, is_table=isinstance(value, dict))
    if row.is_switch:
        if not isinstance(value, bool):
            raise PolicyError(
                f"{label} is {quote(value)}",
                hint="It is true or false; a variable may also be 1 or 0.",
            )
        return Setting(key, label, is_on=value, line=line)
    if row.is_valid is not None:
        if not isinstance(value, str) or not row.is_valid(value):
            raise PolicyError(f"{label} is {quote(value)}", hint=row.hint)
        return Setting(key, label, text=value, line=line)
    if not isinstance(value, list):
        raise PolicyError(f"{label} is {quote(value)}", hint="Give a list of names.")
    entries = tuple(parse_entry(label, key, entry) for entry in value)
    for entry in entries if key == "disable" else ():
        if entry.distribution in BUILT_IN:
            raise PolicyError(
                f"{label} names {entry.distribution!r}, which ships with kplug",
                hint="Built-in components cannot be switched off; prefer a plugin's instead.",
            )
    return Setting(key, label, entries, line=line)


def parse_entry(label: str, key: str, text: object) -> Entry:
    """Read an entry of a list.

    Args:
        label: The setting, as messages name it.
        key: Its key.
        text: The text of the entry.

    Raises:
        PolicyError: for an invalid entry.
    """
    entry = KEYS[key].parse(text) if isinstance(text, str) else None
    if entry is None:
        raise PolicyError(f"{label} holds {quote(text)}", hint=KEYS[key].hint)
    return entry


def _check_table(value: object, label: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise PolicyError(f"{label} is {quote(value)}", hint="It is a table.")
    return value


def _unknown(key: str, label: str, is_table: bool) -> PolicyError:
    meant = None if is_table else suggest_key(key)
    question = f"{ask(meant)} " if meant in KEYS else ""
    more = f"; tables are {', '.join(TABLES)}" * is_table
    return PolicyError(
        f"{label} is no setting of kplug", hint=f"{question}Keys are {', '.join(KEYS)}{more}."
    )
