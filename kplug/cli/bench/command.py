"""The command ``kplug bench``: parses its target and starts the run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kplug.errors import KplugError

TargetArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILE.py[:NAME]",
        help="A Python file, and the name of a compiled model in it: `model` if none is given.",
    ),
]
BatchSizeOption = Annotated[int, typer.Option(min=1, help="Samples in a step.")]
StepsOption = Annotated[
    int,
    typer.Option(min=1, help="Steps in an epoch, where the file has no data and they are drawn."),
]
RoundsOption = Annotated[int, typer.Option(min=1, help="Timed epochs; their median is shown.")]
JitOption = Annotated[bool, typer.Option(help="Whether jit_compile=True is timed, too.")]


def bench(
    target: TargetArgument,
    batch_size: BatchSizeOption = 32,
    steps: StepsOption = 200,
    rounds: RoundsOption = 5,
    jit: JitOption = True,
) -> None:
    """Time `fit` on a model of yours, as a multiple of a plain eager loop with the same model.

    The file defines `model`, which it has compiled, and may define `x` and `y`, the arrays to train on;
    without them, random ones of the model's shapes are drawn. Whatever else stands in the file is
    run as well, once for each contender. The contenders take turns in one process.

    Example: kplug bench train.py:network --batch-size 128 --no-jit
    """
    path, name = split_target(target)
    # A local import: it brings in torch, which would delay `kplug --help`.
    from kplug.cli.bench.run import run

    run(path, name, batch_size, steps, rounds, with_jit=jit)


def split_target(target: str) -> tuple[Path, str]:
    """Return the file and the name of the model.

    Raises:
        KplugError: If there is no such Python file, or the name cannot be one.
    """
    text, colon, name = target.rpartition(":")
    if not colon or not text or text.endswith(("/", "\\")) or "/" in name or "\\" in name:
        text, name = target, "model"  # no name, or the colon of a Windows drive
    path = Path(text)
    hint = "kplug bench takes a Python file and, behind a colon, the name of the model in it."
    if not path.is_file():
        raise KplugError(f"there is no file {text!r}", hint=hint)
    if path.suffix != ".py":
        raise KplugError(f"{text!r} is no Python file", hint=hint)
    if not name.isidentifier():
        raise KplugError(f"{name!r} cannot be the name of a model", hint=hint)
    return path, name
