"""``save_state`` and ``load_state``: checkpoints from which training continues exactly."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from kplug.backend.processes import count_processes, run_on_main
from kplug.components.arguments import require_flag, require_integer, require_path
from kplug.errors import NotCompiledError, WeightsError
from kplug.saving.formats import Format, naming_file
from kplug.saving.hdf5 import opened
from kplug.saving.hdf5_library import h5py
from kplug.saving.hdf5_writing import created
from kplug.saving.protocols import CompilableModel
from kplug.saving.provenance import collect_rows, write_components
from kplug.saving.state import TrainingState, read_state, restore_state, write_state
from kplug.saving.weights.hdf5_tensors import load_all
from kplug.saving.weights.weight_files import plan_weights, write_weights
from kplug.support.atomic import replacing
from kplug.training.distribution.world import find_world
from kplug.training.position import Position


def save_state(
    model: CompilableModel,
    filepath: str | os.PathLike[str],
    epoch: int = 0,
    position: Position | None = None,
    *,
    sharded: bool = False,
) -> None:
    """Save weights, optimizer state and random generators, so that training can continue exactly.

    Args:
        model: The model, compiled.
        filepath: The file; its weights are in Keras 3's layout.
        epoch: The number of completed epochs.
        position: Where the run is within the epoch and the data, which ``fit`` tells ``BackupAndRestore``;
            None to begin an epoch and a pass over the data.
        sharded: Whether ``filepath`` is a folder, to which each process writes a part of every weight and
            moment, as safetensors of ``torch.distributed.checkpoint``. Any number of processes can load it.

    Raises:
        NotCompiledError: The model is not compiled.
        MissingLibraryError: ``sharded`` needs the package safetensors.
        WeightsError: The file cannot be written.
    """
    model.ensure_built()
    require_integer("save_state", "epoch", epoch, "an integer >= 0", at_least=0)
    _require_compiled(model, "save_state")
    target = require_path("save_state", "filepath", filepath)
    require_flag("save_state", "sharded", sharded)
    world = find_world() if position is not None else None
    positions = [position] if world is None else world.gather(position)
    found = [each for each in positions if each is not None]
    if sharded:
        from kplug.saving.state.state_folders import save_folder  # seconds of imports

        with naming_file(target):
            save_folder(model, target, epoch, found)
    else:
        run_on_main(lambda: _save(model, target, epoch, found))


def _save(model: CompilableModel, target: Path, epoch: int, positions: Sequence[Position]) -> None:
    with naming_file(target), replacing(target) as temporary, created(temporary) as file:
        write_weights(file, model, Format.KERAS3, is_exact=True)
        write_components(file, collect_rows(model))
        write_state(file, model, epoch, positions)


def load_state(model: CompilableModel, filepath: str | os.PathLike[str]) -> int:
    """Restore a state from ``save_state`` into a model that is built and compiled in the same way.

    The random generators are restored when training starts: immediately, if called in
    ``on_train_begin``. If the state was saved within an epoch, the next ``fit`` goes on there, with
    ``initial_epoch`` as returned here.

    Args:
        model: The model.
        filepath: The file, or the folder of a sharded state.

    Returns:
        The number of completed epochs.

    Raises:
        NotCompiledError: The model is not compiled.
        WeightsError: The file cannot be read or does not fit, or another number of processes has saved it
            within an epoch; nothing was assigned.
    """
    model.ensure_built()
    _require_compiled(model, "load_state")
    source = require_path("load_state", "filepath", filepath)
    with naming_file(source), opened(_find_file(source)) as file:
        state = read_state(file)
        if state is None:
            raise WeightsError(
                "the file holds no training state",
                hint="It is written by model.save_state; model.load_weights reads weights.",
            )
        _check_positions(model, state.positions, state.epoch)
        _plan(model, file, source, state)()
        restore_state(model, state, source)
    return state.epoch


def _find_file(source: Path) -> Path:
    if not source.is_dir():
        return source
    from kplug.saving.state.state_folders import require_state

    return require_state(source)


def _plan(
    model: CompilableModel, file: h5py.File, source: Path, state: TrainingState
) -> Callable[[], None]:
    """Check a state's weights, and return the function that assigns them."""
    if source.is_dir():
        from kplug.saving.state.state_folders import plan_folder

        return plan_folder(model, file, source, state)
    plan = plan_weights(model, file, Format.KERAS3, is_exact=True)
    plan.raise_problems()
    return lambda: load_all(plan.assignments)


def _check_positions(model: CompilableModel, positions: Sequence[Position], epoch: int) -> None:
    """Refuse a state within an epoch that other processes, or a model with other metrics, have saved."""
    steps = max((each.steps for each in positions), default=0)
    if not steps:
        return
    where = f"after step {steps} of epoch {epoch + 1}"
    count, own = len(positions), count_processes()
    if count != own:
        raise WeightsError(
            f"the state was saved {where} by {count} process{'es' * (count > 1)}, each with random numbers "
            f"and sums of its own, and {own} train{'s' * (own == 1)} now",
            hint=f"Start as many: torchrun --nproc-per-node {count}. A state between two epochs goes on with "
            "any number.",
        )
    saved = [str(name) for name, _ in positions[0].metrics]
    present = [str(metric.name) for metric in model.metrics]
    if saved != present:
        raise WeightsError(
            f"the state was saved {where}, with the metrics {', '.join(saved) or 'none'}, and the model has "
            f"{', '.join(present) or 'none'}",
            hint="Compile the model with the same metrics.",
        )


def _require_compiled(model: CompilableModel, method: str) -> None:
    if model.compiled is None:
        raise NotCompiledError(
            f"{method}: model {model.name!r} is not compiled, so it has no training state",
            hint="Call model.compile(optimizer=…, loss=…) first.",
        )
