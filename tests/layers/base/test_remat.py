"""Layers whose calls are computed again in the backward pass, against the same layers without."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import kplug
from kplug import RematScope, Sequential, layers, remat
from kplug.errors import ArgumentValueError, ContractError
from kplug.metrics import Mean
from kplug.random import SeedGenerator, normal
from tests.layers.inputs import draw

MODES: dict[str, dict[str, Any]] = {
    "full": {"mode": "full"},
    "activations": {"mode": "activations"},
    "larger_than": {"mode": "larger_than", "output_size_threshold": 3 * 8},
    "list_of_layers": {"mode": "list_of_layers", "layer_names": ["part_*", "block"]},
}


class Noisy(layers.Layer):
    """Adds a loss, two metrics and noise, and counts its calls in all the ways that people do."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seeds, self.calls, self.mean = SeedGenerator(1), 0, Mean("mean")
        self.total: Tensor
        self.register_buffer("total", torch.zeros(()))
        self.plain = torch.zeros(())

    def build(self, input_shape: Any) -> None:
        self.factor: Tensor = self.add_weight("factor", input_shape[-1:], initializer="ones")
        self.built = True

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not inputs.is_meta:
            self.calls += 1
            self.total += inputs.detach().mean()
            self.plain = self.plain + inputs.detach().mean()
            self.mean.update_state(inputs.detach())
        self.add_loss(0.1 * (inputs * self.factor).square().mean())
        self.add_metric(inputs.mean(), "inputs")
        made = inputs * self.factor.exp() + self.total
        return made + normal(inputs.shape, seed=self.seeds) if training else made


class InPlace(layers.Layer):
    """Changes its inputs, of which the write guard makes copies."""

    def call(self, inputs: Tensor) -> Tensor:
        inputs /= 2.0
        inputs.clamp_(-1.0, 1.0)
        return inputs.tanh()


class Block(layers.Layer):
    """Has layers inside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.norm, self.dense = layers.BatchNormalization(), layers.Dense(8, activation="gelu")

    def call(self, inputs: Tensor) -> Any:
        return inputs + self.dense(self.norm(inputs))


PARTS: dict[str, Callable[..., Any]] = {
    "dense": lambda **name: layers.Dense(8, activation="gelu", **name),
    "statistics": lambda **name: layers.BatchNormalization(momentum=0.5, **name),
    "dropout": lambda **name: layers.Dropout(0.5, **name),
    "dropout with a seed": lambda **name: layers.Dropout(0.5, seed=1, **name),
    "penalty": lambda **name: layers.Dense(8, activity_regularizer="l2", **name),
    "states of all kinds": lambda **name: Noisy(**name),
    "in place": lambda **name: InPlace(**name),
    "block": lambda **name: Block(**name),
    "spectral": lambda **name: layers.SpectralNormalization(layers.Dense(8), **name),
    "module of torch": lambda **name: layers.TorchModule(
        nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout(0.5)), **name
    ),
}


def train(part: Callable[..., Any], scope: Any, **compiling: Any) -> tuple[Any, list[Any]]:
    """Train a model in the scope; return it, and all that training has changed."""
    kplug.utils.set_random_seed(0)
    with warnings.catch_warnings(), scope:
        warnings.simplefilter("ignore")  # of what is changed in place
        model = Sequential(
            [
                layers.Dense(8, activation="tanh", input_dim=4, name="part_first"),
                part(name="part_second"),
                layers.Dense(1, name="last"),
            ]
        )
        model.compile("adam", "mse", metrics=["mae"], **compiling)
        x, y = draw(14, 4).numpy(), draw(14, 1, seed=1).numpy()
        history = model.fit(x, y, batch_size=4, epochs=3, verbose=0).history
    changed: list[Any] = [*model.get_weights(), *map(np.asarray, history.values())]
    for layer in model.modules():
        if isinstance(layer, Noisy):
            changed += [layer.seeds.state, layer.total, layer.plain, layer.mean.result()]
            changed += [np.asarray(layer.calls)]
    changed += [buffer for _, buffer in model.named_buffers()]
    changed += [torch.rand(3)]
    return model, [
        np.asarray(each.detach() if isinstance(each, Tensor) else each) for each in changed
    ]


def check_equal(found: list[Any], expected: list[Any]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.sampled
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("part", PARTS)
def test_training_is_the_same_to_the_bit(part: str, mode: str) -> None:
    _, expected = train(PARTS[part], contextlib.nullcontext())
    model, found = train(PARTS[part], RematScope(**MODES[mode]))
    assert model.layers[0]._remat is not None
    check_equal(found, expected)


@pytest.mark.parametrize("part", ["statistics", "states of all kinds"])
def test_accumulated_gradients_are_the_same(part: str) -> None:
    made = []
    for scope in (contextlib.nullcontext(), RematScope()):
        optimizer = kplug.optimizers.Adam(gradient_accumulation_steps=2)
        kplug.utils.set_random_seed(0)
        with scope:
            model = Sequential([layers.Dense(8, input_dim=4), PARTS[part](), layers.Dense(1)])
        model.compile(optimizer, "mse")
        model.fit(draw(12, 4).numpy(), np.ones((12, 1)), batch_size=3, epochs=2, verbose=0)
        made.append(model.get_weights())
    check_equal(*made)


def test_bfloat16_is_the_same() -> None:
    _, expected = train(PARTS["block"], contextlib.nullcontext(), precision="bf16")
    _, found = train(PARTS["block"], RematScope(), precision="bf16")
    check_equal(found, expected)


def test_states_between_batches_are_the_same() -> None:
    made = []
    for scope in (contextlib.nullcontext(), RematScope()):
        kplug.utils.set_random_seed(0)
        with scope:
            inner = layers.LSTM(3, stateful=True, return_sequences=True)
            model = Sequential(
                [layers.Bidirectional(inner, batch_input_shape=(2, 5, 4)), layers.Dense(1)]
            )
        model.compile("sgd", "mse")
        model.fit(
            draw(6, 5, 4).numpy(), draw(6, 5, 1).numpy(), batch_size=2, shuffle=False, verbose=0
        )
        made.append(model.get_weights())
    check_equal(*made)


@contextlib.contextmanager
def counting_saved() -> Iterator[dict[int, int]]:
    """Count the bytes of the tensors that are kept for the backward pass, by their memory."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield kept


