"""Optimizers by name with their parameters: for loops that are not `fit`."""

from __future__ import annotations

import copy
import functools
import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import kplug
from kplug import optimizers
from kplug.errors import ArgumentError, ArgumentValueError, ContractError, ResolutionError
from tests.optimizers.test_adapt import NAMES, TORCH_NAMES

EVERY = [*NAMES, *(f"torch/{name}" for name, _ in TORCH_NAMES)]
NO_DECAY = {r"bias$|^1\.": {"weight_decay": 0.0}}


def make_network() -> Any:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3), nn.Tanh(), nn.Linear(3, 1))


def train(network: nn.Module, optimizer: torch.optim.Optimizer, steps: int = 3) -> list[Tensor]:
    inputs = torch.linspace(-1.0, 1.0, 32).reshape(8, 4)
    for _ in range(steps):
        optimizer.zero_grad()
        (network(inputs) - inputs.sum(1, keepdim=True)).square().mean().backward()
        optimizer.step()
    return [parameter.detach().clone() for parameter in network.parameters()]


def is_equal(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> bool:
    return all(
        torch.allclose(*pair, rtol=1e-6, atol=1e-7) for pair in zip(ours, theirs, strict=True)
    )


def halves(network: Any) -> tuple[list[Tensor], list[Tensor]]:
    parameters = list(network.parameters())
    return parameters[:2], parameters[2:]


@pytest.mark.parametrize("name", EVERY)
def test_every_optimizer_by_name_is_torchs_and_trains(name: str) -> None:
    network = make_network()
    before = copy.deepcopy(list(network.parameters()))
    optimizer = optimizers.get(name, network.parameters())
    assert isinstance(optimizer, torch.optim.Optimizer)
    assert not is_equal(train(network, optimizer), before)


@pytest.mark.parametrize("name", EVERY)
def test_every_optimizer_takes_groups(name: str) -> None:
    network = make_network()
    still, moving = halves(network)
    before = copy.deepcopy(still)
    optimizer = optimizers.get(name, [{"params": still, "lr": 0.0}, {"params": moving}])
    assert [len(group["params"]) for group in optimizer.param_groups] == [2, 4]
    train(network, optimizer)
    if name != "torch/rprop":  # its steps have a smallest size
        assert is_equal(still, before)
    assert optimizer.param_groups[1]["lr"] > 0.0


PAIRS: list[tuple[str, Callable[[Any], torch.optim.Optimizer]]] = [
    ("sgd(lr=0.1)", functools.partial(torch.optim.SGD, lr=0.1)),
    ("sgd(lr=0.1, momentum=0.9)", functools.partial(torch.optim.SGD, lr=0.1, momentum=0.9)),
    (
        "sgd(lr=0.1, momentum=0.9, nesterov=True)",
        functools.partial(torch.optim.SGD, lr=0.1, momentum=0.9, nesterov=True),
    ),
    ("torch/adamw(lr=0.1)", functools.partial(torch.optim.AdamW, lr=0.1)),
]


@pytest.mark.parametrize(("name", "make"), PAIRS)
def test_groups_compute_what_torchs_do(
    name: str, make: Callable[[Any], torch.optim.Optimizer]
) -> None:
    ours, theirs = make_network(), make_network()
    groups = [
        [{"params": first}, {"params": second, "lr": 0.01}]
        for first, second in (halves(ours), halves(theirs))
    ]
    trained = train(ours, optimizers.get(name, groups[0]))
    assert is_equal(trained, train(theirs, make(groups[1])))


def test_expressions_group_weights_by_name() -> None:
    network = make_network()
    optimizer = optimizers.get("adamw(weight_decay=0.5)", network.named_parameters(), NO_DECAY)
    decaying, others = optimizer.param_groups
    assert [weight.shape for weight in decaying["params"]] == [(3, 4), (1, 3)]
    assert len(others["params"]) == 4
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.5, 0.0)


