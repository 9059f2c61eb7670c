"""The command ``kplug demo``: its options, and what must be there before it starts."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import importlib_metadata
import typer

from kplug.errors import ArgumentValueError, KplugError

LIBRARIES = {"sklearn": "scikit-learn", "matplotlib": "matplotlib"}
PLUGINS = ("kplug-penalties", "kplug-segmentation")

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
    check_requirements()
    check_output(output)
    # Here and not above: it brings in torch, scikit-learn and matplotlib, which `kplug --help` and
    # `kplug list` must not wait for, and which may be missing until the check has passed.
    from kplug.cli.demo.run import run

    run(output, seed, epochs)


def check_requirements() -> None:
    """Refuse to start while something that the demo is made of is not installed.

    Raises:
        KplugError: naming all that is missing, and the command that installs it.
    """
    libraries = [name for module, name in LIBRARIES.items() if find_spec(module) is None]
    plugins = [name for name in PLUGINS if not _is_installed(name)]
    if libraries or plugins:
        extra = ['"kplug[demo]"'] if libraries else []
        missing, wanted = ", ".join(libraries + plugins), " ".join(extra + plugins)
        raise KplugError(f"kplug demo needs {missing}; install with: pip install {wanted}")


def check_output(output: Path) -> None:
    """Refuse a path that the picture cannot be written to, before a minute has gone into it.

    Raises:
        ArgumentValueError: if the folder is missing or closed, or the path is a folder.
    """
    folder = output.absolute().parent
    is_open = folder.is_dir() and os.access(folder, os.W_OK)
    if output.is_dir() or not is_open:
        allowed = "a file in an existing folder that you may write to"
        raise ArgumentValueError("kplug demo", "output", str(output), allowed)


def _is_installed(distribution: str) -> bool:
    try:
        importlib_metadata.version(distribution)
    except importlib_metadata.PackageNotFoundError:
        return False
    return True
