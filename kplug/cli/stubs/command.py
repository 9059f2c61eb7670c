"""``kplug stubs``: write what type checkers read about the names of components."""

from __future__ import annotations

import contextlib
import re
import secrets
import sys
import sysconfig
from pathlib import Path
from typing import Annotated

import typer

from kplug.cli.stubs.module_text import MARK, write_module
from kplug.errors import KplugError
from kplug.registry import REGISTRY
from kplug.registry.quoting import make_printable

FolderArgument = Annotated[
    Path | None,
    typer.Argument(
        help="Where the folder kplug-stubs is written. By default it is the site-packages of this Python.",
        show_default=False,
    ),
]
CheckOption = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit status 1 if the file is out of date.")
]
NoImportOption = Annotated[
    bool, typer.Option("--no-import", help="Write the names alone, and import no component.")
]


def stubs(
    folder: FolderArgument = None, is_check: CheckOption = False, no_import: NoImportOption = False
) -> None:
    """Tell type checkers and editors the names of the installed components, and their arguments.

    This writes kplug-stubs/names.pyi. mypy, pyright and editors that use them then refuse a misspelt name in
    `model.compile(loss="…")` and in layers, and complete names and arguments. Components are imported for
    their arguments, unless --no-import is given.

    Example: kplug stubs

    Example: kplug stubs --check
    """
    package = (folder or Path(sysconfig.get_path("purelib"))) / "kplug-stubs"
    _require_ours(package)
    failures: list[str] = []
    with contextlib.redirect_stdout(sys.stderr):  # what a module prints is no answer
        text = write_module(not no_import, failures)
    broken = [*failures, *(str(one) for one in REGISTRY.problems() if not one.is_advice)]
    for message in broken:
        typer.secho(make_printable(f"broken: {message}"), fg="yellow", err=True)
    if is_check:
        _compare(package / "names.pyi", text)
    else:
        _write(package, text)
        typer.echo(f"{package / 'names.pyi'}: {len(_names_in(text))} names")


def _require_ours(package: Path) -> None:
    """Refuse a place that does not exist, or that holds what this command has not written."""
    if not package.parent.is_dir():
        raise KplugError(
            f"the folder {str(package.parent)!r} does not exist; nothing was written",
            hint="Give one that a type checker looks into, or none for this Python's site-packages.",
        )
    if package.is_symlink() or package.exists():
        module = package / "names.pyi"
        if not module.is_file() or not module.read_bytes().startswith(MARK.encode()):
            raise KplugError(
                f"{str(package)!r} was not written by `kplug stubs`; nothing was written",
                hint="Move it away, or give another folder.",
            )


def _write(package: Path, text: str) -> None:
    temporary = package / f".{secrets.token_hex(6)}.tmp"
    try:
        package.mkdir(exist_ok=True)
        (package / "py.typed").write_text("partial\n", encoding="utf-8")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(package / "names.pyi")
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise KplugError(
            f"{str(package)!r} cannot be written: {error.strerror or error}",
            hint="Give a folder of the environment whose packages the type checker sees.",
        ) from error


def _compare(module: Path, text: str) -> None:
    """Say what differs from what is written; with exit status 1, if anything does."""
    written = module.read_text(encoding="utf-8") if module.exists() else ""
    if written == text:
        typer.echo(f"{module} is up to date.")
        return
    new, old = _names_in(text), _names_in(written)
    changes = [f"+{name}" for name in new if name not in old]
    changes += [f"-{name}" for name in old if name not in new]
    what = ", ".join(changes[:10]) + (f" and {len(changes) - 10} more" if len(changes) > 10 else "")
    state = "is out of date" if written else "does not exist"
    typer.echo(f"{module} {state}: {what or 'arguments differ'}\n  Run `kplug stubs`.")
    raise typer.Exit(1)


def _names_in(text: str) -> dict[str, None]:
    return dict.fromkeys(re.findall(r'^    "(.*)",$', text, re.MULTILINE))
