"""How functional models run: compiled, through torch.func, deep, and without keeping what is done."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import torch
from torch import Tensor

from kplug import layers
from kplug.models import Model, Sequential


def _make_model() -> Any:
    left, right = layers.Input((8,), name="left"), layers.Input((8,), name="right")
    shared = layers.Dense(8, activation="relu")
    inner_inputs = layers.Input((8,))
    inner = Model(inner_inputs, layers.Dense(8)(inner_inputs))
    chain = Sequential([layers.Dense(8), layers.LayerNormalization()])
    total = layers.Add()([inner(shared(left)), chain(shared(right))]) * 2
    outputs = {"o": layers.Dense(2)(total), "p": layers.Concatenate()([total[:, :3], left])}
    model = Model([left, right], outputs)
    model.ensure_built()
    return model


DATA = [torch.rand(3, 8), torch.rand(3, 8)]


@pytest.mark.parametrize("form", ["list", "dict"])
def test_the_whole_graph_is_one_compiled_graph(form: str) -> None:
    model = _make_model()
    data: Any = DATA if form == "list" else {"left": DATA[0], "right": DATA[1]}
    compiled: Any = torch.compile(model, fullgraph=True, backend="aot_eager")
    expected, made = model(data), compiled(data)
    for key in expected:
        torch.testing.assert_close(made[key], expected[key])


def test_weights_may_be_given_from_outside() -> None:
    model = _make_model()
    zeros = {name: torch.zeros_like(each) for name, each in model.named_parameters()}
    assert torch.func.functional_call(model, zeros, (DATA,))["o"].abs().max() == 0

    def loss(parameters: dict[str, Tensor]) -> Tensor:
        made: Tensor = torch.func.functional_call(model, parameters, (DATA,))["o"]
        return made.square().sum()

    found = torch.func.grad(loss)({name: each.detach() for name, each in model.named_parameters()})
    model(DATA)["o"].square().sum().backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad)


def test_values_that_no_layer_needs_any_more_are_freed() -> None:
    alive: list[Any] = []
    counts: list[int] = []

    class Watch(layers.Layer):
        def call(self, inputs: Any) -> Any:
            made = inputs + 1
            alive.append(weakref.ref(made))
            counts.append(sum(each() is not None for each in alive))
            return made

    tensor = inputs = layers.Input((4,))
    for _ in range(6):
        tensor = Watch()(tensor)
    model = Model(inputs, tensor)
    model.ensure_built()
    gc.collect()
    alive.clear()
    counts.clear()
    with torch.no_grad():
        model(torch.zeros(1, 4))
    assert max(counts) == 2


def test_random_numbers_are_drawn_in_the_order_of_the_graph() -> None:
    inputs = layers.Input((50,))
    model = Model(inputs, layers.Dropout(0.5)(layers.Dropout(0.5)(inputs)))
    chain = Sequential([layers.Input((50,)), layers.Dropout(0.5), layers.Dropout(0.5)])
    results = []
    for each in (model, chain):
        torch.manual_seed(1)
        results.append(each(torch.ones(2, 50), training=True))
    assert torch.equal(*results)


@pytest.mark.parametrize("kind", ["functional", pytest.param("sequential", marks=pytest.mark.slow)])
def test_deep_models_are_built_and_run(kind: str) -> None:
    depth = 2000
    parts = [layers.Activation("tanh") for _ in range(depth)]
    if kind == "sequential":
        model: Any = Sequential([layers.Input((2,)), *parts])
    else:
        tensor = inputs = layers.Input((2,))
        for part in parts:
            tensor = part(tensor)
        model = Model(inputs, tensor)
    assert model.output_shape == (None, 2)
    expected = torch.ones(1, 2)
    for _ in range(depth):
        expected = expected.tanh()
    torch.testing.assert_close(model(torch.ones(1, 2)), expected)
