"""Prints a report as a table or as plain lines, and writes it as JUnit XML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import typer

from kplug.commands import find_width, print_lines
from kplug.display.messages import make_printable
from kplug.display.terminal import wrap
from kplug.errors import KplugError
from kplug.inspection import find_lifecycle
from kplug_authoring.commands.check.report import CheckedComponent, Report, find_lowest
from kplug_authoring.levels import LEVELS, rank


def print_report(report: Report) -> None:
    """Print a row for each component, then the faults, the levels, and a summary line."""
    _print_rows(report)
    print_lines(_explain(report))
    print_lines(_explain_levels(report))
    colour = "green" if report.has_passed else "red"
    typer.secho("\n".join(["", *wrap(_summarize(report), find_width())]), fg=colour)


def _print_rows(report: Report) -> None:
    rows, width = [_row(checked) for checked in report.checked], find_width()
    columns = [max(map(len, column)) for column in zip(*rows, strict=True)]
    is_table = width is not None and sum(columns) + 2 * len(columns) <= width
    for row in rows:
        colour = "green" if row[0] == "passed" else "red"
        cells = [f"{text:<{size}}" for text, size in zip(row, columns, strict=True)]
        line = "  ".join(cells if is_table else filter(None, row)).rstrip()
        typer.secho("\n".join(wrap(line, width)), fg=colour)


def _row(checked: CheckedComponent) -> tuple[str, str, str, str, str, str]:
    component, failures = checked.component, len(checked.failures)
    result = "failed" if failures or not checked.results else "passed"
    count = f"{len(checked.results) - failures} of {len(checked.results)}"
    if checked.left_out:
        count += f", {len(checked.left_out)} left out"
    level = checked.standing.level or "no level"
    lifecycle = find_lifecycle(component)
    stage = lifecycle.stage if lifecycle else ""
    return result, component.kind, component.qualified_name, count, level, stage


def _explain(report: Report) -> Iterator[str]:
    for checked in report.checked:
        component = checked.component
        place = f"the {component.kind} {component.qualified_name} ({component.location})"
        for result in checked.failures:
            made = f", made with {result.example}" if result.example != "{}" else ""
            yield from _write_entry(
                f"failed: {place}, check {result.check!r}{made}", result.message, result.hint
            )
        for check, reason in checked.left_out.items():
            yield from _write_entry(f"left out: {place}, check {check!r}", reason)
    for line in report.accepted or ():
        yield from _write_entry(
            f"recorded anew: {line}", "Say in the changelog that the numbers have changed."
        )
    for finding in report.findings:
        label = "failed" if report.counts_as_failure(finding) else "warning"
        yield from _write_entry(f"{label}: {finding.place}, {finding.rule}", finding.message)


def _explain_levels(report: Report) -> Iterator[str]:
    """Yield the level of each distribution or component, and what the next one asks for."""
    groups: dict[str, list[CheckedComponent]] = {}
    for one in report.checked:
        component, owner = one.component, one.component.origin.distribution
        name = f"the {component.kind} {component.qualified_name}"
        groups.setdefault(owner if owner in report.whole else name, []).append(one)
    for name, group in groups.items():
        level = find_lowest(group)
        states: dict[str, list[str]] = {"broken": [], "not run": []}
        for one in group:
            for rule in one.standing.missing if one.standing.level == level else ():
                states[rule.state].append(rule.name)
        yield from ("", f"level of {name}: {level or 'none'}")
        wanted = [
            f"{', '.join(dict.fromkeys(rules))} ({'failed' if state == 'broken' else state})"
            for state, rules in states.items()
            if rules
        ]
        if wanted:
            yield f"  for {LEVELS[rank(level) + 1]}: {'; '.join(wanted)}"


def _write_entry(title: str, *texts: str | None) -> Iterator[str]:
    yield from ("", title)
    for line in "\n".join(text for text in texts if text).splitlines():
        yield f"  {line}"


def _summarize(report: Report) -> str:
    checks = sum(len(checked.results) for checked in report.checked)
    failures = sum(len(checked.failures) for checked in report.checked)
    findings = sum(map(report.counts_as_failure, report.findings))
    warnings = len(report.findings) - findings
    left_out = sum(len(checked.left_out) for checked in report.checked)
    parts = [
        _count(len(report.checked), "component"),
        f"{checks - failures} of {_count(checks, 'check')} passed",
        *([f"{left_out} left out"] if left_out else []),
        *([_count(findings, "finding") + " besides"] if findings else []),
        *([_count(warnings, "warning")] if warnings else []),
    ]
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def write_junit(report: Report, file: Path) -> None:
    """Write the report as JUnit XML, for CI servers.

    Raises:
        KplugError: if the file cannot be written.
    """
    root = ET.Element("testsuites", name="kplug check")
    suite = ET.SubElement(root, "testsuite", name=report.asked or "plugins")
    for checked in report.checked:
        component = checked.component
        owner = f"{component.origin.distribution}.{component.kind}.{component.name}"
        for result in checked.results:
            message = None if result.message is None else f"{result.message}\n{result.hint or ''}"
            _add_case(suite, owner, f"{result.check} {result.example}", "failure", message)
        for check, reason in checked.left_out.items():
            _add_case(suite, owner, check, "skipped", f"left out: {reason}")
    for finding in report.findings:
        tag = "failure" if report.counts_as_failure(finding) else "skipped"
        name = f"{finding.rule}: {finding.place}"
        _add_case(suite, finding.origin.distribution, name, tag, finding.message)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    try:
        ET.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise KplugError(
            f"{str(file)!r} cannot be written: {error.strerror}", hint="Choose another file."
        ) from error


def _add_case(suite: ET.Element, owner: str, name: str, tag: str, message: str | None) -> None:
    case = ET.SubElement(suite, "testcase", classname=owner, name=make_printable(name))
    if message is not None:
        text = make_printable(message).strip()
        ET.SubElement(case, tag, message=text.partition("\n")[0]).text = text
