"""Regularizers and constraints of any module, by patterns over the names of its weights."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import kplug
from kplug import penalize
from kplug.errors import ArgumentValueError, ContractError, ResolutionError


def make_network() -> Any:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1))


def expected_penalty(network: nn.Module, factor: float = 0.5) -> Tensor:
    weights = [each for name, each in network.named_parameters() if name.endswith("weight")]
    return torch.stack([factor * weight.abs().sum() for weight in weights]).sum()


def test_the_value_is_that_of_the_formula_and_has_its_gradient() -> None:
    network = make_network()
    rules = penalize(network, {"*.weight": "l1(0.5)"})
    value = rules()
    torch.testing.assert_close(value, expected_penalty(network))
    value.backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(network[0].weight.grad, 0.5 * network[0].weight.sign())
    assert network[0].bias.grad is None


def test_constraints_apply_to_the_present_weights() -> None:
    network = make_network()
    rules = penalize(network, constraints={"0.weight": "non_neg", "2.*": "max_norm(0.25)"})
    bias = network[0].bias.detach().clone()
    rules.constrain()
    assert network[0].weight.min() >= 0.0
    assert network[2].weight.norm(dim=0).max() <= 0.25 + 1e-6
    assert torch.equal(network[0].bias, bias)
    assert rules().item() == 0.0  # no regularizers


def test_an_optimizers_hook_applies_the_constraints() -> None:
    network = make_network()
    rules = penalize(network, constraints={"*.weight": "non_neg"})
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    optimizer.register_step_post_hook(rules.constrain)
    network(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    assert min(network[0].weight.min(), network[2].weight.min()) >= 0.0


def test_a_frozen_weight_has_no_rules() -> None:
    network = make_network()
    rules = penalize(network, {"*.weight": "l1(0.5)"}, {"*.weight": "non_neg"})
    network.requires_grad_(False)
    before = network[0].weight.clone()
    rules.constrain()
    assert rules().item() == 0.0
    assert torch.equal(network[0].weight, before)


def by_hand(network: Any, inputs: Tensor, targets: Tensor, steps: int) -> list[Tensor]:
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (network(inputs) - targets).square().mean()
        (loss + expected_penalty(network, 0.01)).backward()
        optimizer.step()
        with torch.no_grad():
            network[0].weight.clamp_(min=0.0)
    return [each.detach() for each in network.parameters()]


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_fit_adds_the_penalty_and_applies_the_constraint(jit_compile: bool) -> None:
    inputs, targets = torch.randn(8, 4), torch.randn(8, 1)
    ours, theirs = make_network(), make_network()
    penalize(ours, {"*.weight": "l1(0.01)"}, {"0.weight": "non_neg"})
    model = kplug.Sequential([ours])
    model.compile("sgd(lr=0.1)", "mse", device="cpu", jit_compile=jit_compile)
    first = expected_penalty(ours, 0.01) + (ours(inputs) - targets).square().mean()
    history = model.fit(inputs, targets, epochs=4, batch_size=8, verbose=0).history
    assert history["loss"][0] == pytest.approx(first.item(), rel=1e-5)
    for one, other in zip(ours.parameters(), by_hand(theirs, inputs, targets, 4), strict=True):
        torch.testing.assert_close(one.detach(), other, rtol=1e-5, atol=1e-6)


def test_the_table_of_a_model_shows_where_they_come_from() -> None:
    network = make_network()
    penalize(network, {"*.weight": "l1(0.01)"}, {"0.weight": "non_neg"})
    model = kplug.Sequential([network])
    model.compile("sgd", "mse", device="cpu")
    rows = {row.slot.rpartition("module.")[2]: row.name for row in model.components}
    assert {
        "0.weight_regularizer": "kplug/l1",
        "2.weight_regularizer": "kplug/l1",
        "0.weight_constraint": "kplug/non_neg",
    }.items() <= rows.items()


def test_layers_of_kplug_have_rules_beside_their_own() -> None:
    model = kplug.Sequential([kplug.layers.Dense(2, kernel_regularizer="l2(0.5)", input_dim=3)])
    rules = penalize(model, {"*kernel": "l1(0.5)"})
    kernel: Any = model.layers[0].kernel
    own = 0.5 * kernel.square().sum()
    torch.testing.assert_close(rules(), 0.5 * kernel.abs().sum())
    torch.testing.assert_close(sum(model.losses), rules() + own)


def test_a_later_table_replaces_an_earlier_one() -> None:
    network = make_network()
    penalize(network, {"*.weight": "l1(3.0)"})
    torch.testing.assert_close(
        penalize(network, {"*.weight": "l1(0.5)"})(), expected_penalty(network)
    )


def test_copies_have_the_rules_of_their_own_weights() -> None:
    network = make_network()
    penalize(network, {"*.weight": "l1(0.5)"})
    stored = io.BytesIO()
    torch.save(network, stored)
    stored.seek(0)
    for other in (copy.deepcopy(network), torch.load(stored, weights_only=False)):
        with torch.no_grad():
            other[0].weight.mul_(2.0)
        torch.testing.assert_close(kplug.regularizers.WeightRules(other)(), expected_penalty(other))
    assert set(network.state_dict()) == {"0.weight", "0.bias", "2.weight", "2.bias"}


def test_its_text_names_the_components() -> None:
    rules = penalize(nn.Linear(2, 1), {"weight": "l1(0.5)"}, {"bias": "non_neg"})
    assert (
        repr(rules)
        == "WeightRules(weight_regularizer=kplug/l1(l1=0.5), bias_constraint=kplug/non_neg)"
    )


def test_a_function_is_a_rule() -> None:
    network: Any = nn.Linear(2, 1)
    rules = penalize(network, {"weight": lambda weight: weight.sum()})
    torch.testing.assert_close(rules(), network.weight.sum())


REFUSED: list[tuple[Any, Any, type[Exception], str]] = [
    (
        {"*.kernel": "l1"},
        None,
        ContractError,
        "penalize: the pattern '*.kernel' fits no weight\n  The names of the weights: 0.weight, 0.bias, "
        "2.weight, 2.bias.",
    ),
    (
        {"*.weight": "l1", "0.*": "l2"},
        None,
        ContractError,
        "penalize: several patterns fit the weight '0.weight': '*.weight', '0.*'\n  Make the patterns "
        "exclude each other.",
    ),
    (
        None,
        {"*.weight": "l1"},
        ResolutionError,
        "*.weight: 'l1' is a regularizer, not a constraint",
    ),
    ({"*.weight": "l3"}, None, ResolutionError, "*.weight: no regularizer is named 'l3'"),
    ({"*.weight": None}, None, ContractError, "*.weight: None is not a regularizer"),
    (
        ["l1"],
        None,
        ArgumentValueError,
        "penalize: argument 'regularizers' is ['l1']; allowed: a dict of regularizers by pattern",
    ),
]


@pytest.mark.parametrize(("regularizers", "constraints", "error", "message"), REFUSED)
def test_what_is_refused(
    regularizers: Any, constraints: Any, error: type[Exception], message: str
) -> None:
    network = make_network()
    penalize(network, {"*.weight": "l1(0.5)"})
    with pytest.raises(error) as caught:
        penalize(network, regularizers, constraints)
    assert str(caught.value).startswith(message)
    torch.testing.assert_close(kplug.regularizers.WeightRules(network)(), expected_penalty(network))


def test_something_else_than_a_module_is_refused() -> None:
    with pytest.raises(ContractError, match=r"penalize: a list is no torch\.nn\.Module"):
        penalize([nn.Linear(2, 1)], {"*": "l1"})  # type: ignore[arg-type]


def test_a_penalty_that_is_no_number_is_refused() -> None:
    rules = penalize(nn.Linear(2, 1), {"weight": lambda weight: weight.abs()})
    with pytest.raises(ContractError, match="a penalty is one number"):
        rules()
