"""The program of one of several processes: trains what a folder says, and writes the results there.

python -m kplug_authoring.gold.process FOLDER
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

from kplug import resolve
from kplug.display.messages import describe_error
from kplug_authoring.gold.training import train


def main(folder: Path) -> None:
    """Train, and let the first process write what came out."""
    task = torch.load(folder / "task.pt")
    rank = os.environ["RANK"]  # torchrun sets it
    try:
        made = resolve(task["kind"], task["spec"]).object
        found = train(task["kind"], made, task["inputs"], is_fitted=task["is_fitted"])
    except Exception as error:
        # Whichever fails first, the others are ended.
        text = describe_error(error)
        (folder / f"fault-{rank}.txt").write_text(f"it raised {text}", encoding="utf-8")
        raise
    if rank == "0":
        torch.save(found, folder / "found.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
