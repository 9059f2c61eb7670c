"""``kplug sync``: installs the packages of a lock, after showing them."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kplug.cli.installer import (
    Plan,
    as_requirement,
    make_commands,
    make_plan,
    run_commands,
)
from kplug.cli.lock import DEFAULT, LockFile
from kplug.commands.changes import find_changes, find_versions, write_changes
from kplug.commands.output import answer_in_json, print_json, print_lines
from kplug.errors import LockError
from kplug.locking import Lock, LockedPackage, find_drift, find_installer, read_lock
from kplug.registry import Verdict
from kplug.registry.component import BUILT_IN
from kplug.registry.metadata import is_installed
from kplug.registry.quoting import quote


def sync(
    options: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="-- OPTIONS",
            help="Options for pip or uv, such as --no-index --find-links DIR.",
            show_default=False,
        ),
    ] = None,
    file: LockFile = DEFAULT,
    is_agreed: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Show what would be done.")] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", callback=answer_in_json, help="Print JSON; with --dry-run alone."),
    ] = False,
) -> None:
    """Install exactly what a lock names, with the pip or uv of this environment.

    It shows first what it will do, and what other versions of plugins compute otherwise, and asks.
    Afterwards the lock is checked again.

    Example: kplug sync --lock kplug.lock -- --find-links wheels
    """
    if options and not options[0].startswith("-"):
        raise LockError(
            f"{quote(options[0])} is no option of pip or uv",
            hint=f"A lock file is given with --lock: kplug sync --lock {options[0]}",
        )
    if as_json and not is_dry:
        raise LockError("--json prints what would be done", hint="kplug sync --dry-run --json")
    plan = make_plan(wanted := read_lock(file), find_drift(wanted))
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        is_needed = bool(plan.missing or plan.replaced)
        installer = find_installer() if is_needed else []
        commands = make_commands(installer, plan, options or [], constraints)
        changes, notices = _find_changes(plan)
        if as_json:
            print_json(_describe(plan, commands, changes, notices))
            return
        print_lines(_show(plan, commands, wanted, changes, notices))
        if is_dry:
            return
        if is_needed and (is_agreed or typer.confirm("Install this?", abort=True)):
            run_commands(commands, plan, constraints)
    if is_needed or plan.obstacles:
        raise typer.Exit(_check_again(file))


def _find_changes(plan: Plan) -> tuple[dict[str, list[Verdict]], dict[str, tuple[str, ...]]]:
    """Return what changes in each distribution that is here in another build, and what else is to be said."""
    found, notices = {}, {}
    for package in (*plan.missing, *plan.replaced):
        if package.name not in BUILT_IN and is_installed(package.name):
            versions = {one.version: one for one in find_versions(package.name)}
            version = versions.get(package.version)
            found[package.name] = find_changes(package.name, version)
            notices[package.name] = version.notices if version else ()
    return found, notices


def _show(
    plan: Plan,
    commands: list[list[str]],
    lock: Lock,
    changes: Mapping[str, Sequence[Verdict]],
    notices: Mapping[str, Sequence[str]],
) -> Iterator[str]:
    for verb, packages in (("install", plan.missing), ("replace", plan.replaced)):
        for package in packages:
            yield f"{verb} {as_requirement(package)}{_tell_source(package, lock)}"
            yield from (f"  {sentence}" for sentence in notices.get(package.name, ()))
            yield from write_changes(changes.get(package.name, ()))
    for obstacle in plan.obstacles:
        yield f"cannot mend: {obstacle}"
    for command in commands:
        yield f"  {shlex.join(command)}"
    if not plan.missing and not plan.replaced and not plan.obstacles:
        yield "Nothing to do: everything is installed as locked."


def _tell_source(package: LockedPackage, lock: Lock) -> str:
    if "://" not in as_requirement(package):
        return ""
    return ", from an address in the lock" if package in lock.packages else ", found by its hash"


def _describe(
    plan: Plan,
    commands: list[list[str]],
    changes: Mapping[str, Sequence[Verdict]],
    notices: Mapping[str, Sequence[str]],
) -> dict[str, object]:
    return {
        "install": [as_requirement(package) for package in plan.missing],
        "replace": [as_requirement(package) for package in plan.replaced],
        "cannot_mend": list(plan.obstacles),
        "commands": commands,
        "changes": {name: [asdict(one) for one in found] for name, found in changes.items()},
        "notices": {name: list(found) for name, found in notices.items()},
    }


def _check_again(file: Path) -> int:
    """Check the lock in a new process, as this one may have imported replaced modules."""
    command = [sys.executable, "-m", "kplug", "lock", "--check", "--lock", str(file)]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - fixed words and a path