@pytest.mark.parametrize("name", ["adam", "sgd", "lion", "adamw", "muon", "rmsprop", "torch/adamw"])
def test_a_group_has_a_weight_decay_of_its_own(name: str) -> None:
    weights = [nn.Parameter(torch.ones(2)) for _ in range(3)]
    named = [("a", weights[0]), ("b", weights[1]), ("c", weights[2])]
    settings = {"b": {"weight_decay": 0.0}, "c": {"weight_decay": 0.25}}
    if name == "muon":
        settings = {
            key: {"adam_weight_decay": each["weight_decay"]} for key, each in settings.items()
        }
        name = "muon(adam_weight_decay=0.5, "
    else:
        name += "(weight_decay=0.5, "
    optimizer = optimizers.get(f"{name}lr=0.5)", named, settings)
    for weight in weights:
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    assert [weight[0].item() for weight in weights] == pytest.approx([0.75, 1.0, 0.875])


def test_a_group_alone_may_decay_its_weights() -> None:
    still, decaying = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    optimizer = optimizers.get(
        "sgd(lr=0.5)", [{"params": still}, {"params": decaying, "weight_decay": 0.5}]
    )
    for weight in (still, decaying):
        weight.grad = torch.zeros(1)
    optimizer.step()
    restored = optimizers.get(
        "sgd(lr=0.5)", [{"params": still}, {"params": decaying, "weight_decay": 0.1}]
    )
    restored.load_state_dict(optimizer.state_dict())
    restored.step()
    assert (still.item(), decaying.item()) == pytest.approx((1.0, 0.75**2))


def test_muon_decays_matrices_of_a_group_by_their_own_share() -> None:
    weight = nn.Parameter(torch.eye(2))
    optimizer = optimizers.get("muon(lr=0.5)", [{"params": weight, "weight_decay": 0.5}])
    weight.grad = torch.zeros(2, 2)
    optimizer.step()
    assert weight.diag().tolist() == pytest.approx([0.75, 0.75])


def test_adamw_with_exclusions_reads_the_decay_of_a_group() -> None:
    first, second, third = (nn.Parameter(torch.ones(1)) for _ in range(3))
    optimizer = optimizers.AdamW(lr=0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay([first])
    optimizer.build([{"params": [first, second]}, {"params": third, "weight_decay": 0.25}])
    for weight in (first, second, third):
        weight.grad = torch.zeros(1)
    optimizer.step()
    assert [first.item(), second.item(), third.item()] == pytest.approx([1.0, 0.75, 0.875])


def test_settings_have_the_names_of_the_arguments() -> None:
    network = make_network()
    first, second = halves(network)
    optimizer: Any = optimizers.get(
        "adam(lr=0.1)",
        [
            {"params": first, "beta_1": 0.5, "epsilon": 1e-3},
            {"params": second, "learning_rate": 0.01},
        ],
    )
    one, two = optimizer.param_groups
    assert (one["betas"], two["betas"]) == ((0.5, 0.999), (0.9, 0.999))
    assert (one["epsilon"], two["epsilon"]) == (1e-3, 1e-7)
    assert (one["lr"], two["lr"]) == (0.1, 0.01)


def test_a_group_may_have_a_schedule_or_a_constant_rate_of_its_own() -> None:
    weights = [nn.Parameter(torch.zeros(1)) for _ in range(3)]
    optimizer: Any = optimizers.get(
        "sgd(lr=exponential_decay(1.0, 1, 0.5))",
        [
            {"params": weights[0]},
            {"params": weights[1], "lr": 0.25},
            {"params": weights[2], "lr": "exponential_decay(2.0, 1, 0.5)"},
        ],
    )
    for _ in range(3):
        for weight in weights:
            weight.grad = torch.ones(1)
        optimizer.step()
    assert [-weight.item() for weight in weights] == pytest.approx([1.75, 0.75, 3.5])
    assert copy.deepcopy(optimizer)._own_schedules.keys() == {1, 2}
    assert optimizer.follows_schedule
    optimizer.lr = "exponential_decay(1.0, 1, 0.5)"  # for every group
    optimizer.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.125] * 3


