"""Optimizer state in Keras's form: a list of unnamed variables, in the order of Keras's code.

Written for optimizers whose state has the same meaning in Keras 3; read from files of Keras 3,
tf-keras and Keras 2. The exact state in kplug's files takes precedence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from kplug.optimizers.base.accumulation import ACCUMULATOR, TOTAL_WEIGHT
from kplug.optimizers.base.state_keys import Block, counts_per_weight
from kplug.optimizers.sgd import SGD
from kplug.saving.formats import Format
from kplug.saving.hdf5 import find_group, get_dataset
from kplug.saving.hdf5_library import h5py
from kplug.saving.protocols import CompilableModel
from kplug.saving.state.exact_state import load_optimizer, start_anew
from kplug.saving.state.optimizer_variables import find_blocks
from kplug.saving.text_attributes import read_names
from kplug.saving.weights.hdf5_tensors import read_array, write_all
from kplug.training.compiled_model import prepare_optimizer

KERAS3_GROUP, KERAS2_GROUP = "optimizer/vars", "optimizer_weights"


def write_optimizer(file: h5py.File, model: CompilableModel) -> None:
    """Write the optimizer's state for Keras 3's archive, if Keras has the same rule and training began.

    HDF5 files omit it: Keras 3.15 cannot read such a state, not even its own, and cannot train a model
    that it loads from such a file.
    """
    optimizer = model.built_optimizer if model.compiled is not None else None
    blocks = None if optimizer is None else find_blocks(optimizer)
    if optimizer is None or blocks is None:
        return
    variables = list(_list_variables(optimizer, blocks, model.trainable_weights))
    group = file.require_group(KERAS3_GROUP)
    group.attrs["name"] = str(getattr(optimizer, "name", ""))
    write_all((group, str(number), variable) for number, variable in enumerate(variables))


def read_keras_optimizer(
    file: h5py.File, model: CompilableModel, layout: Format, source: object
) -> None:
    """Load a state that Keras wrote into the model's optimizer, if the file has one.

    A state that does not fit is skipped with a warning.
    """
    path = KERAS3_GROUP if layout is Format.KERAS3 else KERAS2_GROUP
    group = find_group(file, path)
    if group is None:
        return
    optimizer = prepare_optimizer(model, "load")
    if optimizer is None:
        return
    try:
        state = _read_state(group, layout, optimizer, model.trainable_weights)
    except _MisfitError as error:
        start_anew(model, source, str(error))
        return
    load_optimizer(model, state, "", source)


class _MisfitError(Exception):
    """The file's variables do not fit the optimizer."""


def _list_variables(
    optimizer: torch.optim.Optimizer, blocks: Sequence[Block], parameters: Sequence[Tensor]
) -> Iterator[Tensor]:
    """Yield Keras's variables: the counter, the rate, then the state of each weight."""
    group = optimizer.param_groups[0]
    yield torch.tensor(group["iterations"], dtype=torch.int32)
    if not _follows_schedule(optimizer):
        yield torch.tensor(float(group["lr"]), dtype=torch.float32)
    unit = _find_unit(optimizer)
    for block in blocks:
        for parameter in parameters:
            for key in block:
                value = optimizer.state.get(parameter, {}).get(key)
                value = torch.zeros_like(parameter) if value is None else value.detach()
                yield value * (_scale(optimizer, key) if key != ACCUMULATOR else unit)


def _read_state(
    group: h5py.Group,
    layout: Format,
    optimizer: torch.optim.Optimizer,
    parameters: Sequence[Tensor],
) -> dict[str, Any]:
    """Return a ``state_dict`` with the file's values."""
    blocks = find_blocks(optimizer)
    if blocks is None:
        raise _MisfitError(f"Keras's state of {type(optimizer).__name__} has another form")
    names = _list_names(group, layout)
    iterations, rest, is_newest = _split_counters(group, names, layout, optimizer)
    shapes = [tuple(parameter.shape) for parameter in parameters]
    order = list(_list_order(blocks, len(parameters), is_interleaved=is_newest))
    if not is_newest and len(rest) == len(order) + len(parameters):
        rest = _without_placeholders(group, rest, len(parameters))
    if len(rest) != len(order):
        raise _MisfitError(
            f"it has {len(rest)} arrays, {type(optimizer).__name__} keeps {len(order)} for "
            f"{len(parameters)} weights"
        )
    found: dict[int, dict[str, Any]] = {number: {} for number in range(len(parameters))}
    for name, (number, key) in zip(rest, order, strict=True):
        dataset = get_dataset(group, name)
        if tuple(dataset.shape) != shapes[number]:
            raise _MisfitError(f"{name!r} has shape {dataset.shape}, its weight {shapes[number]}")
        found[number][key] = torch.from_numpy(np.asarray(read_array(dataset), dtype=np.float32))
    return _make_state_dict(optimizer, parameters, found, iterations)


