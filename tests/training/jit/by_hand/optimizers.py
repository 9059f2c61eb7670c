"""Reference optimizers for training loops written by hand.

kplug's optimizers follow a formula in NumPy. For torch's own, torch's step is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

import kplug
from kplug.registry import REGISTRY, Component, get_kind

from .updates import Formula, Rule, clip_each, clip_together, clip_values

_MOMENTUM = {"lr": 0.05, "momentum": 0.9, "decay": 0.0, "nesterov": False}
_SGD = {**_MOMENTUM, "momentum": 0.0}
_BETAS = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
_ADAM = {"lr": 0.001, **_BETAS, "decay": 0.0, "amsgrad": False}
_NADAM = {"lr": 0.002, **_BETAS}
_RMSPROP = {"lr": 0.001, "rho": 0.9, "epsilon": 1e-7, "decay": 0.0}
_ADAGRAD = {"lr": 0.01, "epsilon": 1e-7, "decay": 0.01}
_FTRL = {
    "lr": 0.1,
    "learning_rate_power": -0.5,
    "initial_accumulator_value": 0.1,
    "l1_regularization_strength": 0.0,
    "l2_regularization_strength": 0.0,
    "l2_shrinkage_regularization_strength": 0.0,
    "beta": 0.1,
}
_ADAFACTOR = {"lr": 0.001, "beta_2_decay": -0.8, "epsilon_1": 1e-30, "epsilon_2": 1e-3}
_MUON = {"lr": 0.02, "momentum": 0.95, "nesterov": True, "ns_steps": 5}
_DECAYS = {"weight_decay": 0.004, "adam_weight_decay": 0.004}
_BY_NAME = {
    "default_optimizer": "sgd(lr=0.05, momentum=0.9)",
    "optimizer_map": {".*bias": "adam"},
}
_FREE = {"lr": 0.0025, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "warmup_steps": 20}

RULES = {
    "sgd(lr=0.05, momentum=0.9, nesterov=True, decay=0.01)": Rule(
        "sgd", {**_MOMENTUM, "decay": 0.01, "nesterov": True}
    ),
    "sgd(lr=0.05)": Rule("sgd", _SGD),
    "sgd(lr=0.05, momentum=0.9)": Rule("sgd", _MOMENTUM),
    "rmsprop(lr='exponential_decay(0.01, 5, 0.9)', clipnorm=0.1)": Rule(
        "rmsprop",
        {**_RMSPROP, "lr": 0.01},
        clip=clip_each(0.1),
        rate=lambda step: 0.9 ** (step / 5),
    ),
    "rmsprop": Rule("rmsprop", _RMSPROP),
    "adagrad(decay=0.01)": Rule("adagrad", _ADAGRAD),
    "adadelta": Rule("adadelta", {"lr": 1.0, "rho": 0.95, "epsilon": 1e-7, "decay": 0.0}),
    "adam": Rule("adam", _ADAM),
    "adam(beta_2=0.9, amsgrad=True, decay=0.01)": Rule(
        "adam", {**_ADAM, "beta_2": 0.9, "amsgrad": True, "decay": 0.01}
    ),
    "adamax": Rule("adamax", {"lr": 0.002, **_BETAS}),
    "nadam": Rule("nadam", {**_NADAM, "schedule_decay": 0.004}),
    "nadam(schedule_decay=1.0)": Rule("nadam", {**_NADAM, "schedule_decay": 1.0}),
    "adamw(weight_decay=0.1)": Rule("adamw", {"lr": 0.001, "weight_decay": 0.1, **_BETAS}),
    "lion(lr=0.001)": Rule("lion", {"lr": 0.001, "beta_1": 0.9, "beta_2": 0.99}),
    "lamb": Rule("lamb", {"lr": 0.001, **_BETAS}),
    "ftrl(lr=0.1, beta=0.1)": Rule("ftrl", _FTRL),
    "adafactor": Rule("adafactor", {**_ADAFACTOR, "clip_threshold": 1.0}),
    "muon(lr=0.02)": Rule("muon", {**_MUON, **_DECAYS}),
    "schedule_free_adamw(warmup_steps=20)": Rule("schedule_free", _FREE),
    # A power of two, which changes no digit.
    "loss_scale_optimizer('adam', initial_scale=64.0, dynamic_growth_steps=5)": Rule("adam", _ADAM),
    # The first few steps have gradients that float32 does not have, and are undone.
    "loss_scale_optimizer('sgd(lr=0.05, momentum=0.9)', initial_scale=1e40)": Rule(
        "sgd", _MOMENTUM, scale=1e40
    ),
    f"multi_optimizer({_BY_NAME})": Rule("sgd", _MOMENTUM, biases=Rule("adam", _ADAM)),
    "adam(clipnorm=0.1)": Rule("adam", _ADAM, clip=clip_each(0.1)),
    "sgd(lr=0.05, clipvalue=0.01)": Rule("sgd", _SGD, clip=clip_values(0.01)),
    "sgd(lr=0.05, global_clipnorm=0.1)": Rule("sgd", _SGD, clip=clip_together(0.1)),
    "adam(use_ema=True, ema_momentum=0.9)": Rule("adam", _ADAM, average=0.9),
    "adam(use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=7)": Rule(
        "adam", _ADAM, average=0.9, overwrite=7
    ),
    "adam(gradient_accumulation_steps=4)": Rule("adam", _ADAM, every=4),
    "adam(loss_scale_factor=8.0, weight_decay=0.01)": Rule(
        "adamw", {"lr": 0.001, "weight_decay": 0.01, **_BETAS}
    ),
}
# Arguments for torch's own; others are tried as they are.
OF_TORCH: dict[str, dict[str, Any]] = {
    "adagrad": {"lr": 0.05},
    "adamw": {"lr": 0.01},
    "rmsprop": {"lr": 0.01},
    "sgd": {"lr": 0.05, "momentum": 0.9},
}
# They read their count of steps.
EAGER = ("torch/adafactor", "torch/asgd", "torch/radam")


class Stepper:
    """Updates weights by an optimizer that has their gradients in ``grad``."""

    def __init__(self, network: nn.Module, optimizer: Any) -> None:
        self.weights, self.optimizer = list(network.parameters()), optimizer

    def __call__(self, gradients: Sequence[Tensor], rows: int) -> None:
        """Make one step."""
        for weight, gradient in zip(self.weights, gradients, strict=True):
            weight.grad = gradient
        self.optimizer.step()

    def finish(self) -> None:
        """There is nothing left to do."""


@dataclass(frozen=True)
class OptimizerCase:
    """An optimizer, as given to ``compile``, and its steps by hand.

    Args:
        text: The optimizer.
        make_update: Makes what updates a network's weights by hand.
        is_eager: Whether its step reads numbers of tensors, so that compiling ends with a warning.
    """

    text: str
    make_update: Callable[[nn.Module], Formula | Stepper]
    is_eager: bool = False

    @property
    def name(self) -> str:
        """Its name, without arguments."""
        return self.text.partition("(")[0]

    def __str__(self) -> str:
        return self.text


def _find_cases() -> list[OptimizerCase]:
    """Return a case, or several, for each optimizer that comes with kplug."""
    cases: list[OptimizerCase] = []
    for component in REGISTRY.components(get_kind("optimizer")):
        name, origin = component.name, component.origin.distribution
        texts = [text for text in RULES if text.partition("(")[0] == name]
        if origin == "torch":
            cases.append(_of_torch(component))
        elif origin == "kplug":
            cases += [_of_rule(text) for text in texts] or [_of_itself(name)]
    return cases


def _of_rule(text: str) -> OptimizerCase:
    return OptimizerCase(text, lambda network: Formula(RULES[text], network))


def _of_torch(component: Component) -> OptimizerCase:
    kind, arguments = REGISTRY.load(component), OF_TORCH.get(component.name, {})
    written = ", ".join(f"{key}={value}" for key, value in arguments.items())
    return OptimizerCase(
        component.qualified_name + (f"({written})" if written else ""),
        lambda network: Stepper(network, kind(network.parameters(), **arguments)),
        is_eager=component.qualified_name in EAGER,
    )


def _of_itself(name: str) -> OptimizerCase:
    """Return the case of an optimizer without a formula: a loop that calls its own step."""

    def make(network: nn.Module) -> Stepper:
        optimizer: Any = kplug.optimizers.get(name)
        return Stepper(network, optimizer.build(network.named_parameters()))

    return OptimizerCase(name, make)


OPTIMIZERS = _find_cases()
