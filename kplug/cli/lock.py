"""``kplug lock``: locks what a model file or project uses, or checks a lock."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kplug.commands.output import JsonOption, paint_warning, print_json, print_lines
from kplug.errors import LockError
from kplug.locking import (
    LOCK_FILE,
    Lock,
    find_drift,
    format_lock,
    lock_environment,
    lock_specs,
    read_lock,
)
from kplug.support.atomic import replacing

LockFile = Annotated[Path, typer.Option("--lock", metavar="FILE", help="The lock file.")]
DEFAULT = Path(LOCK_FILE)


def lock(
    model: Annotated[
        Path | None,
        typer.Argument(help="A model file. All plugins by default.", show_default=False),
    ] = None,
    use: Annotated[
        list[str] | None,
        typer.Option("--use", metavar="KIND:SPEC", help="Lock what this uses. May be repeated."),
    ] = None,
    file: LockFile = DEFAULT,
    is_check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit status 1 if anything differs.")
    ] = False,
    allow_unlocked: Annotated[
        bool,
        typer.Option(
            "--allow-unlocked",
            help="Lock the rest where your own code or an editable install without a commit "
            "cannot be locked.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the packages that supply components, each with version, hash and commit, into a lock file.

    With --check, compare the lock file with what is installed.

    Example: kplug lock model.keras

    Example: kplug lock --use loss:huber --use "optimizer:adam(lr=0.01)"

    Example: kplug lock --check
    """
    if is_check:
        if model is not None or use:
            raise LockError(
                "--check compares the lock with what is installed, it takes no model and no --use",
                hint="kplug lock --check --lock FILE",
            )
        _check(file, as_json)
        return
    made = _collect(model, use or [], allow_unlocked)
    _write(file, format_lock(made, model.name if model else ", ".join(use or ["all plugins"])))
    if as_json:
        print_json({"lock": str(file), **_describe(made)})
        return
    print_lines([f"{file}: {', '.join(map(str, made.packages))}"])
    _print_not_locked(made)


def _collect(model: Path | None, use: list[str], allow_unlocked: bool) -> Lock:
    if model is not None and use:
        raise LockError("a lock is that of a model or of what --use names, not of both")
    if model is not None:
        from kplug.saving.formats import naming_file
        from kplug.saving.lock_check import lock_model  # imports h5py and torch

        with naming_file(model):
            return lock_model(model, allow_unlocked=allow_unlocked)
    if use:
        return lock_specs(use, allow_unlocked=allow_unlocked)
    return lock_environment(allow_unlocked=allow_unlocked)


def _write(file: Path, text: str) -> None:
    with replacing(file) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _check(file: Path, as_json: bool) -> None:
    wanted = read_lock(file)
    drift = find_drift(wanted)
    if as_json:
        rows = [
            {"kind": item.kind, "package": item.package, "message": item.message} for item in drift
        ]
        print_json({"lock": str(file), "drift": rows, **_describe(wanted)})
    elif drift:
        print_lines(item.message for item in drift)
    else:
        count = len(wanted.packages)
        typer.echo(f"{count} package{'s' * (count != 1)} installed as locked.")
    if not as_json:
        _print_not_locked(wanted)
    if drift:
        raise typer.Exit(1)


def _print_not_locked(lock: Lock) -> None:
    lines = [f"not locked: {', '.join(lock.not_locked)}"] if lock.not_locked else []
    for package in lock.packages:
        if package.source.is_editable and not package.source.commit:
            lines.append(f"without a commit: {package}, an editable install")
    print_lines(lines, paint_warning)


def _describe(lock: Lock) -> dict[str, object]:
    return {
        "packages": [
            {
                "name": package.name,
                "version": package.version,
                "hash": package.hash or None,
                "editable": package.source.is_editable,
                "url": package.source.url or None,
                "commit": package.source.commit or None,
                "components": list(package.components),
            }
            for package in lock.packages
        ],
        "not_locked": list(lock.not_locked),
    }
