"""Results of the contract suite, for which the publisher alone vouches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LEVELS = ("bronze", "silver", "gold")  # the lowest first


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A check that a component fails.

    Args:
        check: Its name.
        example: The arguments that the component was made with, as text; empty if it was not made.
        message: What is wrong.
    """

    check: str
    example: str
    message: str


@dataclass(frozen=True, slots=True)
class LeftOutCheck:
    """A check that the author of a component leaves out, with the reason."""

    check: str
    reason: str


@dataclass(frozen=True, slots=True)
class CheckedComponent:
    """A component with the results of its checks.

    Args:
        kind: The singular name of the kind.
        name: The declared name.
        passed: The passed checks.
        failed: The failed checks.
        left_out: The checks that were not run.
        level: The level that it has reached, one of `LEVELS`; None for none.
        equal_to: The object that computes the same, with its library's version; empty if none was compared.
        cost: A sentence about what it costs beside a built-in of its kind; empty if that is unknown.
    """

    kind: str
    name: str
    passed: tuple[str, ...]
    failed: tuple[FailedCheck, ...]
    left_out: tuple[LeftOutCheck, ...]
    level: str | None = None
    equal_to: str = ""
    cost: str = ""


@dataclass(frozen=True, slots=True)
class ContractResults:
    """The results of ``kplug check`` for a release.

    Args:
        kplug: The version of kplug.
        torch: The version of torch.
        date: When, in UTC, as ``2026-01-31T12:00:00Z``.
        components: The checked components, by kind and name.
        problems: Problems of the release as a whole.
        is_verified: Whether the registry ran the checks itself.
    """

    kplug: str
    torch: str
    date: str
    components: tuple[CheckedComponent, ...]
    problems: tuple[str, ...] = ()
    is_verified: bool = False


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """What a component's page says of its results.

    Args:
        passed: How many checks passed.
        failed: How many failed.
        left_out: How many were not run.
        kplug: The version of kplug.
        torch: The version of torch.
        date: When, in UTC.
        level: The level that it has reached; None for none.
        equal_to: The object that computes the same; empty if none was compared.
        cost: What it costs, in a sentence; empty if that is unknown.
        is_verified: Whether the registry ran the checks itself.
    """

    passed: int
    failed: int
    left_out: int
    kplug: str
    torch: str
    date: str
    level: str | None = None
    equal_to: str = ""
    cost: str = ""
    is_verified: bool = False


def find_lowest_level(
    results: ContractResults | None, offered: Iterable[tuple[str, str]]
) -> str | None:
    """Return the level that all components of a release have reached; None if one has reached none.

    Args:
        results: The results.
        offered: Kind and name of each component that the release offers.
    """
    known = (
        {} if results is None else {(one.kind, one.name): one.level for one in results.components}
    )
    levels = {known.get(place) for place in offered}
    return None if None in levels else next((one for one in LEVELS if one in levels), None)


def summarize_checks(results: ContractResults | None) -> dict[tuple[str, str], CheckSummary]:
    """Return what is said of each checked component, by kind and name."""
    if results is None:
        return {}
    versions = results.kplug, results.torch, results.date
    return {
        (one.kind, one.name): CheckSummary(
            len(one.passed),
            len(one.failed),
            len(one.left_out),
            *versions,
            one.level,
            one.equal_to,
            one.cost,
            results.is_verified,
        )
        for one in results.components
    }
