"""`KEYS`: the settings, one row each, with everything that the rest of kplug knows about a key."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kplug.registry.policy.ages import find_lack_of_age, parse_age
from kplug.registry.policy.list_entries import (
    Entry,
    Installed,
    parse_distribution,
    parse_preference,
    parse_requirement,
)

_VARIABLE = re.compile(r"KPLUG[A-Z0-9_]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Setting:
    """A key with its value.

    Args:
        key: One of ``KEYS``.
        label: Its name in messages: a variable, or a key and its file.
        entries: The entries of a list.
        is_on: The position of a switch.
        text: The text of what is neither a list nor a switch.
        line: Its line in the file, if known.
    """

    key: str
    label: str
    entries: tuple[Entry, ...] = ()
    is_on: bool = False
    text: str = ""
    line: int | None = None

    @property
    def is_switch(self) -> bool:
        """Whether it is a switch."""
        return KEYS[self.key].is_switch

    @property
    def is_narrowing(self) -> bool:
        """Whether a switch keeps plugins out."""
        return self.is_on == KEYS[self.key].narrows_when

    def find_reason(self, lists: Sequence[Setting], installed: Installed) -> str | None:
        """Return why the setting keeps a distribution out, or None.

        Args:
            lists: The lists of plugins of this place and of those further out.
            installed: The distribution.
        """
        find, is_idle = KEYS[self.key].find_reason, self.is_switch and not self.is_narrowing
        return None if find is None or is_idle else find(self, lists, installed)

    def list_named(self, installed: Installed) -> list[Entry]:
        """Return the entries that name a distribution."""
        return [one for one in self.entries if one.distribution == installed.distribution]


class Key(NamedTuple):
    """The row of a setting: a switch, a text, or a list of entries.

    Args:
        name: The key.
        likely: Beginnings of words that people write for it, as alternatives of a regular expression.
        find_reason: Returns why a setting keeps a distribution out, or None. Where it reads more of
            the distribution than its name, it is asked again when code is imported.
        narrows_when: The position in which a switch keeps plugins out; None for what is no switch.
        is_valid: Whether a text is one that the setting can have; None for what is no text.
        parse: Reads an entry of a list; None for an invalid one.
        hint: What an entry of a list, or a text, may be.
        names_distributions: Whether entries of a list name distributions.
    """

    name: str
    likely: str
    find_reason: Callable[[Setting, Sequence[Setting], Installed], str | None] | None = None
    narrows_when: bool | None = None
    is_valid: Callable[[str], bool] | None = None
    parse: Callable[[str], Entry | None] = parse_distribution
    hint: str = "Give names of distributions."
    names_distributions: bool = True

    @property
    def variable(self) -> str:
        """The environment variable that holds it."""
        return f"KPLUG_{self.name.upper().replace('-', '_')}"

    @property
    def is_switch(self) -> bool:
        """Whether it is a switch."""
        return self.narrows_when is not None

    @property
    def is_text(self) -> bool:
        """Whether it is a text."""
        return self.is_valid is not None


def _refuse_unlisted(
    setting: Setting, _lists: Sequence[Setting], installed: Installed
) -> str | None:
    mismatches = [entry.find_mismatch(installed) for entry in setting.list_named(installed)]
    return None if None in mismatches else next(iter(mismatches), "does not name it")


def _refuse_named(setting: Setting, _lists: Sequence[Setting], installed: Installed) -> str | None:
    return "names it" if setting.list_named(installed) else None


def _refuse_without_list(
    _setting: Setting, lists: Sequence[Setting], _installed: Installed
) -> str | None:
    return None if lists else "is off and no list of plugins names it"


def _refuse_unpinned(
    _setting: Setting, lists: Sequence[Setting], installed: Installed
) -> str | None:
    mine = [entry for listed in lists for entry in listed.list_named(installed)]
    if not any(one.is_pinned and one.find_mismatch(installed) is None for one in mine):
        return "is on and no list of plugins pins it to a version or a hash"
    doubt = installed.find_doubt()
    return f"is on, and its code cannot be vouched for: {doubt}" if doubt else None


def _refuse_archived(
    _setting: Setting, _lists: Sequence[Setting], installed: Installed
) -> str | None:
    return "is off and it is archived" if installed.find_stage() == "archived" else None


def _refuse_young(setting: Setting, _lists: Sequence[Setting], installed: Installed) -> str | None:
    published = installed.published
    return None if published is None else find_lack_of_age(setting.text, published)


def _parse_variable(text: str) -> Entry | None:
    is_setting = text in {key.variable for key in KEYS.values()}
    return None if is_setting or not _VARIABLE.fullmatch(text) else Entry(text)


_ROWS = (
    Key(
        "plugins",
        "plugin|allow|only|includ|white|enabl|permit",
        _refuse_unlisted,
        parse=parse_requirement,
        hint="Give names of distributions, as in 'a', 'a>=1.2,<2' or 'a==1.2 --hash=sha256:…'.",
    ),
    Key("disable", "disab|block|black|den[iy]|exclud|ignor|skip|forbid|without", _refuse_named),
    Key("load-archived", "archiv|unmaintain|inactiv|abandon", _refuse_archived, narrows_when=False),
    Key("autoload", "auto|load", _refuse_without_list, narrows_when=False),
    Key("strict", "strict|pin|lock", _refuse_unpinned, narrows_when=True),
    Key(
        "prefer",
        "prefer|priorit|default",
        parse=parse_preference,
        hint="Give names of distributions, or distribution/name.",
    ),
    Key(
        "recalls",
        "recall|revok|quarantin|advisor",
        is_valid=lambda text: bool(text) and "\0" not in text,
        hint="Give the file with the list; a relative path starts at the folder of the setting's file.",
    ),
    Key(
        "min-age",
        r"\bmin|age\b|cool|wait|delay",
        _refuse_young,
        is_valid=lambda text: parse_age(text) is not None,
        hint="Give a number of hours, days or weeks: '7 days'.",
    ),
    Key(
        "other-variables",
        "variab|environ",
        parse=_parse_variable,
        hint="Give whole names of variables that begin with KPLUG_ and are no settings.",
        names_distributions=False,
    ),
)
KEYS = {row.name: row for row in _ROWS}
