"""The state of random generators: torch's, and those of layers and components."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor

from kplug.backend.random import SeedGenerator
from kplug.errors import WeightsError
from kplug.registry import Resolved
from kplug.saving.protocols import CompilableModel

Generator: TypeAlias = "torch.Generator | SeedGenerator"

_GLOBAL, _CUDA = "torch", "cuda"


def collect_generators(model: CompilableModel) -> dict[str, Tensor]:
    """Return the state of every generator, by the path of its layer or component."""
    states = {_GLOBAL: torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        for index, state in enumerate(torch.cuda.get_rng_state_all()):
            states[f"{_CUDA}:{index}"] = state
    for name, generator in _list_generators(model):
        if isinstance(generator, SeedGenerator):
            states[name] = generator.state.clone()
        else:
            states[name] = generator.get_state()
    return states


def check_generators(states: Mapping[str, Any]) -> None:
    """Refuse values that are not states of random generators."""
    probe = torch.Generator()
    for name, state in states.items():
        if name.startswith(f"{_CUDA}:") or _is_of_seeds(state):
            continue
        try:
            probe.set_state(state)
        except (RuntimeError, TypeError) as error:
            raise WeightsError(f"the stored generator {name!r} cannot be read: {error}") from error


def apply_generators(model: CompilableModel, states: Mapping[str, Tensor]) -> None:
    """Restore the generators whose states are stored; do not change the others."""
    if _GLOBAL in states:
        torch.set_rng_state(states[_GLOBAL])
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            if f"{_CUDA}:{index}" in states:
                torch.cuda.set_rng_state(states[f"{_CUDA}:{index}"], index)
    for name, generator in _list_generators(model):
        if name not in states or isinstance(generator, SeedGenerator) != _is_of_seeds(states[name]):
            continue
        if isinstance(generator, SeedGenerator):
            generator.state.copy_(states[name])
        elif generator.device.type == "cpu":
            generator.set_state(states[name])


def _is_of_seeds(state: object) -> bool:
    """Return whether a state belongs to a ``SeedGenerator``: its seed and its number of calls."""
    return isinstance(state, Tensor) and state.dtype == torch.int64 and state.shape == (2,)


def _list_generators(model: CompilableModel) -> Iterator[tuple[str, Generator]]:
    """Yield the generators of the model's modules, their calls and components, each once, with paths."""
    seen: set[int] = set()
    for where, holder in _list_holders(model):
        for path, generator in _find_within(vars(holder)):
            if id(generator) not in seen:
                seen.add(id(generator))
                yield f"{where}/{path}", generator


def _list_holders(model: CompilableModel) -> Iterator[tuple[str, Any]]:
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
        if isinstance(part, (torch.Generator, SeedGenerator)):
            yield str(key), part
        # Containers may be cyclic.
        elif isinstance(part, (dict, list, tuple)) and all(part is not one for one in around):
            for path, generator in _find_within(part, around):
                yield f"{key}/{path}", generator
