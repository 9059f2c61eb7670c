"""Checks of optimizers: that they minimise, and that their state can be stored."""

from __future__ import annotations

import copy
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kplug.layers import Dense
from kplug.models import Sequential
from kplug.models.loading import load_model
from kplug.optimizers.adapt import build_optimizer, differentiate, needs_gradient_graph
from kplug.testing.checks.common import COMMON
from kplug.testing.checks.optimizer_groups import OF_GROUPS
from kplug.testing.checks.subject import (
    Check,
    Finding,
    Subject,
    Suite,
    check,
    find_difference,
    is_finite,
    leaves,
    seeded,
    shown,
)

Function = Callable[[list[Tensor]], Tensor]

# Learning rates are in units that differ from rule to rule, so several are tried, the default first.
_RATES = (None, 0.1, 0.01, 1.0, 0.001, 10.0, 100.0, 0.3, 0.03, 3.0, 0.0001)
_STEPS = 400


def steps_of(subject: Subject, made: Any) -> list[Tensor]:  # noqa: ARG001 - as for other kinds
    """Return where an optimizer takes two weights in three steps."""
    parameters = _start()
    with seeded(1):
        optimizer = build_optimizer(copy.deepcopy(made), parameters)
        _advance(optimizer, parameters, _parabola, 3)
    return [parameter.detach().clone() for parameter in parameters]


def _start(dtype: torch.dtype = torch.float64) -> list[Tensor]:
    matrix = torch.linspace(-1.0, 1.0, 6, dtype=torch.float64).reshape(2, 3)
    vector = torch.tensor([0.7, -0.4], dtype=torch.float64)
    return [value.to(dtype).requires_grad_() for value in (matrix, vector)]


def _parabola(parameters: list[Tensor]) -> Tensor:
    """Return a sum of squares with its minimum, 0, where every weight is 0.3."""
    return torch.stack([(parameter - 0.3).square().sum() for parameter in parameters]).sum()


def _rosenbrock(parameters: list[Tensor]) -> Tensor:
    """Return the function of the curved valley, whose minimum, 0, is at (1, 1)."""
    x, y = parameters[0].flatten()
    value: Tensor = (1.0 - x).square() + 100.0 * (y - x.square()).square()
    return value


def _advance(optimizer: Any, parameters: list[Tensor], function: Function, count: int) -> float:
    """Make steps and return the function's value after them."""
    for _ in range(count):
        _differentiate(optimizer, parameters, function)
        optimizer.step()
    with torch.no_grad():
        return float(function(parameters))


def _differentiate(optimizer: Any, parameters: list[Tensor], function: Function) -> None:
    scale = getattr(optimizer, "scale_loss", lambda value: value)
    for parameter in parameters:
        parameter.grad = None
    keeps_graph = needs_gradient_graph(optimizer)
    differentiate(scale(function(parameters)), parameters, keep_graph=keeps_graph)