def make_chain(count: int = 6) -> Any:
    torch.manual_seed(0)
    block = [layers.Dense(16, activation="gelu"), layers.LayerNormalization(), layers.Dropout(0.1)]
    blocks = [[type(each).from_config(each.get_config()) for each in block] for _ in range(count)]
    made = []
    for number, parts in enumerate(blocks):
        for part in parts:
            part.name += f"_{number}"
        made.append(Sequential(parts, name=f"block_{number}"))
    return Sequential([layers.Input((16,)), *made])


def test_the_backward_pass_keeps_less() -> None:
    sizes = {}
    for mode, names in ((None, []), ("full", []), ("list_of_layers", ["block_*"])):
        with RematScope(mode, layer_names=names):
            model = make_chain()
        model.train()
        x = draw(64, 16)
        weights = {weight.untyped_storage().data_ptr() for weight in model.weights}
        with counting_saved() as kept:
            loss = model(x).square().sum()
        sizes[mode] = sum(size for place, size in kept.items() if place not in weights)
        loss.backward()
    # Each of 18 layers keeps its input, each of 6 blocks its own, and square() keeps its.
    assert sizes["full"] == 19 * x.nbytes < sizes[None]
    assert sizes["list_of_layers"] == 7 * x.nbytes


class Counted(layers.Layer):
    """Counts its calls where nothing restores the number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.log: list[bool] = []

    def call(self, inputs: Tensor) -> Tensor:
        if not inputs.is_meta:
            self.log.append(self.training)
        return inputs.exp()


def test_a_call_runs_twice_with_gradients_and_once_without() -> None:
    with RematScope():
        inner, last = Counted(), Counted()
        outer = Sequential([layers.Input((3,)), last])
    x = draw(2, 3).requires_grad_()
    with torch.no_grad():
        inner(x)
    assert len(inner.log) == 1
    inner(x, training=True).sum().backward()
    assert inner.log == [False, True, True]  # in the mode of the call
    outer(x).sum().backward()
    assert len(last.log) == 2


def test_a_layer_inside_a_repeated_one_is_not_repeated_once_more() -> None:
    with RematScope():
        inner = Counted()
        outer = layers.TimeDistributed(inner)
    outer(draw(2, 3, 4).requires_grad_()).sum().backward()
    assert len(inner.log) == 2


def test_scopes_are_those_of_keras() -> None:
    made = []
    for library in (kplug, keras):
        with library.RematScope(mode="full"):
            first = library.layers.Dense(2)
            with library.RematScope(mode="larger_than", output_size_threshold=5):
                second = library.layers.Dense(2)
            with library.RematScope(mode=None):
                third = library.layers.Dense(2)
            fourth = library.layers.Dense(2)
        fifth = library.layers.Dense(2)
        modes = []
        for layer in (first, second, third, fourth, fifth):
            found = getattr(layer, "_remat" if library is kplug else "_remat_mode")
            modes.append(None if found is None or found.mode is None else found.mode)
        made.append(modes)
    assert made[0] == made[1] == ["full", "larger_than", None, "full", None]


def test_names_have_patterns() -> None:
    with RematScope("list_of_layers", layer_names=["encoder_*", "head"]):
        named = [Counted(name=name) for name in ("encoder_1", "head", "decoder_1", "my_encoder_1")]
    x = draw(2, 3).requires_grad_()
    for layer in named:
        layer(x).sum().backward()
    assert [len(layer.log) for layer in named] == [2, 2, 1, 1]


@pytest.mark.parametrize(("rows", "calls"), [(3, 2), (2, 1)])
def test_the_threshold_counts_the_batch_as_in_keras(rows: int, calls: int) -> None:
    with RematScope("larger_than", output_size_threshold=8):
        layer = Counted()
    layer(draw(rows, 4).requires_grad_()).sum().backward()
    assert len(layer.log) == calls


def test_a_graph_can_be_made_in_a_scope() -> None:
    with RematScope("larger_than", output_size_threshold=1):
        x = inputs = layers.Input((4,))
        for part in (layers.Dense(8, activation="relu"), layers.BatchNormalization(), Noisy()):
            x = part(x)
        model = kplug.Model(inputs, x)
    model(draw(2, 4)).sum().backward()
    assert all(weight.grad is not None for weight in model.trainable_weights)


def test_remat_of_functions_methods_and_modules() -> None:
    norm = nn.BatchNorm1d(4)
    block = layers.BatchNormalization()
    x = draw(8, 4).requires_grad_()
    block(x)
    block.train()
    for function in (lambda x: norm(x).tanh(), block.__call__, nn.Sequential(norm, nn.Dropout())):
        states, gradients = [], list[Any]()
        for call in (function, remat(function)):
            norm.reset_running_stats()
            nn.init.zeros_(block.moving_mean)
            torch.manual_seed(0)
            x.grad = None
            call(x).square().sum().backward()
            states.append((norm.running_mean.clone(), block.moving_mean.clone()))  # type: ignore[union-attr]
            gradients.append(x.grad)
        assert torch.equal(gradients[0], gradients[1])
        assert all(map(torch.equal, *states))


def test_gradients_of_gradients() -> None:
    x = draw(4).requires_grad_()
    made = []
    for function in (torch.sin, remat(torch.sin)):
        (first,) = torch.autograd.grad(function(x * x).sum(), x, create_graph=True)
        made.append(torch.autograd.grad(first.sum(), x)[0])
    assert torch.equal(*made)


class Weighty(layers.Layer):
    """Changes its own weight in each call."""

    def build(self, input_shape: Any) -> None:
        self.factor: Tensor = self.add_weight("factor", input_shape[-1:], initializer="ones")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        with torch.no_grad():
            self.factor.mul_(0.5)
        return inputs * self.factor


def test_a_layer_that_changes_its_weights_is_refused() -> None:
    with RematScope():
        layer = Weighty()
    with pytest.raises(ContractError, match="has changed a weight of shape"):
        layer(draw(2, 3))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"mode": "all"}, "argument 'mode' is 'all'"),
        ({"output_size_threshold": -1}, "argument 'output_size_threshold' is -1"),
        ({"layer_names": "dense"}, "argument 'layer_names' is 'dense'"),
    ],
)
def test_wrong_arguments_are_refused(arguments: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        RematScope(**arguments)
    assert text in str(caught.value)


@pytest.mark.slow
def test_a_step_to_compile_stays_eager_with_one_warning() -> None:
    _, expected = train(PARTS["statistics"], contextlib.nullcontext())
    kplug.utils.set_random_seed(0)
    with RematScope():
        model = Sequential(
            [
                layers.Dense(8, activation="tanh", input_dim=4, name="part_first"),
                PARTS["statistics"](),
                layers.Dense(1, name="last"),
            ]
        )
    model.compile("adam", "mse", metrics=["mae"], jit_compile=True)
    x, y = draw(14, 4).numpy(), draw(14, 1, seed=1).numpy()
    with pytest.warns(kplug.errors.EagerStepWarning, match="computed again") as caught:
        model.fit(x, y, batch_size=4, epochs=3, verbose=0)
    assert len(caught) == 1
    for found, weight in zip(model.get_weights(), expected, strict=False):
        np.testing.assert_allclose(found, weight, rtol=1e-4, atol=1e-6)
