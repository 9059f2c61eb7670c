"""Regenerates table.py from the installed pytorch-optimizer: ``python make_table.py``."""

from __future__ import annotations

import inspect
from pathlib import Path

import importlib_metadata
import kplug_pytorch_optimizer
import pytorch_optimizer
import torch
from kplug_pytorch_optimizer import adapted, optimizers

TABLE = Path(kplug_pytorch_optimizer.__file__).with_name("table.py")


def render() -> str:
    """Return the text of table.py."""
    rows = "".join(f'    "{name}": "{summary}",\n' for name, summary in _find_optimizers().items())
    version = importlib_metadata.version("pytorch-optimizer")
    return (
        f'"""The optimizers of pytorch-optimizer {version}, written by tests/make_table.py."""\n\n'
        f'VERSION = "{version}"\n\n'
        f"OPTIMIZERS = {{\n{rows}}}\n"
    )


def _find_optimizers() -> dict[str, str]:
    found = {}
    for name, member in vars(pytorch_optimizer).items():
        is_optimizer = inspect.isclass(member) and issubclass(member, torch.optim.Optimizer)
        is_own = is_optimizer and member.__module__.startswith("pytorch_optimizer.")
        if is_own and name not in adapted.LEFT_OUT:
            described = getattr(optimizers, name, member)
            found[name] = (described.__doc__ or "").strip().splitlines()[0].replace("`", "")
    return dict(sorted(found.items()))


if __name__ == "__main__":
    TABLE.write_text(render(), encoding="utf-8")
