"""The states of random generators: torch's, NumPy's, Python's, and those of layers, components and data."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from kplug.backend.random import SeedGenerator
from kplug.errors import WeightsError
from kplug.registry import Resolved
from kplug.training.model_protocol import TrainableModel

Generator: TypeAlias = (
    "torch.Generator | SeedGenerator | np.random.Generator | np.random.RandomState | random.Random"
)
States: TypeAlias = dict[str, Any]
"""The state of each generator by its place, as tensors, numbers, texts and containers of them."""

_KINDS = (
    torch.Generator,
    SeedGenerator,
    np.random.Generator,
    np.random.RandomState,
    random.Random,
)
_BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
_GLOBAL, _CUDA = "torch", "cuda"
_NUMPY, _PYTHON = "numpy", "python"


def collect_generators(model: TrainableModel) -> States:
    """Return the states of torch's generators and the model's, by the path of its layer or component."""
    states: States = {_GLOBAL: torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        for index, state in enumerate(torch.cuda.get_rng_state_all()):
            states[f"{_CUDA}:{index}"] = state
    return states | {name: _read(generator) for name, generator in _list_generators(model)}


def collect_python_generators() -> States:
    """Return the states of NumPy's and Python's global generators."""
    return {
        _NUMPY: _as_plain(np.random.get_state(legacy=False)),
        _PYTHON: _as_plain(random.getstate()),
    }


def collect_held_generators(holders: Iterable[object]) -> States:
    """Return the states of generators in the attributes of objects, such as a loader and its sampler."""
    return {name: _read(generator) for name, generator in _list_held(holders)}


def check_generators(states: Mapping[str, Any]) -> None:
    """Refuse values that are not states of random generators."""
    for name, state in states.items():
        if name.startswith(f"{_CUDA}:") or _is_of_seeds(state):
            continue
        try:
            _write(_make_probe(state), state)
        except (RuntimeError, TypeError, ValueError, LookupError, OverflowError) as error:
            raise WeightsError(f"the stored generator {name!r} cannot be read: {error}") from error


def apply_generators(
    model: TrainableModel, states: Mapping[str, Any], holders: Iterable[object] = ()
) -> None:
    """Restore the generators whose states are stored; do not change the others."""
    if _GLOBAL in states:
        torch.set_rng_state(states[_GLOBAL])
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            if f"{_CUDA}:{index}" in states:
                torch.cuda.set_rng_state(states[f"{_CUDA}:{index}"], index)
    if _NUMPY in states:
        np.random.set_state(states[_NUMPY])
    if _PYTHON in states:
        random.setstate(states[_PYTHON])
    for name, generator in (*_list_generators(model), *_list_held(holders)):
        if name in states and _fits(generator, states[name]):
            _write(generator, states[name])


def _fits(generator: Generator, state: object) -> bool:
    if isinstance(generator, torch.Generator) and generator.device.type != "cpu":
        return False
    probe = _make_probe(state)
    if isinstance(generator, np.random.Generator) and isinstance(probe, np.random.Generator):
        return type(generator.bit_generator) is type(probe.bit_generator)
    return isinstance(generator, type(probe))


def _make_probe(state: object) -> Generator:
    """Return a generator of the kind that a state is of."""
    if isinstance(state, Tensor):
        return SeedGenerator(0) if _is_of_seeds(state) else torch.Generator()
    if isinstance(state, tuple):
        return random.Random(0)  # noqa: S311 - no secret
    if isinstance(state, dict) and state.get("bit_generator") in _BIT_GENERATORS:
        if "has_gauss" in state:
            return np.random.RandomState(0)
        return np.random.Generator(getattr(np.random, state["bit_generator"])(0))
    raise TypeError("it is no generator's state")


def _is_of_seeds(state: object) -> bool:
    """Return whether a state belongs to a ``SeedGenerator``: its seed and its number of calls."""
    return isinstance(state, Tensor) and state.dtype == torch.int64 and state.shape == (2,)


def _read(generator: Generator) -> Any:
    if isinstance(generator, SeedGenerator):
        return generator.state.clone()
    if isinstance(generator, torch.Generator):
        return generator.get_state()
    if isinstance(generator, np.random.Generator):
        return _as_plain(generator.bit_generator.state)
    if isinstance(generator, np.random.RandomState):
        return _as_plain(generator.get_state(legacy=False))
    return _as_plain(generator.getstate())


def _write(generator: Generator, state: Any) -> None:
    if isinstance(generator, SeedGenerator):
        generator.state.copy_(state)
    elif isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, random.Random):
        generator.setstate(state)
    else:
        generator.set_state(state)


def _as_plain(state: Any) -> Any:
    """Return a state of NumPy's or Python's without arrays."""
    if isinstance(state, np.ndarray):
        return state.tolist()
    if isinstance(state, dict):
        return {name: _as_plain(value) for name, value in state.items()}
    return state


def _list_held(holders: Iterable[object]) -> Iterator[tuple[str, Generator]]:
    """Yield the generators in the attributes of objects, with paths."""
    for place, holder in enumerate(holders):
        for path, generator in _find_within(getattr(holder, "__dict__", {})):
            yield f"data/{place}/{path}", generator


def _list_generators(model: TrainableModel) -> Iterator[tuple[str, Generator]]:
    """Yield the generators of the model's modules, their calls and components, each once, with paths."""
    seen: set[int] = set()
    for where, holder in _list_holders(model):
        for path, generator in _find_within(vars(holder)):
            if id(generator) not in seen:
                seen.add(id(generator))
                yield f"{where}/{path}", generator


def _list_holders(model: TrainableModel) -> Iterator[tuple[str, Any]]:
    for place, module in enumerate(model.modules()):
        yield str(place), module
        for call, node in enumerate(getattr(module, "inbound_nodes", ())):
            yield f"{place}/{call}", node
        for name, slot in getattr(module, "slots", {}).items():
            yield from _list_components(f"{place}/{name}", slot.resolved)
    for filled in model.compiled.slots if model.compiled is not None else ():
        yield from _list_components(filled.slot, filled.resolved)
    if model.built_optimizer is not None:
        yield "built_optimizer", model.built_optimizer


def _list_components(where: str, resolved: Resolved | None) -> Iterator[tuple[str, Any]]:
    """Yield a component, the object that its adapter wraps, and its nested components."""
    if resolved is None:
        return
    parts = {where: resolved.object, f"{where}/source": resolved.source}
    yield from ((name, part) for name, part in parts.items() if hasattr(part, "__dict__"))
    for name, child in resolved.children.items():
        yield from _list_components(f"{where}/{name}", child)


def _find_within(
    container: Any, around: tuple[object, ...] = ()
) -> Iterator[tuple[str, Generator]]:
    """Yield the generators in nested dicts, lists and tuples, with their paths."""
    around = (*around, container)
    for key, part in container.items() if isinstance(container, dict) else enumerate(container):
        if isinstance(part, _KINDS):
            yield str(key), part
        # Containers may be cyclic.
        elif isinstance(part, (dict, list, tuple)) and all(part is not one for one in around):
            for path, generator in _find_within(part, around):
                yield f"{key}/{path}", generator
