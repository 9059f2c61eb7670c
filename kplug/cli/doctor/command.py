"""The command ``kplug doctor``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from kplug.cli.audit import find_noticed
from kplug.cli.doctor.findings import (
    find_drifted,
    find_problems,
    find_shadowed,
)
from kplug.cli.doctor.installed_files import find_other_files
from kplug.cli.doctor.metadata_folders import find_stale
from kplug.cli.doctor.timing import find_slow, import_targets, time_modules
from kplug.cli.env import describe_settings, write_settings
from kplug.commands.output import JsonOption, print_json, print_lines
from kplug.registry import REGISTRY
from kplug.registry.finding import Finding

ImportOption = Annotated[
    bool,
    typer.Option("--import", help="Import the target of every plugin's component, and time it."),
]
BudgetOption = Annotated[
    float, typer.Option(min=0.0, help="Seconds that an import may take before it is slow.")
]


def doctor(
    is_importing: ImportOption = False, budget: BudgetOption = 0.2, as_json: JsonOption = False
) -> None:
    """Say what is wrong with the plugins here, each finding with the command that mends it.

    It finds plugins that are broken, shadowed, duplicate, stale, slow, misspelt, recalled or made for
    another kplug, files of theirs that were changed or are hidden, advisories about them, settings that
    say something in vain, and what differs from the nearest kplug.lock, or from that of KPLUG_LOCK. Nothing
    is imported but the light modules of plugins that declare their components in code, unless --import is
    given. The exit status is 1 if something is broken.

    Example: kplug doctor --import --budget 0.5
    """
    offered, _ = REGISTRY.ask_all(
        Finding, "kplug_findings"
    )  # first, since its faults become problems
    findings = [
        *find_problems(),
        *find_noticed(),
        *find_shadowed(),
        *find_stale(),
        *find_other_files(),
        *find_drifted(),
        *offered,
    ]
    timings = time_modules()
    if is_importing:
        imported, broken = import_targets()
        timings += imported
        findings += [each for each in broken if not _is_known(each, findings)]
    findings += find_slow(timings, budget)
    findings.sort(key=lambda finding: not finding.is_broken)
    settings = describe_settings()
    if as_json:
        found = [asdict(finding) for finding in findings]
        print_json({"findings": found, "timings": [asdict(each) for each in timings], **settings})
    else:
        print_lines([*_write(findings), *write_settings(settings)])
    if any(finding.is_broken for finding in findings):
        raise typer.Exit(1)


def _is_known(finding: Finding, findings: list[Finding]) -> bool:
    """Whether a missing package was already found without the import."""
    name = finding.message.partition(" (")[0].partition(" of ")[0]
    return any(
        each.about == finding.about and each.message.startswith(f"{name} ") for each in findings
    )


def _write(findings: list[Finding]) -> Iterator[str]:
    if not findings:
        yield "Nothing is wrong."
    for finding in findings:
        yield f"{finding.topic}: {finding.about}: {finding.message}"
        yield f"  $ {finding.command}"
