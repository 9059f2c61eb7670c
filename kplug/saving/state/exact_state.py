"""The exact training state, in an HDF5 group that Keras ignores.

The group ``kplug_state`` has one attribute with JSON, and a dataset for each tensor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from kplug.backend.processes import count_processes, find_rank
from kplug.errors import KplugError, WeightsError
from kplug.registry.user_warnings import warn
from kplug.saving.hdf5 import find_group
from kplug.saving.hdf5_library import h5py
from kplug.saving.json_text import encode, parse_json
from kplug.saving.protocols import CompilableModel
from kplug.saving.state.packing import pack, unpack
from kplug.saving.text_attributes import read_text
from kplug.training.compiled_model import prepare_optimizer
from kplug.training.generators import (
    apply_generators,
    check_generators,
    collect_generators,
)
from kplug.training.position import Position
from kplug.training.precision import name_precision

GROUP, ATTRIBUTE, LAYOUT = "kplug_state", "content", 1

_OPTIONS = ("precision", "jit_compile", "steps_per_execution")


@dataclass(frozen=True)
class TrainingState:
    """The training state in a file.

    Args:
        optimizer: The optimizer's ``state_dict``; None if it had none.
        optimizer_class: Name of the optimizer's class.
        generators: States of the random generators.
        epoch: The number of completed epochs.
        options: Arguments of ``compile`` that affect the last bits of results.
        positions: The position of each process in the run, by rank; empty if the run was not to go on.
    """

    optimizer: Mapping[str, Any] | None = None
    optimizer_class: str = ""
    generators: Mapping[str, Any] = field(default_factory=dict)
    epoch: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    positions: Sequence[Position] = ()


def list_moments(optimizer_state: Mapping[str, Any] | None) -> dict[str, Tensor]:
    """Return the tensors with axes in an optimizer's state, as ``optimizer/<weight>/<entry>``."""
    entries = _list_entries(optimizer_state)
    return {f"optimizer/{index}/{name}": value for index, name, value in entries}


def _list_entries(optimizer_state: Mapping[str, Any] | None) -> list[tuple[int, str, Tensor]]:
    state = (optimizer_state or {}).get("state", {})
    return [
        (index, name, value)
        for index, entries in state.items()
        for name, value in entries.items()
        if isinstance(value, Tensor) and value.ndim and isinstance(name, str)
    ]


def _leave_out_moments(optimizer_state: Mapping[str, Any]) -> dict[str, Any]:
    left_out = {(index, name) for index, name, _ in _list_entries(optimizer_state)}
    kept = {
        index: {name: value for name, value in entries.items() if (index, name) not in left_out}
        for index, entries in optimizer_state.get("state", {}).items()
    }
    return {**optimizer_state, "state": kept}


def write_state(
    file: h5py.File,
    model: CompilableModel,
    epoch: int = 0,
    positions: Sequence[Position] = (),
    *,
    has_moments: bool = True,
) -> None:
    """Write the training state of a compiled model; nothing for one that is not compiled.

    Without moments, what `list_moments` returns is left out.
    """
    if model.compiled is None:
        return
    group = file.create_group(GROUP)
    optimizer = model.built_optimizer
    optimizer_state = None if optimizer is None else optimizer.state_dict()
    if optimizer_state is not None and not has_moments:
        optimizer_state = _leave_out_moments(optimizer_state)
    content = {
        "layout": LAYOUT,
        "epoch": epoch,
        "options": {
            "precision": name_precision(model.compiled.precision),
            "jit_compile": model.compiled.jit_compile,
            "steps_per_execution": model.compiled.steps_per_execution,
        },
        "optimizer_class": type(optimizer).__name__ if optimizer is not None else "",
        "optimizer": pack(optimizer_state, group),
        "generators": pack(collect_generators(model), group),
        "positions": pack([vars(each) for each in positions], group),
    }
    group.attrs[ATTRIBUTE] = encode(content)


