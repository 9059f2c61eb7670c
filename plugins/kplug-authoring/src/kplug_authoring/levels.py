"""`Level`: bronze, silver and gold, and what a component lacks of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Level = Literal["bronze", "silver", "gold"]
LEVELS: tuple[Level, ...] = get_args(Level)  # the lowest first
State = Literal["kept", "left out", "broken", "not run"]


@dataclass(frozen=True)
class Rule:
    """A rule of a level, and whether a component keeps it.

    Args:
        name: The name of its check.
        level: The level that asks for it.
        state: ``left out`` is an exemption, for which the author has given a reason.
    """

    name: str
    level: Level
    state: State

    @property
    def is_lacking(self) -> bool:
        """Whether it keeps a component from its level."""
        return self.state in ("broken", "not run")


@dataclass(frozen=True)
class Standing:
    """The level that a component has reached.

    Args:
        level: The highest level whose rules it keeps, with those of the levels below; None for none.
        missing: The rules of the next level that it lacks.
    """

    level: Level | None
    missing: tuple[Rule, ...] = ()


def find_standing(rules: Iterable[Rule]) -> Standing:
    """Return the level of a component with these rules; a level without rules is not reached.

    Example:
        >>> rules = [Rule("made", "bronze", "kept"), Rule("zero", "silver", "broken")]
        >>> find_standing(rules)
        Standing(level='bronze', missing=(Rule(name='zero', level='silver', state='broken'),))
    """
    known, reached = list(rules), None
    for level in LEVELS:
        own = [rule for rule in known if rule.level == level]
        lacking = tuple(rule for rule in own if rule.is_lacking)
        if lacking or not own:
            return Standing(reached, lacking)
        reached = level
    return Standing(reached)


def rank(level: Level | None) -> int:
    """Return the place of a level, to compare two; below all for None.

    Example:
        >>> rank("gold") > rank("bronze") > rank(None)
        True
    """
    return -1 if level is None else LEVELS.index(level)
