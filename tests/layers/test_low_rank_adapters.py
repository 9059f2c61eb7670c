"""Low-rank adapters of any module, by patterns over the names of its weights."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import kplug
from kplug import Sequential, layers, lora, merge_lora, penalize
from kplug.errors import ArgumentValueError, ContractError
from kplug.layers.low_rank_adapters import find_adapters
from tests.layers.inputs import draw

MODULES: dict[str, tuple[Any, str, Tensor]] = {
    "linear": (lambda: nn.Linear(4, 3), "weight", draw(2, 4)),
    "images": (lambda: nn.Conv2d(4, 6, 3, groups=2), "weight", draw(2, 4, 5, 5)),
    "embedding": (lambda: nn.Embedding(5, 3), "weight", torch.tensor([[0, 4], [1, 1]])),
    "bilinear": (lambda: _Square(nn.Bilinear(4, 4, 3)), "inner.weight", draw(2, 4)),
    "attention": (lambda: _Own(nn.MultiheadAttention(4, 2)), "inner.in_proj_weight", draw(3, 2, 4)),
    "parameter": (lambda: _Product(), "matrix", draw(2, 4)),
}


class _Square(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Any:
        return self.inner(x, x)


class _Own(_Square):
    def forward(self, x: Tensor) -> Any:
        return self.inner(x, x, x)[0]


class _Product(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(draw(3, 4))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.matrix.T


def draw_adapters(module: nn.Module) -> None:
    for adapter in find_adapters(module).values():
        nn.init.normal_(adapter.b)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_computes_with_the_sum(name: str) -> None:
    make, weight, x = MODULES[name]
    torch.manual_seed(0)
    module = make()
    before, original = module(x).detach(), module.get_parameter(weight).detach().clone()
    plain = copy.deepcopy(module)
    lora(module, {weight: 2}, alpha=3.0)
    assert torch.equal(module(x), before)
    draw_adapters(module)
    (adapter,) = find_adapters(module).values()
    added = 1.5 * (adapter.b @ adapter.a.flatten(1)).reshape(original.shape)
    with torch.no_grad():
        plain.get_parameter(weight).add_(added)
    torch.testing.assert_close(module(x), plain(x))
    module(x).square().sum().backward()
    trained = [each for each in module.parameters() if each.grad is not None]
    assert {id(each) for each in trained} == {id(adapter.a), id(adapter.b)}
    merge_lora(module)
    names = [sorted(name for name, _ in each.named_parameters()) for each in (module, plain)]
    assert names[0] == names[1]
    torch.testing.assert_close(module(x), plain(x))


def test_patterns_choose_among_layers_of_kplug_and_of_torch() -> None:
    network = nn.Sequential(layers.Dense(6, input_dim=4), nn.Tanh(), nn.Linear(6, 2))
    lora(network, {"0.*": 3, "2.weight": 1})
    assert {name: each.rank for name, each in find_adapters(network).items()} == {
        "0.kernel": 3,
        "2.weight": 1,
    }
    trained = [tuple(each.shape) for each in network.parameters() if each.requires_grad]
    assert trained == [(4, 3), (3, 6), (1, 6), (2, 1)]


def test_further_patterns_keep_the_adapters_that_are_there() -> None:
    network = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    lora(network, {"0.*": 2})
    lora(network, {"1.*": 1})
    assert sum(each.requires_grad for each in network.parameters()) == 4


def make_model() -> Any:
    torch.manual_seed(0)
    return Sequential(
        [
            layers.Dense(6, activation="relu", input_dim=4, name="first"),
            layers.BatchNormalization(name="norm"),
            layers.TorchModule(nn.Linear(6, 3), name="torch"),
            layers.Dense(1, name="last"),
        ]
    )


def test_fit_trains_the_adapters_alone() -> None:
    model = make_model()
    x, y = draw(16, 4).numpy(), np.ones((16, 1), dtype="float32")
    model.trainable = False  # as people freeze what they adapt
    lora(model, {"first.kernel": 2, "torch.*": 2})
    model.compile("adam", "mse")
    adapters = {id(each) for found in find_adapters(model).values() for each in (found.a, found.b)}
    before = [(weight, weight.detach().clone()) for weight in model.weights]
    model.fit(x, y, epochs=2, verbose=0)
    assert {id(each) for each in model.trainable_weights} == adapters
    assert [id(each) for group in model.optimizer.param_groups for each in group["params"]] == [
        id(each) for each in model.trainable_weights
    ]
    # The moving averages stay too: the layers around the adapters are frozen.
    for weight, was in before:
        assert torch.equal(weight, was) is (id(weight) not in adapters)


def test_a_frozen_weight_loses_its_rules_and_keeps_others() -> None:
    network: Any = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    rules = penalize(network, {"*.weight": "l2(1.0)"})
    lora(network, {"0.weight": 1})
    network[1].weight.requires_grad_(True)
    torch.testing.assert_close(rules(), network[1].weight.square().sum())


def test_a_pretrained_transformer_of_torch() -> None:
    torch.manual_seed(0)
    inner = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
    network = nn.TransformerEncoder(inner, 2, enable_nested_tensor=False)
    x = draw(2, 5, 8)
    before = network(x).detach()
    lora(network, {"*.self_attn.*": 4, "*.linear1.weight": 2})
    torch.testing.assert_close(network(x), before)
    assert sum(each.requires_grad for each in network.parameters()) == 12
    network.train()(x).sum().backward()
    for adapter in find_adapters(network).values():
        assert adapter.b.grad is not None
    draw_adapters(network)
    network.eval()
    made = network(x).detach()
    assert (made - before).abs().max() > 1e-3
    merge_lora(network)
    torch.testing.assert_close(network(x), made, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("ranks", "alpha", "error", "text"),
    [
        ({"9.*": 1}, None, ContractError, "the pattern '9.*' fits no weight"),
        ({"0.bias": 1}, None, ContractError, "The names of the weights: 0.weight, 1.kernel."),
        ({"0.*": 1, "*.weight": 1}, None, ContractError, "several patterns fit the weight"),
        ({"0.*": 0}, None, ArgumentValueError, "argument \"ranks['0.*']\" is 0"),
        ({"0.*": 1}, 0.0, ArgumentValueError, "'alpha' is 0.0"),
        ([1], None, ArgumentValueError, "a dict of ranks by pattern"),
        ({"2.*": 1}, None, ContractError, "fits no weight"),  # torch's recurrent layers keep lists
        ({"1.*": 1, "0.*": 1}, None, ContractError, "has a constraint"),
    ],
)
def test_refusals_change_nothing(ranks: Any, alpha: Any, error: Any, text: str) -> None:
    dense = layers.Dense(2, input_dim=3, kernel_constraint="non_neg")
    network = nn.Sequential(nn.Linear(4, 3), dense, nn.GRU(2, 2))
    with pytest.raises(error) as caught:
        lora(network, ranks, alpha)
    assert text in str(caught.value)
    assert not find_adapters(network)
    assert all(each.requires_grad for each in network.parameters())


def test_what_is_no_module_is_refused() -> None:
    with pytest.raises(ContractError, match="lora: an int is no torch"):
        lora(3, {"*": 1})  # type: ignore[arg-type]


def test_merging_without_adapters_does_nothing() -> None:
    network = nn.Linear(4, 3)
    merge_lora(network)
    assert network.weight.requires_grad
    assert kplug.layers.merge_lora is merge_lora