def test_the_rate_of_a_group_alone_may_be_scheduled() -> None:
    still, scheduled = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    optimizer = optimizers.get(
        "sgd(lr=0.5)",
        [{"params": still}, {"params": scheduled, "lr": "exponential_decay(1.0, 1, 0.5)"}],
    )
    for _ in range(2):
        still.grad = scheduled.grad = torch.ones(1)
        optimizer.step()
    assert (still.item(), scheduled.item()) == pytest.approx((-1.0, -1.5))


@pytest.mark.parametrize(("name", "make"), PAIRS)
def test_torch_continues_from_the_state(
    name: str, make: Callable[[Any], torch.optim.Optimizer]
) -> None:
    network = make_network()
    optimizer = optimizers.get(name, network.parameters())
    train(network, optimizer)
    stored = io.BytesIO()
    torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict()}, stored)
    stored.seek(0)
    state = torch.load(stored, weights_only=True)
    other = make_network()
    other.load_state_dict(state["network"])
    theirs = make(other.parameters())
    theirs.load_state_dict(state["optimizer"])
    assert is_equal(train(network, optimizer), train(other, theirs))
    ours = optimizers.get(name, network.parameters())
    ours.load_state_dict(copy.deepcopy(theirs.state_dict()))
    assert is_equal(train(network, ours), train(other, theirs))


@pytest.mark.parametrize("name", EVERY)
def test_a_state_with_groups_makes_the_round_trip(name: str) -> None:
    first, second = make_network(), make_network()
    one, two = (
        optimizers.get(name, [{"params": a, "lr": 0.01}, {"params": b}])
        for a, b in (halves(first), halves(second))
    )
    train(first, one)
    second.load_state_dict(first.state_dict())
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    assert is_equal(train(first, one), train(second, two))


def test_wrappers_take_groups_of_the_inner_optimizer() -> None:
    network = make_network()
    first, second = halves(network)
    optimizer: Any = optimizers.get(
        "loss_scale_optimizer(sgd(lr=0.5))", [{"params": first, "lr": 0.25}, {"params": second}]
    )
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.5]
    assert not optimizer.follows_schedule


def test_a_function_that_makes_an_optimizer_gets_the_groups() -> None:
    network = make_network()
    groups = [{"params": each} for each in halves(network)]
    for make in (lambda params: torch.optim.SGD(params, lr=0.5), lambda: optimizers.SGD(lr=0.5)):
        optimizer = optimizers.get(make, groups)
        assert [len(group["params"]) for group in optimizer.param_groups] == [2, 4]


def test_an_instance_gets_its_parameters_once() -> None:
    network = make_network()
    made = optimizers.SGD(lr=0.5)
    assert optimizers.get(made, network.parameters()) is made
    assert optimizers.get(made, network.parameters()) is made
    theirs = torch.optim.SGD(network.parameters())
    assert optimizers.get(theirs, network.parameters()) is theirs
    with pytest.raises(ContractError, match="was made for other parameters"):
        optimizers.get(theirs, make_network().parameters())


def test_groups_train_in_fit_too() -> None:
    network = make_network()
    optimizer = optimizers.get("sgd(lr=0.1)", network.named_parameters(), {"^0": {"lr": 0.0}})
    model = kplug.Sequential([network])
    model.compile(optimizer, "mse", device="cpu")
    before = [parameter.detach().clone() for parameter in network[0].parameters()]
    model.fit(torch.randn(8, 4), torch.randn(8, 1), verbose=0)
    assert is_equal(list(network[0].parameters()), before)
    assert optimizer.state_dict()["param_groups"][0]["iterations"] == 1


