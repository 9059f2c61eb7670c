"""Checks of optimizers: they minimise, and their state can be stored."""

from __future__ import annotations

import copy
import math
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kplug.layers import Dense
from kplug.models import Sequential, load_model
from kplug.optimizers import build_optimizer
from kplug_authoring.checks.common import BASIC
from kplug_authoring.checks.optimizer_groups import OF_GROUPS
from kplug_authoring.checks.optimizer_life import OF_LIFE
from kplug_authoring.checks.optimizer_steps import OF_STEPS
from kplug_authoring.checks.optimizer_tasks import (
    Function,
    advance,
    parabola,
    rosenbrock,
    start,
)
from kplug_authoring.checks.subject import (
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

# Suitable learning rates differ between rules, so several are tried, the default first.
_RATES = (None, 0.1, 0.01, 1.0, 0.001, 10.0, 100.0, 0.3, 0.03, 3.0, 0.0001)
_ROUNDS, _AT_ONCE = (50, 150, 800), 25  # steps, and the interval of checks
# Rounding of matrix decompositions, as in SOAP, depends on memory alignment.
_ROUNDING = 1e-5


def steps_of(subject: Subject, made: Any) -> list[Tensor]:  # noqa: ARG001 - as for other kinds
    """Return two weights after three steps of an optimizer."""
    parameters = start()
    with seeded(1):
        optimizer = build_optimizer(copy.deepcopy(made), parameters)
        advance(optimizer, parameters, parabola, 3)
    return [parameter.detach().clone() for parameter in parameters]


def _minimises(
    function: Function, begin: Callable[[], list[Tensor]], share: float
) -> Callable[[Subject], Finding]:
    def find(subject: Subject) -> Finding:
        with torch.no_grad():
            first = float(function(begin()))
        runs = [_Run(subject, *each, begin()) for each in _rates(subject)]
        # A few steps at each rate, then more: some rate suits soon, and the default may be slow.
        for count in _ROUNDS:
            for run in runs:
                if run.falls_below(share * first, function, count):
                    return None
        return f"from {first:.3g} to {', '.join(map(str, runs))}"

    return find


class _Run:
    """An optimization run at one learning rate."""

    def __init__(
        self, subject: Subject, rate: float | None, arguments: dict[str, Any], begun: list[Tensor]
    ) -> None:
        self.rate, self.parameters, self.last = rate, begun, math.inf
        self.optimizer = build_optimizer(subject.make(**arguments), self.parameters)

    def falls_below(self, limit: float, function: Function, count: int) -> bool:
        """Make up to ``count`` steps until the function is below a limit; none after divergence."""
        for _ in range(0 if math.isnan(self.last) else count // _AT_ONCE):
            self.last = advance(self.optimizer, self.parameters, function, _AT_ONCE)
            if self.last <= limit:
                return True
        return False

    def __str__(self) -> str:
        return f"{self.last:.3g} at {'its own rate' if self.rate is None else f'rate {self.rate}'}"


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
        parameters = start(dtype)
        optimizer = build_optimizer(subject.make(), parameters)
        advance(optimizer, parameters, parabola, 3)
        for parameter in parameters:
            if parameter.dtype is not dtype or not is_finite(parameter):
                return f"{parameter.dtype}, {shown(parameter)} for weights of {dtype}"
    return None


@check(
    "a state that can be saved, loaded and gone on from, within rounding",
    "Keep everything that changes in self.state[parameter] or in the parameter groups.",
)
def _state_dict(subject: Subject) -> Finding:
    parameters = start(torch.float32)
    optimizer = build_optimizer(subject.make(), parameters)
    advance(optimizer, parameters, parabola, 4)
    twins = [parameter.detach().clone().requires_grad_() for parameter in parameters]
    other = build_optimizer(subject.make(), twins)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    difference = find_difference(_state(other.state_dict()), _state(optimizer.state_dict()))
    if difference:
        return f"the loaded state and the saved one: {difference}"
    for one, its_own in ((optimizer, parameters), (other, twins)):
        with seeded(1):
            advance(one, its_own, parabola, 4)
    difference = find_difference(parameters, twins, _ROUNDING)
    return difference and f"after four further steps of both: {difference}"


def _state(stored: Any) -> list[Tensor]:
    state = stored.get("state", stored)  # a wrapper may have its own format
    return [leaf for _, entry in sorted(state.items(), key=str) for leaf in leaves(entry)]


@check("a weight without a gradient left as it is", "Skip parameters whose grad is None.")
def _missing_gradient(subject: Subject) -> Finding:
    parameters = start()
    before = parameters[1].detach().clone()
    optimizer = build_optimizer(subject.make(), parameters)
    with warnings.catch_warnings():  # a missing state may cause a warning
        warnings.simplefilter("ignore")
        advance(optimizer, parameters, lambda all_of_them: parabola(all_of_them[:1]), 2)
    return find_difference(before, parameters[1])


@check(
    "a model that was compiled with it can be saved, loaded and trained on, within rounding",
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
            difference = find_difference(_train(model), _train(again), _ROUNDING)
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
    return float(model.optimizer.param_groups[0].get("lr", 0.0))  # some rules have no rate


def _train(model: Any) -> list[Tensor]:
    inputs = torch.linspace(-1.0, 1.0, 12).reshape(4, 3)
    # Without a seed: the file has the generator's state.
    model.fit(inputs, inputs[:, :2].square(), batch_size=2, shuffle=False, verbose=0)
    return [torch.as_tensor(weight) for weight in model.get_weights()]


_PARABOLA = Check(
    "parabola",
    "a sum of squares that falls below a hundredth at some learning rate from 0.0001 to 100",
    "Look at the sign of the update and at what it is divided by.",
    _minimises(parabola, start, 0.01),
)
_ROSENBROCK = Check(
    "rosenbrock",
    "Rosenbrock's function from (-0.5, 1) below a quarter at some learning rate from 0.0001 to 100",
    "Look at the moving averages and their bias correction.",
    _minimises(
        rosenbrock,
        lambda: [torch.tensor([[-0.5, 1.0]], dtype=torch.float64, requires_grad=True)],
        0.25,
    ),
)


OPTIMIZER = Suite(
    steps_of,
    (
        *BASIC,
        _PARABOLA,
        _ROSENBROCK,
        _dtype,
        _state_dict,
        _file,
        _missing_gradient,
        *OF_GROUPS,
        *OF_STEPS,
        *OF_LIFE,
    ),
)
