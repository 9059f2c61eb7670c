"""Says what another version of an installed plugin changes, for commands that are about to install it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kplug.registry import REGISTRY, Verdict
from kplug.registry.candidates.published_versions import PublishedVersion
from kplug.registry.names.homes import find_home

_MOST_LINES = 20  # about one distribution


def find_versions(distribution: str) -> list[PublishedVersion]:
    """Return the versions of a distribution that plugins know to be somewhere.

    Args:
        distribution: The normalised distribution.
    """
    return REGISTRY.ask_all(PublishedVersion, "kplug_versions", distribution=distribution)[0]


def find_changes(distribution: str, version: PublishedVersion | None) -> list[Verdict]:
    """Return a verdict on each component of an installed distribution, or one on all, as plugins give them.

    Args:
        distribution: The normalised distribution.
        version: The version that is about to replace the installed one; None if nobody knows it.
    """
    if version is None:
        return [Verdict("cannot be compared", "no registry that answers here has that version")]
    facts = {"distribution": distribution, "version": version}
    verdicts, problems = REGISTRY.ask_all(Verdict, "kplug_changes", **facts)
    if verdicts:
        return verdicts
    why = f"no plugin here compares numbers ({find_home('command', 'numbers')} does)"
    return [Verdict("cannot be compared", problems[0].message if problems else why)]


def write_changes(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield lines about what changes, indented as facts of what is to be installed.

    Example:
        >>> verdicts = [Verdict("differs", "loss a/b: 1, now 2"), Verdict("same", "loss a/c")]
        >>> for line in write_changes(verdicts):
        ...     print(line)
          loss a/b: 1, now 2
          1 other is the same
    """
    told = [one for one in verdicts if one.outcome != "same"]
    for one in told[:_MOST_LINES]:
        unknown = "numbers that cannot be compared: " if one.outcome != "differs" else ""
        yield f"  {unknown}{one.message}"
    if len(told) > _MOST_LINES:
        yield f"  and {len(told) - _MOST_LINES} more of its components"
    if same := len(verdicts) - len(told):
        kept = f"{same} other{'s are' if same > 1 else ' is'} the same"
        yield f"  {kept}" if told else "  the numbers of all its components are the same"
