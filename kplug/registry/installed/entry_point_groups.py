"""Recognises kplug's entry-point groups, and explains unknown ones."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kplug.registry.component import Origin
from kplug.registry.kinds import HOOKED
from kplug.registry.lifecycle import LIFECYCLE_GROUP
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.problems import Problem
from kplug.registry.suggestions import ask, find_closest

HOOK_GROUP = "kplug"
MODULE_GROUP = "kplug.modules"
_OWN_GROUPS = (HOOK_GROUP, MODULE_GROUP, LIFECYCLE_GROUP, *(kind.group for kind in HOOKED.values()))
OTHER_CONTRACT = re.compile(r"kplug\d")


def is_meant(group: str) -> bool:
    """Whether a group is one of kplug's, or an obvious misspelling of one.

    Example:
        >>> is_meant("kplug.losses"), is_meant("kplug_losses"), is_meant("kplug2.losses")
        (True, True, False)
    """
    if group in _OWN_GROUPS:
        return True
    if not lookup_key(group).startswith(HOOK_GROUP) or OTHER_CONTRACT.match(group):
        return False
    return group.startswith(f"{HOOK_GROUP}.") or _find_group(group, _OWN_GROUPS) is not None


def explain_unknown_group(origin: Origin, group: str, known: Iterable[str]) -> Problem:
    """Return the problem of a distribution with entry points in a group that does not exist."""
    groups = [HOOK_GROUP, *known]
    meant = _find_group(group, groups)
    advice = ask(meant) if meant else f"Groups are {', '.join(groups)}."
    message = (
        f"its entry points in the group {group!r} are not read, as there is no such group. {advice}"
    )
    return Problem(origin, message, topic="misspelt")


def _find_group(group: str, known: Iterable[str]) -> str | None:
    return find_closest(group.casefold(), known, likeness=0.8)