def _minimises(
    function: Function, start: Callable[[], list[Tensor]], share: float
) -> Callable[[Subject], Finding]:
    def find(subject: Subject) -> Finding:
        results = []
        for rate, arguments in _rates(subject):
            parameters = start()
            with torch.no_grad():
                first = float(function(parameters))
            optimizer = build_optimizer(subject.make(**arguments), parameters)
            for _ in range(5):
                last = _advance(optimizer, parameters, function, _STEPS // 2)
                if last <= share * first:
                    return None
            results.append(f"{last:.3g} at {'its own rate' if rate is None else f'rate {rate}'}")
        return f"from {first:.3g} to {', '.join(results)}"

    return find


def _rates(subject: Subject) -> Iterator[tuple[float | None, dict[str, float]]]:
    names = [name for name in ("lr", "learning_rate") if name in subject.parameters]
    yield None, {}
    if names and not {"lr", "learning_rate"} & subject.example.arguments.keys():
        for rate in _RATES[1:]:
            yield rate, {names[0]: rate}


@check(
    "weights that stay finite and in their type: float32, float64, bfloat16",
    "Make state with torch.zeros_like(parameter).",
)
def _dtype(subject: Subject) -> Finding:
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        parameters = _start(dtype)
        optimizer = build_optimizer(subject.make(), parameters)
        _advance(optimizer, parameters, _parabola, 3)
        for parameter in parameters:
            if parameter.dtype is not dtype or not is_finite(parameter):
                return f"{parameter.dtype}, {shown(parameter)} for weights of {dtype}"
    return None


@check(
    "a state that can be saved, loaded and gone on from, bit by bit",
    "Keep everything that changes in self.state[parameter] or in the parameter groups.",
)
def _state_dict(subject: Subject) -> Finding:
    parameters = _start(torch.float32)
    optimizer = build_optimizer(subject.make(), parameters)
    _advance(optimizer, parameters, _parabola, 4)
    twins = [parameter.detach().clone().requires_grad_() for parameter in parameters]
    other = build_optimizer(subject.make(), twins)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    difference = find_difference(_state(other.state_dict()), _state(optimizer.state_dict()))
    if difference:
        return f"the loaded state and the saved one: {difference}"
    for one, its_own in ((optimizer, parameters), (other, twins)):
        with seeded(1):
            _advance(one, its_own, _parabola, 4)
    difference = find_difference(parameters, twins)
    return difference and f"after four further steps of both: {difference}"


def _state(stored: Any) -> list[Tensor]:
    state = stored.get("state", stored)  # a wrapper may store in a form of its own
    return [leaf for _, entry in sorted(state.items(), key=str) for leaf in leaves(entry)]


@check("gradients that are as before after the step", "Use grad.add, not grad.add_.")
def _inputs(subject: Subject) -> Finding:
    parameters = _start()
    optimizer = build_optimizer(subject.make(), parameters)
    _differentiate(optimizer, parameters, _parabola)
    before = [parameter.grad.clone() for parameter in parameters if parameter.grad is not None]
    optimizer.step()
    return find_difference(before, [parameter.grad for parameter in parameters])


@check("a weight without a gradient left as it is", "Skip parameters whose grad is None.")
def _missing_gradient(subject: Subject) -> Finding:
    parameters = _start()
    before = parameters[1].detach().clone()
    optimizer = build_optimizer(subject.make(), parameters)
    with warnings.catch_warnings():  # an optimizer may say that one is missing
        warnings.simplefilter("ignore")
        _advance(optimizer, parameters, lambda all_of_them: _parabola(all_of_them[:1]), 2)
    return find_difference(before, parameters[1])


@check(
    "a model that was compiled with it can be saved, loaded and trained on, bit by bit",
    "from_config gets what get_config returned, but as Keras spells it: learning_rate, not lr. Return "
    "every argument from get_config; keep all that changes in self.state or in the parameter groups.",
)
def _file(subject: Subject) -> Finding:
    with tempfile.TemporaryDirectory() as folder:
        for extension in (".keras", ".h5"):
            model, path = _make_model(subject), Path(folder, f"model{extension}")
            model.save(path)
            again = load_model(path)
            difference = find_difference(_rate(model), _rate(again))
            if difference:
                return f"learning rates of the saved model and of the loaded one: {difference}"
            difference = find_difference(_train(model), _train(again))
            if difference:
                return f"weights after two further steps of both: {difference}"
    return None


def _make_model(subject: Subject) -> Sequential:
    with seeded(1):
        model = Sequential([Dense(2, input_dim=3)])
        model.compile(subject.resolve(), "kplug/mse")
        _train(model)
    return model


def _rate(model: Any) -> float:
    return float(model.optimizer.param_groups[0].get("lr", 0.0))  # a rule may have none


def _train(model: Any) -> list[Tensor]:
    inputs = torch.linspace(-1.0, 1.0, 12).reshape(4, 3)
    # Without a seed: what the next draw is comes from the file.
    model.fit(inputs, inputs[:, :2].square(), batch_size=2, shuffle=False, verbose=0)
    return [torch.as_tensor(weight) for weight in model.get_weights()]


_PARABOLA = Check(
    "parabola",
    "a sum of squares that falls below a hundredth at some learning rate from 0.0001 to 100",
    "Look at the sign of the update and at what it is divided by.",
    _minimises(_parabola, _start, 0.01),
)
_ROSENBROCK = Check(
    "rosenbrock",
    "Rosenbrock's function from (-0.5, 1) below a quarter at some learning rate from 0.0001 to 100",
    "Look at the moving averages and their bias correction.",
    _minimises(
        _rosenbrock,
        lambda: [torch.tensor([[-0.5, 1.0]], dtype=torch.float64, requires_grad=True)],
        0.25,
    ),
)


OPTIMIZER = Suite(
    steps_of,
    (
        *COMMON,
        _PARABOLA,
        _ROSENBROCK,
        _dtype,
        _state_dict,
        _file,
        _inputs,
        _missing_gradient,
        *OF_GROUPS,
    ),
)
