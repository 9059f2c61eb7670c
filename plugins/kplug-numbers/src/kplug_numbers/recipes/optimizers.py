"""The recipe of optimizers: weights after steps, and the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from kplug.optimizers import build_optimizer, set_gradients, take_step
from kplug_numbers.recipes.inputs import spread, with_strides
from kplug_numbers.recipes.recorder import Recorder

STEPS = 10  # in all
_SHOWN = (1, 2, 3, STEPS)


def record_optimizer(out: Recorder) -> None:
    """Record an optimizer of a sum of squares of two weights."""
    out.attempt("float64", lambda: _steps(out.make(), begin(), _SHOWN))
    out.attempt("float32", lambda: _steps(out.make(), begin(torch.float32), (3,)))
    out.attempt("state", lambda: _state(out.make()))
    out.attempt("large", lambda: _steps(out.make(), begin(), (2,), scale=1e6))
    out.attempt("zeros", lambda: _steps(out.make(), begin(), (2,), scale=0.0))
    out.attempt("without_gradient", lambda: _late(out.make()))
    out.attempt("strided", lambda: _strided(out))
    out.attempt("groups", lambda: _groups(out.make()))


def begin(dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Return the two weights as they are before a step."""
    matrix, vector = spread("optimizer/matrix", 2, 3), spread("optimizer/vector", 2)
    return [
        matrix.to(dtype, copy=True).requires_grad_(),
        vector.to(dtype, copy=True).requires_grad_(),
    ]


def advance(
    optimizer: Any, parameters: list[Tensor], count: int, scale: float = 1.0, first: int = 0
) -> None:
    """Make steps on a sum of squares with a factor and a minimum of each weight of its own."""
    streams = (("optimizer/factor", 6), ("optimizer/other", 2))
    factors = [
        spread(stream, size, low=0.5, high=2.0).to(weight.dtype).reshape(weight.shape)
        for (stream, size), weight in zip(streams, parameters, strict=True)
    ]

    def function(weights: list[Tensor]) -> Tensor:
        terms = [
            (factor * (weight - 0.25).square()).sum()
            for weight, factor in list(zip(weights, factors, strict=True))[first:]
        ]
        return scale * torch.stack(terms).sum()

    for _ in range(count):
        take_step(optimizer, lambda: set_gradients(optimizer, parameters, function))


def join(parameters: list[Tensor]) -> Tensor:
    """Return the values of weights, one after the other."""
    return torch.cat([parameter.detach().clone().flatten() for parameter in parameters])


def _steps(
    made: Any, parameters: list[Tensor], steps: tuple[int, ...], scale: float = 1.0
) -> dict[str, Tensor]:
    optimizer = build_optimizer(made, parameters)
    found, done = {}, 0
    for step in steps:
        advance(optimizer, parameters, step - done, scale)
        found[f"step_{step}"], done = join(parameters), step
    return found


def _state(made: Any) -> dict[str, Any]:
    parameters = begin()
    optimizer = build_optimizer(made, parameters)
    advance(optimizer, parameters, 3)
    entries = [optimizer.state.get(parameter, {}) for parameter in parameters]
    return {
        str(key): _find_state(key, entries)
        for key in sorted({k for e in entries for k in e}, key=str)
    }


def _find_state(key: Any, entries: list[Mapping[Any, Any]]) -> Any:
    """Return what the weights have under a key: the tensors of all joined, else the first alone."""
    values = [entry[key] for entry in entries if key in entry]
    if (
        all(isinstance(value, Tensor) for value in values)
        and len({one.dtype for one in values}) == 1
    ):
        return join(values)
    return values[0]


def _late(made: Any) -> dict[str, Tensor]:
    """Leave the first weight without a gradient at first."""
    parameters = begin()
    optimizer = build_optimizer(made, parameters)
    advance(optimizer, parameters, 2, first=1)
    early = join(parameters)
    advance(optimizer, parameters, 2)
    return {"early": early, "late": join(parameters)}


def _strided(out: Recorder) -> dict[str, bool]:
    plain, other = begin(), [with_strides(one.detach()).requires_grad_() for one in begin()]
    for parameters in (plain, other):
        advance(build_optimizer(out.make(), parameters), parameters, 3)
    return {"same": torch.allclose(join(plain), join(other), 1e-9, 1e-9)}


def _groups(made: Any) -> dict[str, Tensor]:
    """Give the second weight a learning rate of its own."""
    parameters = begin()
    optimizer = build_optimizer(made, parameters)
    first = optimizer.param_groups[0]
    rest = {key: value for key, value in first.items() if key != "params"}
    first["params"] = parameters[:1]
    optimizer.param_groups.append({**rest, "params": parameters[1:], "lr": 0.125})
    advance(optimizer, parameters, 2)
    return {"weights": join(parameters)}
