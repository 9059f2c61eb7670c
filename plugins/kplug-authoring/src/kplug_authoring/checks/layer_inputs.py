"""Inputs with which the checks call layers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kplug.errors import KplugWarning
from kplug_authoring.checks.subject import Subject, UnsuitableInputsError, is_finite, leaves, seeded

_SAMPLES = 4


def calls_of(subject: Subject) -> tuple[Any, ...]:
    """Return the arguments of a layer's call: the example's, or the first default ones that it accepts.

    Raises:
        UnsuitableInputsError: if it accepts none.
    """
    if "calls" not in subject.__dict__:
        subject.__dict__["calls"] = _find_calls(subject)
    found: tuple[Any, ...] = subject.__dict__["calls"]
    return found


def _find_calls(subject: Subject) -> tuple[Any, ...]:
    given = subject.given_inputs
    if given is not None:
        return tuple(_as_tensors(value) for value in given)
    problem = "the values are not finite"
    for inputs in usual_calls():
        try:
            with torch.no_grad(), seeded(99), warnings.catch_warnings():
                warnings.simplefilter("ignore", KplugWarning)
                made = leaves(subject.make()(*fill(inputs, torch.clone)))
            if made and all(is_finite(value) for value in made):
                return inputs
        except Exception as error:  # noqa: BLE001 - foreign code refuses in any way
            problem = f"{type(error).__name__}: {error}"
    raise UnsuitableInputsError(problem)


def usual_calls() -> list[tuple[Any, ...]]:
    """Return rows, sequences, images, volumes; two of them in a list; class ids; cells with states."""
    chance = torch.Generator().manual_seed(1234)

    def normal(*shape: int) -> Tensor:
        return torch.randn((_SAMPLES, *shape), generator=chance)

    rows, sequences, images = normal(5), normal(6, 5), normal(8, 8, 3)
    volumes, ids = normal(6, 6, 6, 2), torch.tensor([[0, 2, 1], [1, 1, 0], [2, 0, 1], [0, 1, 2]])
    alone = [(rows,), (sequences,), (images,), (volumes,)]
    pairs = [([sequences, normal(6, 5)],), ([rows, normal(5)],)]
    states = [(rows, [normal(size)] * count) for size in (4, 3) for count in (1, 2)]
    return [*alone, *pairs, (ids,), (sequences, normal(6, 5)), *states]


def fill(value: Any, replace: Callable[[Tensor], Any]) -> Any:
    """Return nested lists and tuples with each tensor replaced."""
    if isinstance(value, Tensor):
        return replace(value)
    return type(value)(fill(item, replace) for item in value)


def first_rows(inputs: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """Return the first samples of each input."""
    rows: tuple[Any, ...] = fill(inputs, lambda value: value[:count])
    return rows


def _as_tensors(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and isinstance(value[0], (Tensor, list)):
        return [_as_tensors(item) for item in value]
    return torch.as_tensor(value)