def _without_placeholders(group: h5py.Group, names: list[str], count: int) -> list[str]:
    """Drop the placeholders of Keras 2's Adam: without ``amsgrad``, one number for each weight."""
    last = [get_dataset(group, name) for name in names[-count:]]
    return names[:-count] if all(tuple(each.shape) == (1,) for each in last) else names


def _list_names(group: h5py.Group, layout: Format) -> list[str]:
    if layout is Format.KERAS3:
        return [str(number) for number in range(min(len(group), 1_000_000))]
    return read_names(group, "weight_names") or []


def _split_counters(
    group: h5py.Group, names: list[str], layout: Format, optimizer: torch.optim.Optimizer
) -> tuple[int, list[str], bool]:
    """Return the number of steps, the names of the other arrays, and whether Keras 3 wrote them."""
    if layout is Format.KERAS3:
        counters = names[: 1 if _follows_schedule(optimizer) else 2]
        return _read_count(group, counters[0]) if counters else 0, names[len(counters) :], True
    last = [name.rpartition("/")[2].removesuffix(":0") for name in names]
    rest = [
        name
        for name, word in zip(names, last, strict=True)
        if not word.startswith(("iteration", "learning_rate", "iter", "lr", "decay"))
    ]
    counts = [name for name, word in zip(names, last, strict=True) if word.startswith("iter")]
    is_newest = any(word == "iteration" for word in last)
    return _read_count(group, counts[0]) if counts else 0, rest, is_newest


def _read_count(group: h5py.Group, name: str) -> int:
    dataset = get_dataset(group, name)
    if dataset.size != 1:
        raise _MisfitError(f"{name!r} should count steps and has shape {dataset.shape}")
    value: npt.NDArray[Any] = np.asarray(read_array(dataset)).reshape(())
    if not 0 <= float(value) < 2**53:
        raise _MisfitError(f"{name!r} should count steps and is {value}")
    return int(value)


def _list_order(
    blocks: Sequence[Block], count: int, *, is_interleaved: bool
) -> Iterator[tuple[int, str]]:
    """Yield for each array the index of its weight and the key in our state."""
    for block in blocks:
        if is_interleaved:
            yield from ((number, key) for number in range(count) for key in block)
        else:
            yield from ((number, key) for key in block for number in range(count))


def _make_state_dict(
    optimizer: torch.optim.Optimizer,
    parameters: Sequence[Tensor],
    found: dict[int, dict[str, Any]],
    iterations: int,
) -> dict[str, Any]:
    template = optimizer.state_dict()
    groups = [{**group} for group in template["param_groups"]]
    groups[0]["iterations"] = iterations
    if "applied_lr" in groups[0]:
        groups[0]["applied_lr"] = groups[0]["lr"]
    places = {id(p): index for index, p in enumerate(optimizer.param_groups[0]["params"])}
    updates = iterations // (getattr(optimizer, "gradient_accumulation_steps", None) or 1)
    state: dict[int, dict[str, Any]] = {}
    for number, parameter in enumerate(parameters):
        values = {key: value / _scale(optimizer, key) for key, value in found[number].items()}
        if counts_per_weight(optimizer):
            values["step"] = torch.tensor(float(updates))
        if values:
            state[places[id(parameter)]] = values
    return {"state": state, "param_groups": groups}


def _scale(optimizer: torch.optim.Optimizer, key: str) -> float:
    """Return the factor from our state tensor to Keras's."""
    if key != "momentum_buffer" or not isinstance(optimizer, SGD):
        return 1.0
    # torch keeps the sum of gradients, Keras the velocity −lr · that sum.
    rate = optimizer.param_groups[0].get("applied_lr") or optimizer.param_groups[0]["lr"]
    return -float(rate) if rate else 1.0


def _find_unit(optimizer: torch.optim.Optimizer) -> float:
    """Return the factor from our sums of weighted gradients to Keras's, in which each counts alike."""
    steps = getattr(optimizer, "gradient_accumulation_steps", None)
    group = optimizer.param_groups[0]
    total = optimizer.state.get(group["params"][0], {}).get(TOTAL_WEIGHT)
    return group["iterations"] % steps / float(total) if steps and total else 1.0


def _follows_schedule(optimizer: torch.optim.Optimizer) -> bool:
    return getattr(optimizer, "_schedule", None) is not None
