"""Reads the untrusted output of ``kplug check --json``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format import (
    LEVELS,
    CheckedComponent,
    ContractResults,
    FailedCheck,
    LeftOutCheck,
    from_json,
)

_SCHEMA = 1
_LONGEST_NAME, _LONGEST_TEXT = 100, 500
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_HINT = "Write it where the wheel is installed, with: kplug check NAME --json"


@dataclass(frozen=True, slots=True)
class SuppliedResults:
    """The results of one build of a distribution.

    Args:
        where: The file, for messages.
        distribution: The normalised name.
        version: The version, in its normal form.
        hash: The hash of the checked code, as `kplug.hash_code` makes it; None without one.
        results: The results.
    """

    where: str
    distribution: str
    version: str
    hash: str | None
    results: ContractResults


@dataclass(frozen=True, slots=True)
class _Build:
    name: str
    version: str
    hash: str | None


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    example: str
    passed: bool
    message: str | None


@dataclass(frozen=True, slots=True)
class _Component:
    kind: str
    name: str
    qualified_name: str
    distribution: str
    checks: tuple[_Check, ...]
    left_out: dict[str, str]
    level: str | None = None
    reference: str | None = None
    cost: str = ""


@dataclass(frozen=True, slots=True)
class _Finding:
    rule: str
    level: str
    distribution: str
    kind: str | None
    component: str | None
    message: str


@dataclass(frozen=True, slots=True)
class _Report:
    schema: int
    kplug: str
    torch: str
    date: str
    distributions: tuple[_Build, ...]
    components: tuple[_Component, ...]
    findings: tuple[_Finding, ...]


def read_check_report(text: bytes, where: str) -> tuple[SuppliedResults, ...]:
    """Return the results of each checked distribution.

    Long texts are truncated, and their line breaks become spaces.

    Args:
        text: The output of the command.
        where: The file, for messages.

    Raises:
        SiteFormatError: for invalid reports, and for duplicate names.
    """
    try:
        report = from_json(_Report, text, where)
        _check(report, where)
        return tuple(_collect(report, build, where) for build in report.distributions)
    except SiteFormatError as error:
        error.hint = error.hint or _HINT
        raise


def _check(report: _Report, where: str) -> None:
    if report.schema != _SCHEMA:
        raise SiteFormatError(
            f"{where} is of schema {report.schema}, and {_SCHEMA} is what is read"
        )
    if not _DATE.fullmatch(report.date):
        raise SiteFormatError(f"{where}: date is {report.date[:80]!r}, no time in UTC")
    for key, text in (("kplug", report.kplug), ("torch", report.torch)):
        _normalize(text, f"{where}: {key}")
    for one in report.components:
        if one.level is not None and one.level not in LEVELS:
            raise SiteFormatError(
                f"{where}: the level of {one.name[:80]!r} is {one.level[:80]!r}, none of {', '.join(LEVELS)}"
            )
    names = Counter(canonicalize_name(build.name) for build in report.distributions)
    rows = Counter((one.distribution, one.kind, one.name) for one in report.components)
    for what, count in (*names.items(), *rows.items()):
        if count > 1:
            raise SiteFormatError(f"{where} has {str(what)[:200]} twice")


def _normalize(version: str, where: str) -> str:
    try:
        return str(Version(version))
    except InvalidVersion:
        raise SiteFormatError(f"{where} is {version[:80]!r}, no version (PEP 440)") from None


def _collect(report: _Report, build: _Build, where: str) -> SuppliedResults:
    rows = (one for one in report.components if one.distribution == build.name)
    errors = [
        one for one in report.findings if (one.distribution, one.level) == (build.name, "error")
    ]
    components = [_describe(row, errors) for row in rows]
    results = ContractResults(
        report.kplug,
        report.torch,
        report.date,
        tuple(sorted(components, key=lambda one: (one.kind, one.name))),
        tuple(condense(one.message) for one in errors if one.component is None),
    )
    version = _normalize(build.version, f"{where}: the version of {build.name[:80]!r}")
    return SuppliedResults(where, canonicalize_name(build.name), version, build.hash, results)


def _describe(row: _Component, errors: list[_Finding]) -> CheckedComponent:
    """Return the results of a component; a failed import counts as a failed check."""
    failed = [
        FailedCheck(
            condense(one.name, _LONGEST_NAME),
            condense(one.example),
            condense(one.message or "it fails"),
        )
        for one in row.checks
        if not one.passed
    ]
    failed += [
        FailedCheck(condense(one.rule, _LONGEST_NAME), "", condense(one.message))
        for one in errors
        if (one.kind, one.component) == (row.kind, row.qualified_name)
    ]
    left_out = (
        LeftOutCheck(condense(name, _LONGEST_NAME), condense(reason))
        for name, reason in row.left_out.items()
    )
    passed = tuple(_list_passed(row))
    return CheckedComponent(
        row.kind,
        row.name,
        passed,
        tuple(failed),
        tuple(left_out),
        row.level,
        condense(row.reference or "") if "reference" in passed else "",
        condense(row.cost),
    )


def _list_passed(row: _Component) -> Iterator[str]:
    """Yield the checks that pass with every example."""
    failed = {one.name for one in row.checks if not one.passed}
    for name in dict.fromkeys(one.name for one in row.checks):
        if name not in failed:
            yield condense(name, _LONGEST_NAME)


def condense(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Return a text as one printable line, cut at a length."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
