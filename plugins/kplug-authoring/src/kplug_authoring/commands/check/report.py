"""`Report`: the results of ``kplug check``, as data."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any, Literal

from kplug import Component, __version__
from kplug.inspection import Build, Origin, find_build_here, find_lifecycle
from kplug_authoring.levels import Level, Rule, Standing, find_standing, rank

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class CheckResult:
    """The result of one check of one component.

    Args:
        check: The name of the check.
        example: The component's arguments, as text.
        message: The fault, or None.
        hint: The advice.
    """

    check: str
    example: str
    message: str | None = None
    hint: str | None = None


@dataclass(frozen=True)
class CheckedComponent:
    """A component with the results of its checks.

    Args:
        component: The component.
        results: The results of the checks that were run.
        left_out: The reason for each check that its author leaves out.
        rules: The rules of all levels, and which of them it keeps.
        reference: What its author says that it equals, with the version of that library.
        cost: A sentence about what it costs; empty if that is unknown.
    """

    component: Component
    results: tuple[CheckResult, ...]
    left_out: Mapping[str, str]
    rules: tuple[Rule, ...]
    reference: str | None = None
    cost: str = ""

    @functools.cached_property
    def standing(self) -> Standing:
        """The level that it has reached, and what it lacks of the next."""
        return find_standing(self.rules)

    @property
    def failures(self) -> list[CheckResult]:
        """The checks that fail."""
        return [result for result in self.results if result.message is not None]


@dataclass(frozen=True)
class Finding:
    """A finding about a distribution or component, beyond the checks of its kind.

    Args:
        rule: Its category: ``declaration``, ``import``, ``light module``, ``documentation``,
            ``types``, ``lifecycle``.
        level: An error makes the command fail; a warning does with ``--strict``.
        origin: The distribution.
        message: The fault, with advice.
        component: The component, or None for a finding about the distribution.
    """

    rule: str
    level: Severity
    origin: Origin
    message: str
    component: Component | None = None

    @property
    def place(self) -> str:
        """The name of its subject, for messages."""
        if self.component is None:
            return str(self.origin)
        return f"the {self.component.kind} {self.component.qualified_name}"


@dataclass
class Report:
    """All results and findings.

    Args:
        asked: The argument of the command, None for everything.
        is_strict: Whether warnings count as errors.
        level: The level that each component has to reach; None if the suites alone were run.
        whole: The distributions of which everything was checked.
        checked: The components with their results.
        findings: The other findings.
        accepted: The numbers that were recorded anew because they differed, a line each; None without
            ``--accept``.
    """

    asked: str | None
    is_strict: bool = False
    level: Level | None = None
    whole: tuple[str, ...] = ()
    checked: list[CheckedComponent] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    accepted: list[str] | None = None

    def counts_as_failure(self, finding: Finding) -> bool:
        """Whether a finding makes the command fail."""
        return self.is_strict or finding.level == "error"

    @property
    def has_passed(self) -> bool:
        """Whether nothing fails."""
        is_clean = not any(map(self.counts_as_failure, self.findings))
        return is_clean and not any(
            one.failures or rank(one.standing.level) < rank(self.level) for one in self.checked
        )

    def find_level(self, distribution: str) -> Level | None:
        """Return the level of a distribution: the lowest of its components; None if not all were checked."""
        own = [one for one in self.checked if one.component.origin.distribution == distribution]
        return find_lowest(own) if distribution in self.whole and own else None

    def as_data(self) -> dict[str, Any]:
        """Return the report for JSON, as docs/plugins/contract.md describes it."""
        return {
            "asked": self.asked,
            "strict": self.is_strict,
            "level": self.level,
            "passed": self.has_passed,
            "kplug": __version__,
            "torch": version("torch"),
            "date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "distributions": list(self._describe_builds()),
            "components": list(map(_describe, self.checked)),
            "findings": list(self._describe_findings()),
            "accepted": self.accepted,
        }

    def _describe_builds(self) -> Iterator[dict[str, Any]]:
        """Yield the checked build of each distribution, as results hold for one build only."""
        origins = {one.component.origin for one in self.checked}
        origins |= {finding.origin for finding in self.findings}
        for name in sorted({origin.distribution for origin in origins}):
            build = find_build_here(name) or Build()
            yield {
                "name": name,
                "version": build.version,
                "hash": build.hash,
                "level": self.find_level(name),
            }

    def _describe_findings(self) -> Iterator[dict[str, Any]]:
        for finding in self.findings:
            component = finding.component
            yield {
                "rule": finding.rule,
                "level": finding.level,
                "distribution": finding.origin.distribution,
                "version": finding.origin.version,
                "kind": component.kind if component else None,
                "component": component.qualified_name if component else None,
                "message": finding.message,
            }


def find_lowest(checked: Iterable[CheckedComponent]) -> Level | None:
    """Return the level that all of some components have reached."""
    return min((one.standing.level for one in checked), key=rank)


def _describe(checked: CheckedComponent) -> dict[str, Any]:
    component = checked.component
    lifecycle = find_lifecycle(component)
    return {
        "kind": component.kind,
        "name": component.name,
        "qualified_name": component.qualified_name,
        "distribution": component.origin.distribution,
        "version": component.origin.version,
        "target": component.location,
        "checks": [
            {
                "name": result.check,
                "example": result.example,
                "passed": result.message is None,
                "message": result.message,
                "hint": result.hint,
            }
            for result in checked.results
        ],
        "left_out": dict(checked.left_out),
        "level": checked.standing.level,
        "missing": [rule.name for rule in checked.standing.missing],
        "reference": checked.reference,
        "cost": checked.cost,
        "lifecycle": lifecycle.stage if lifecycle else None,
        "successor": lifecycle.successor if lifecycle else None,
    }
