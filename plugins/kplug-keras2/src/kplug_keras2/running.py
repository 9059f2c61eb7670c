"""``kplug run``: runs a script with ``keras`` bound to kplug."""

from __future__ import annotations

import runpy
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from kplug.errors import KplugError

command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
def run(
    script: Annotated[Path, typer.Argument(metavar="SCRIPT.py", help="The script.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[ARGS]...", help="What the script is given.")
    ] = None,
) -> None:
    """Run a script that was written for Keras 1 or 2, as it is.

    Example: kplug run mnist_cnn.py --epochs 3
    """
    _prepare(script, arguments or [])
    try:
        runpy.run_path(str(script), run_name="__main__")
    except Exception as error:
        _print_traceback(error, script)
        raise typer.Exit(1) from error


def _prepare(script: Path, arguments: list[str]) -> None:
    """Set up the process as if Python had started the script, with ``keras`` bound to kplug.

    Raises:
        KplugError: There is no such file, or the real Keras is already imported.
    """
    if not script.is_file():
        raise KplugError(
            f"there is no script {str(script)!r}",
            hint=f"Paths count from {str(Path.cwd())!r}; `kplug run SCRIPT.py` takes one file.",
        )
    from kplug_keras2 import (
        install,  # `kplug --help` imports this module, which must not import torch
    )

    install()
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.resolve().parent))


def _print_traceback(error: BaseException, script: Path) -> None:
    """Print the traceback from the script's own line on, as Python does."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != str(script):
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace or error.__traceback__)