def read_state(file: h5py.File) -> TrainingState | None:
    """Return the exact training state of a file, or None.

    Raises:
        WeightsError: It is damaged or of a newer kplug.
    """
    group = find_group(file, GROUP)
    if group is None:
        return None
    content = parse_json(read_text(group, ATTRIBUTE) or "", "the training state")
    if not isinstance(content, dict) or not isinstance(content.get("layout"), int):
        raise WeightsError("the training state of the file cannot be read: it has another form")
    if content["layout"] > LAYOUT:
        raise WeightsError(
            f"the training state of the file has layout {content['layout']}, this kplug reads "
            f"{LAYOUT}",
            hint="pip install --upgrade kplug",
        )
    optimizer = unpack(content.get("optimizer"), group)
    generators = unpack(content.get("generators"), group)
    positions = [_read_position(each) for each in unpack(content.get("positions"), group) or ()]
    epoch, options = content.get("epoch"), content.get("options")
    is_known = isinstance(optimizer or {}, dict) and isinstance(generators, dict)
    if not (is_known and isinstance(epoch, int) and isinstance(options, dict)):
        raise WeightsError("the training state of the file cannot be read: it has another form")
    check_generators(generators)
    return TrainingState(
        optimizer,
        str(content.get("optimizer_class")),
        generators,
        max(0, epoch),
        _read_options(options),
        positions,
    )


def _read_position(content: Any) -> Position:
    """Return a position from a file, its counts and generators checked."""
    try:
        position = Position(**content)
        counts = (position.steps, position.batches, position.validation_batches)
        dicts = [position.pass_start, position.now, position.record, position.layers]
        dicts += [position.callbacks, *dict(position.callbacks).values()]
        is_known = all(type(count) is int and count >= 0 for count in counts)
        is_known = is_known and all(isinstance(each, dict) for each in dicts)
        is_known = is_known and all(len(each) == 2 for each in position.metrics)
    except (TypeError, ValueError):
        is_known = False
    if not is_known:
        raise WeightsError("the training state of the file cannot be read: it has another form")
    check_generators(position.pass_start)
    check_generators(position.now)
    return position


def _read_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the known options of a file; ``compile`` checks their values."""
    return {name: options[name] for name in _OPTIONS if options.get(name) is not None}


def restore_state(model: CompilableModel, state: TrainingState, source: object) -> None:
    """Restore a compiled model's optimizer state now, and its random generators when ``fit`` starts.

    If the state does not fit the optimizer, the optimizer starts from scratch, with a warning.
    """
    if state.optimizer is not None:
        load_optimizer(model, state.optimizer, state.optimizer_class, source)
    positions = state.positions
    model.resumed_position = positions[find_rank() % len(positions)] if positions else None
    if model.resumed_position is not None and len(positions) != count_processes():
        # Between two epochs: each process has other samples now.
        model.resumed_position = replace(model.resumed_position, layers={})
    model.when_fit_starts = lambda one: apply_generators(one, state.generators)


def load_optimizer(
    model: CompilableModel, state: Mapping[str, Any], optimizer_class: str, source: object
) -> None:
    """Load a state into the model's optimizer; a misfit is skipped with a warning."""
    optimizer = prepare_optimizer(model, "load")
    if optimizer is None:
        return
    own_class = type(optimizer).__name__
    if optimizer_class not in ("", own_class):
        reason = f"the file's optimizer was {optimizer_class}, this one is {own_class}"
        start_anew(model, source, reason)
        return
    try:
        optimizer.load_state_dict(dict(state))
    except (KplugError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        start_anew(model, source, error.message if isinstance(error, KplugError) else repr(error))


def start_anew(model: CompilableModel, source: object, reason: str) -> None:
    """Warn that a stored state is not used; the optimizer is rebuilt when needed."""
    model.built_optimizer = None
    warn(f"{source}: the optimizer starts anew, because its stored state does not fit: {reason}")
