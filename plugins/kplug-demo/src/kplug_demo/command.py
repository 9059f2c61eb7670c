"""The command ``kplug demo``: its options, and the check of its output path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from kplug.errors import ArgumentValueError

OutputOption = Annotated[Path, typer.Option(help="Where to write the picture, a PNG.")]
SeedOption = Annotated[
    int, typer.Option(min=0, help="Fixes the canvases, the first weights and the batches.")
]
EpochsOption = Annotated[int, typer.Option(min=1, help="How often to go through the canvases.")]


def demo(
    output: OutputOption = Path("kplug-demo.png"), seed: SeedOption = 0, epochs: EpochsOption = 20
) -> None:
    """Train a small network to find handwritten ink on cluttered canvases, and draw the result.

    The loss, the metric and the penalty come by name from the plugins kplug-segmentation and
    kplug-penalties. The result is compared with Otsu's threshold, on scans kept out of training.

    Example: kplug demo --epochs 5 --output ink.png
    """
    check_output(output)
    # A local import: it brings in torch, scikit-learn and matplotlib, which would delay `kplug demo --help`.
    from kplug_demo.run import run

    run(output, seed, epochs)


def check_output(output: Path) -> None:
    """Refuse a path that the picture cannot be written to, before the training.

    Raises:
        ArgumentValueError: if the folder is missing or closed, or the path is a folder.
    """
    folder = output.absolute().parent
    is_open = folder.is_dir() and os.access(folder, os.W_OK)
    if output.is_dir() or not is_open:
        allowed = "a file in an existing folder that you may write to"
        raise ArgumentValueError("kplug demo", "output", str(output), allowed)
