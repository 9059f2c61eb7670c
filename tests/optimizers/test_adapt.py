"""Whatever compile may be given as an optimizer."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import keras
import pytest
import torch
from torch import Tensor

from kplug import optimizers
from kplug.errors import ContractError
from kplug.optimizers import (
    TorchOptimizerFactory,
    as_optimizer,
    build_optimizer,
    needs_closure,
    set_gradients,
    take_step,
)
from kplug.registry import resolve

_EXPECTED = (
    "\n  Give a name, a kplug or torch optimizer (class or instance), or a function of the parameters "
    "that returns a torch.optim.Optimizer."
)


def make_parameters() -> list[torch.nn.Parameter]:
    parameters = [torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(3))]
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    return parameters


def make_adam(lr: float = 0.25) -> optimizers.Adam:
    return optimizers.Adam(lr=lr)


def make_tuned(params: Any = None, lr: float = 0.25) -> torch.optim.SGD:
    return torch.optim.SGD(params, lr=lr)


ACCEPTED: list[tuple[object, type, float]] = [
    (torch.optim.AdamW, torch.optim.AdamW, 1e-3),
    (functools.partial(torch.optim.AdamW, lr=0.25), torch.optim.AdamW, 0.25),
    (lambda params: torch.optim.SGD(params, lr=0.25), torch.optim.SGD, 0.25),
    (lambda: optimizers.SGD(lr=0.25), optimizers.SGD, 0.25),
    (make_adam, optimizers.Adam, 0.25),
    (make_tuned, torch.optim.SGD, 0.25),
    (optimizers.Nadam, optimizers.Nadam, 0.002),
    (functools.partial(optimizers.SGD, lr=0.25), optimizers.SGD, 0.25),
    (optimizers.Adagrad(lr=0.25), optimizers.Adagrad, 0.25),
]


@pytest.mark.parametrize(("given", "expected", "rate"), ACCEPTED)
def test_what_is_accepted(given: object, expected: type, rate: float) -> None:
    parameters = make_parameters()
    optimizer = build_optimizer(given, iter(parameters))
    assert type(optimizer) is expected
    assert optimizer.param_groups[0]["lr"] == rate
    assert optimizer.param_groups[0]["params"] == parameters
    optimizer.step()
    assert parameters[0][0].item() < 1.0


def test_a_factory_makes_a_new_optimizer_each_time() -> None:
    factory = as_optimizer(torch.optim.AdamW)
    assert isinstance(factory, TorchOptimizerFactory)
    assert factory.build(make_parameters()) is not factory.build(make_parameters())


def test_an_instance_with_the_models_parameters_is_kept() -> None:
    parameters = make_parameters()
    optimizer = torch.optim.AdamW(parameters[:1])
    assert build_optimizer(optimizer, parameters) is optimizer


def test_an_instance_with_other_parameters_is_refused() -> None:
    own, other = make_parameters(), make_parameters()
    with pytest.raises(ContractError) as caught:
        build_optimizer(torch.optim.AdamW([*own, *other[:1]]), own)
    assert str(caught.value) == (
        "the optimizer AdamW was made for other parameters: 1 of its 3 are not among this model's 2, "
        "so training would not change the model\n  Make it after the model is built, from its "
        "parameters; or give the class or a factory, which gets the right ones: "
        "optimizer=functools.partial(torch.optim.AdamW, …)."
    )


REFUSED: list[tuple[object, str]] = [
    (torch.nn.Linear, "the class Linear is no torch.optim.Optimizer"),
    (3, "3 (an int) is no optimizer"),
    (None, "None (a NoneType) is no optimizer"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_is_refused(given: object, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        as_optimizer(given)
    assert str(caught.value) == message + _EXPECTED


def test_a_factory_of_something_else_is_refused() -> None:
    def make_nothing(params: Any) -> int:
        return 3

    with pytest.raises(ContractError) as caught:
        build_optimizer(make_nothing, make_parameters())
    assert str(caught.value) == (
        "make_nothing returned 3 (an int), not a torch.optim.Optimizer" + _EXPECTED
    )


def test_no_parameters_are_refused() -> None:
    with pytest.raises(ContractError, match="AdamW: there is nothing to train"):
        build_optimizer(torch.optim.AdamW, [])


NAMES = ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "nadam", "SGD", "RMSProp", "Adam"]
NAMES += ["adamax", "adamw", "lion", "lamb", "ftrl", "adafactor", "muon", "AdamW", "Ftrl"]


@pytest.mark.parametrize("name", NAMES)
def test_built_in_names(name: str) -> None:
    resolved = resolve("optimizer", name)
    assert resolved.component.qualified_name == f"kplug/{name.lower()}"
    assert isinstance(resolved.object, optimizers.Optimizer)


TORCH_NAMES = [
    ("adadelta", "Adadelta"),
    ("adafactor", "Adafactor"),
    ("adagrad", "Adagrad"),
    ("adam", "Adam"),
    ("adamax", "Adamax"),
    ("adamw", "AdamW"),
    ("asgd", "ASGD"),
    ("nadam", "NAdam"),
    ("radam", "RAdam"),
    ("rmsprop", "RMSprop"),
    ("rprop", "Rprop"),
    ("sgd", "SGD"),
]


@pytest.mark.parametrize(("name", "class_name"), TORCH_NAMES)
def test_torchs_own_by_qualified_name(name: str, class_name: str) -> None:
    resolved = resolve("optimizer", f"torch/{name}(lr=0.25)")
    optimizer = build_optimizer(resolved.object, make_parameters())
    assert type(optimizer) is getattr(torch.optim, class_name)
    assert optimizer.param_groups[0]["lr"] == 0.25
    assert resolved.component.origin.distribution == "torch"


def test_a_name_that_only_torch_has_needs_no_prefix() -> None:
    factory = optimizers.get("radam(weight_decay=0.1)")
    optimizer = build_optimizer(factory, make_parameters())
    assert type(optimizer) is torch.optim.RAdam
    assert optimizer.param_groups[0]["weight_decay"] == 0.1


@pytest.mark.parametrize("given", ["adam(learning_rate=0.25)", "adam(lr=0.25)", "sgd"])
def test_the_canonical_spec_makes_the_same_optimizer(given: str) -> None:
    resolved = resolve("optimizer", given)
    again = resolve("optimizer", str(resolved.spec))
    assert again.object.get_config() == resolved.object.get_config()


def test_get_keeps_an_instance() -> None:
    optimizer = optimizers.SGD()
    assert optimizers.get(optimizer) is optimizer


@pytest.mark.parametrize("make", [lambda *params: None, lambda **options: optimizers.SGD()])
def test_variadic_functions_are_called_as_they_are_written(make: Callable[..., Any]) -> None:
    factory = as_optimizer(make)
    assert isinstance(factory, TorchOptimizerFactory)
    if make():
        assert isinstance(factory.build(make_parameters()), optimizers.SGD)
    else:
        with pytest.raises(ContractError, match="returned None"):
            factory.build(make_parameters())


class Searching(torch.optim.SGD):
    """Wants the model in its step."""

    def step(self, model: Any, closure: Any = None) -> Any:  # type: ignore[override]
        return super().step(closure)


def test_an_optimizer_whose_step_needs_what_fit_lacks_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        build_optimizer(functools.partial(Searching, lr=0.1), make_parameters())
    assert str(caught.value) == (
        "the optimizer Searching cannot be used by fit: its step needs 'model'\n"
        "  Use one whose step takes no more than a closure, or write the loop yourself."
    )


class Twice(torch.optim.SGD):
    """Says that it computes the loss itself."""

    needs_closure = True

    def step(self, closure: Any = None) -> Any:
        closure()
        return super().step(closure)


@pytest.mark.parametrize("kind", [torch.optim.LBFGS, Twice])
def test_a_step_gets_the_closure_that_it_needs(kind: Callable[..., torch.optim.Optimizer]) -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = build_optimizer(functools.partial(kind, lr=0.25), [weight])
    assert needs_closure(optimizer)
    assert not needs_closure(torch.optim.SGD([weight], lr=0.1))
    calls = []

    def compute() -> Tensor:
        calls.append(weight.detach().clone())
        return set_gradients(optimizer, [weight], lambda weights: weights[0].square().sum())

    take_step(optimizer, compute)
    assert len(calls) > 1
    assert weight.abs().max() < 1.0


SERIALIZED: list[Any] = [
    optimizers.Lion(lr=0.25, weight_decay=0.5),
    optimizers.LossScaleOptimizer("adam(lr=0.25)"),
]


@pytest.mark.parametrize("optimizer", SERIALIZED)
def test_what_is_serialized_can_be_read(optimizer: Any) -> None:
    text = json.dumps(optimizers.serialize(optimizer))
    again = optimizers.deserialize(json.loads(text))
    assert optimizers.serialize(again) == optimizers.serialize(optimizer)


def test_kerass_own_dict_is_read() -> None:
    peer = keras.optimizers.AdamW(
        learning_rate=keras.optimizers.schedules.CosineDecay(0.5, 10), weight_decay=0.25
    )
    read = optimizers.deserialize(keras.optimizers.serialize(peer))
    assert isinstance(read, optimizers.AdamW)
    assert (read.lr, read.weight_decay) == (0.5, 0.25)


def test_torchs_own_cannot_be_serialized() -> None:
    with pytest.raises(ContractError, match="TorchOptimizerFactory cannot describe itself"):
        optimizers.serialize(optimizers.get("torch/radam"))


@pytest.mark.parametrize("pairs", [None, 3, [3], []])
def test_what_are_no_pairs_of_gradient_and_parameter_is_said(pairs: Any) -> None:
    with pytest.raises(
        ContractError, match="apply_gradients takes pairs of gradient and parameter, got"
    ):
        optimizers.Adam().apply_gradients(pairs)


@pytest.mark.parametrize("params", [None, 3])
def test_what_are_no_parameters_is_said(params: Any) -> None:
    with pytest.raises(ContractError, match="is built with a list of parameters, got"):
        optimizers.Adam().build(params)
