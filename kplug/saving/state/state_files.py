"""``save_state`` and ``load_state``: checkpoints from which training continues exactly."""

from __future__ import annotations

import os
from pathlib import Path

from kplug.backend.processes import run_on_main
from kplug.components.arguments import require_integer, require_path
from kplug.errors import NotCompiledError, WeightsError
from kplug.saving.formats import Format, naming_file
from kplug.saving.hdf5 import opened
from kplug.saving.hdf5_writing import created
from kplug.saving.protocols import CompilableModel
from kplug.saving.provenance import collect_rows, write_components
from kplug.saving.state import read_state, restore_state, write_state
from kplug.saving.weights.hdf5_tensors import load_all
from kplug.saving.weights.weight_files import plan_weights, write_weights
from kplug.support.atomic import replacing


def save_state(model: CompilableModel, filepath: str | os.PathLike[str], epoch: int = 0) -> None:
    """Save weights, optimizer state and random generators, so that training can continue exactly.

    Args:
        model: The model, compiled.
        filepath: The file; its weights are in Keras 3's layout.
        epoch: The number of completed epochs.

    Raises:
        NotCompiledError: The model is not compiled.
        WeightsError: The file cannot be written.
    """
    model.ensure_built()
    require_integer("save_state", "epoch", epoch, "an integer >= 0", at_least=0)
    _require_compiled(model, "save_state")
    target = require_path("save_state", "filepath", filepath)
    run_on_main(lambda: _save(model, target, epoch))


def _save(model: CompilableModel, target: Path, epoch: int) -> None:
    with naming_file(target), replacing(target) as temporary, created(temporary) as file:
        write_weights(file, model, Format.KERAS3)
        write_components(file, collect_rows(model))
        write_state(file, model, epoch)


def load_state(model: CompilableModel, filepath: str | os.PathLike[str]) -> int:
    """Restore a state from ``save_state`` into a model that is built and compiled in the same way.

    The random generators are restored when training starts: immediately, if called in
    ``on_train_begin``.

    Args:
        model: The model.
        filepath: The file.

    Returns:
        The number of completed epochs.

    Raises:
        NotCompiledError: The model is not compiled.
        WeightsError: The file cannot be read or does not fit; nothing was assigned.
    """
    model.ensure_built()
    _require_compiled(model, "load_state")
    source = require_path("load_state", "filepath", filepath)
    with naming_file(source), opened(source) as file:
        plan = plan_weights(model, file, Format.KERAS3)
        plan.raise_problems()
        state = read_state(file)
        if state is None:
            raise WeightsError(
                "the file holds no training state",
                hint="It is written by model.save_state; model.load_weights reads weights.",
            )
        load_all(plan.assignments)
        restore_state(model, state, source)
    return state.epoch


def _require_compiled(model: CompilableModel, method: str) -> None:
    if model.compiled is None:
        raise NotCompiledError(
            f"{method}: model {model.name!r} is not compiled, so it has no training state",
            hint="Call model.compile(optimizer=…, loss=…) first.",
        )
