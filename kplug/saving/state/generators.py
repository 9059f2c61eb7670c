"""The random generators that training draws from: torch's own, and those of seeded layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from kplug.errors import WeightsError
from kplug.saving.protocols import LayeredModel

_GLOBAL, _CUDA = "torch", "cuda"


def collect_generators(model: LayeredModel) -> dict[str, Tensor]:
    """Return the state of every generator, by the place of the layer that has it."""
    states = {_GLOBAL: torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        for index, state in enumerate(torch.cuda.get_rng_state_all()):
            states[f"{_CUDA}:{index}"] = state
    for name, generator in _list_generators(model):
        states[name] = generator.get_state()
    return states


def check_generators(states: Mapping[str, Any]) -> None:
    """Refuse states that are none of a random generator."""
    probe = torch.Generator()
    for name, state in states.items():
        if name.startswith(f"{_CUDA}:"):
            continue
        try:
            probe.set_state(state)
        except (RuntimeError, TypeError) as error:
            raise WeightsError(f"the stored generator {name!r} cannot be read: {error}") from error


def apply_generators(model: LayeredModel, states: Mapping[str, Tensor]) -> None:
    """Restore the generators whose states are stored; leave the others as they are."""
    if _GLOBAL in states:
        torch.set_rng_state(states[_GLOBAL])
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            if f"{_CUDA}:{index}" in states:
                torch.cuda.set_rng_state(states[f"{_CUDA}:{index}"], index)
    for name, generator in _list_generators(model):
        if name in states and generator.device.type == "cpu":
            generator.set_state(states[name])


def _list_generators(model: LayeredModel) -> Iterator[tuple[str, torch.Generator]]:
    """Yield the generators that are attributes of the model's modules, each once."""
    seen: set[int] = set()
    for place, module in enumerate(model.modules()):
        for attribute, value in vars(module).items():
            if isinstance(value, torch.Generator) and id(value) not in seen:
                seen.add(id(value))
                yield f"{place}/{attribute}", value