REFUSED: list[tuple[str, Callable[[Any], Any], Any, type[Exception], str]] = [
    (
        "adam",
        lambda net: [{"params": net.parameters()}, {"params": []}],
        None,
        ContractError,
        "adam: parameter group 1 is empty: it has no parameters\n  Leave it out.",
    ),
    (
        "adam",
        lambda net: [{"params": net.parameters()}, {"params": net[3].named_parameters()}],
        None,
        ContractError,
        "adam: parameter group 1 has the parameter 'weight', which group 0 has too\n  A parameter is in "
        "one group, whose settings it follows.",
    ),
    (
        "torch/sgd",
        lambda net: [{"params": net.parameters()}, net[0].weight],
        None,
        ContractError,
        "SGD: parameter group 1 is ",
    ),
    (
        "adam",
        lambda net: [{"params": net.parameters(), "momentun": 0.5}],
        None,
        ArgumentError,
        "a parameter group of adam has no argument 'momentun'\n  Known: lr, decay, beta_1, beta_2, epsilon, "
        "amsgrad, weight_decay.",
    ),
    (
        "sgd",
        lambda net: [{"params": net.parameters(), "momentun": 0.5}],
        None,
        ArgumentError,
        "a parameter group of sgd has no argument 'momentun'. Did you mean 'momentum'?",
    ),
    (
        "torch/sgd",
        lambda net: [{"params": net.parameters(), "momentun": 0.5}],
        None,
        ArgumentError,
        "a parameter group of SGD has no argument 'momentun'. Did you mean 'momentum'?",
    ),
    (
        "adam",
        lambda net: [{"params": net.parameters(), "lr": -1.0}],
        None,
        ArgumentValueError,
        "adam: argument 'lr' is -1.0; allowed: ",
    ),
    (
        "adam",
        lambda net: [{"params": net.parameters(), "lr": 1.0, "learning_rate": 1.0}],
        None,
        ArgumentError,
        "adam: 'lr' and 'learning_rate' are two spellings of one argument",
    ),
    (
        "adam",
        lambda net: net.named_parameters(),
        {"bias": {"lr": 1.0}, r"^0\.": {"lr": 2.0}},
        ContractError,
        "adam: several patterns fit the weight '0.bias': 'bias', '^0\\\\.'\n  Make the patterns exclude each "
        "other.",
    ),
    (
        "torch/adam",
        lambda net: net.named_parameters(),
        {"norm": {"lr": 1.0}},
        ContractError,
        "Adam: the pattern 'norm' fits no weight\n  The names of the weights: 0.weight, 0.bias, 1.weight, "
        "1.bias, 3.weight, 3.bias.",
    ),
    (
        "adam",
        lambda net: net.parameters(),
        {"bias": {"lr": 1.0}},
        ContractError,
        "adam: groups go by the names of parameters, and these have none\n  Give model.named_parameters().",
    ),
    (
        "adam",
        lambda net: net.named_parameters(),
        {"*.weight": {"lr": 1.0}},
        ArgumentValueError,
        "adam: argument 'groups' is '*.weight'; allowed: a regular expression, such as r'bias$' (nothing to "
        "repeat at position 0)",
    ),
    (
        "adam",
        lambda net: net.named_parameters(),
        {"bias": 0.5},
        ArgumentValueError,
        "adam: argument \"groups['bias']\" is 0.5; allowed: a dict of settings",
    ),
    (
        "multi_optimizer({'default_optimizer': 'sgd'})",
        lambda net: [{"params": net.parameters(), "lr": 0.5}],
        None,
        ContractError,
        "multi_optimizer: takes no parameter groups",
    ),
    ("adam", lambda net: net, None, ContractError, "adam: parameter 0 is a Linear, not a tensor"),
    ("adma", lambda net: net.parameters(), None, ResolutionError, "no optimizer is named 'adma'"),
    ("adam", lambda net: [], None, ContractError, "adam: there is nothing to train"),
]


@pytest.mark.parametrize(("name", "params", "groups", "error", "message"), REFUSED)
def test_what_is_refused(
    name: str, params: Callable[[Any], Any], groups: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        optimizers.get(name, params(make_network()), groups)
    assert str(caught.value).startswith(message)


def test_a_refused_group_leaves_the_optimizer_as_it_was() -> None:
    network = make_network()
    optimizer = optimizers.Adam(lr=0.5)
    first, second = halves(network)
    with pytest.raises(ArgumentValueError):
        optimizer.build([{"params": first, "lr": 0.25}, {"params": second, "beta_1": 2.0}])
    assert not optimizer.built
    assert optimizer.lr == 0.5
    assert len(optimizer.param_groups) == 1
