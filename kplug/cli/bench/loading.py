"""Loads the model and the data of a Python file."""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kplug.cli.bench.drawing import draw_inputs, draw_targets
from kplug.errors import KplugError
from kplug.models import Model
from kplug.training.data.iterable_batches import is_iterable_of_batches
from kplug.training.data.model_inputs import fit_to_model
from kplug.training.data.samples import Samples, as_samples


@dataclass(frozen=True)
class Workload:
    """A compiled model, and the inputs and targets that its file defines."""

    model: Model
    x: Any = None
    y: Any = None


def load_workload(path: Path, name: str) -> Workload:
    """Run a file and return its model and data.

    Raises:
        KplugError: If it defines no compiled model of that name; errors of the file's own code propagate.
    """
    names = runpy.run_path(str(path), run_name="__kplug_bench__")
    if name not in names:
        models = [key for key, value in names.items() if isinstance(value, Model)]
        found = f"The models in it: {', '.join(map(repr, models))}." if models else None
        raise KplugError(
            f"{str(path)!r} defines no {name!r}",
            hint=found or "Define it at the top of the file: model = Sequential([…]).",
        )
    model = names[name]
    if not isinstance(model, Model):
        raise KplugError(
            f"{name!r} in {str(path)!r} is {_describe(model)}; a model of kplug's is needed",
            hint="Other torch modules become one in Sequential([Input(shape), module]).",
        )
    if model.compiled is None:
        raise KplugError(
            f"the model {name!r} in {str(path)!r} is not compiled",
            hint=f"Call {name}.compile(optimizer=…, loss=…) in the file.",
        )
    return Workload(model, names.get("x"), names.get("y"))


def make_samples(workload: Workload, count: int) -> Samples:
    """Return the data of a file, or random data that fit its model, which is built if needed.

    Raises:
        KplugError: If there are no data and their shape is unknown.
    """
    model, x, y = workload.model, workload.x, workload.y
    if is_iterable_of_batches(x):
        raise KplugError(
            f"'x' is {_describe(x)}; kplug bench needs arrays, which it can go through again and again"
        )
    if x is None:
        x = draw_inputs(model, count)
    samples = fit_to_model(model, as_samples(model, "kplug bench", x), "kplug bench")
    if y is None:
        y = draw_targets(model, samples)
    return fit_to_model(model, as_samples(model, "kplug bench", x, y), "kplug bench")


def _describe(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
