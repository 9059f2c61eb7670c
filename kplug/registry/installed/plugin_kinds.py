"""Merges the kinds that plugins add, and rejects names that are taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kplug.registry.installed.entry_point_groups import MODULE_GROUP
from kplug.registry.kinds import BUILT_IN_KINDS, COMMAND, Kind
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.problems import Problem


def merge_kinds(offered: Iterable[Kind]) -> tuple[dict[str, Kind], list[Problem]]:
    """Return all kinds by name, kplug's own first, and the problems of the others.

    Args:
        offered: The kinds that every distribution adds, each with its origin.

    Example:
        >>> kinds, problems = merge_kinds([Kind("augmentation", "augmentations"), Kind("loss", "losses")])
        >>> list(kinds)[-1], problems[0].message.partition(":")[0]
        ('augmentation', "the kind 'loss' is not used")
    """
    added = [kind for kind in offered if not kind.origin.is_built_in]
    by_key: dict[str, list[Kind]] = {}
    for kind in (*BUILT_IN_KINDS.values(), COMMAND, *added):
        for key in dict.fromkeys(_keys(kind)):
            by_key.setdefault(key, []).append(kind)
    used, problems = dict(BUILT_IN_KINDS), []
    for kind in sorted(added, key=lambda one: one.name):
        if kind.group == MODULE_GROUP:
            message = (
                f"the kind {kind.name!r} is not used: the group {kind.group!r} is that of lent modules. "
                "Give it another plural"
            )
            problems.append(Problem(kind.origin, message, topic="duplicate"))
            continue
        rivals = [one for key in _keys(kind) for one in by_key[key] if one is not kind]
        if rivals:
            problems.append(_refuse(kind, rivals))
        else:
            used[kind.name] = kind
    return used, problems


def _keys(kind: Kind) -> Iterator[str]:
    return map(lookup_key, (kind.name, kind.plural))


def _refuse(kind: Kind, rivals: list[Kind]) -> Problem:
    rival = min(rivals, key=lambda one: not one.origin.is_built_in)
    if rival.origin.is_built_in:
        reason = f"{rival.name!r} is kplug's own. Give it another name"
    elif rival.origin == kind.origin:
        reason = "it is added twice. Add it once"
    else:
        owner = rival.origin.distribution
        reason = (
            f"{rival.origin} adds {rival.name!r} too. Switch one of them off: KPLUG_DISABLE={owner}"
        )
    return Problem(kind.origin, f"the kind {kind.name!r} is not used: {reason}", topic="duplicate")
