"""Recurrent layers against Keras: outputs, states and gradients, for copied weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor

from kplug import layers
from kplug.layers.recurrent.base.cells import sizes_of
from tests.layers.inputs import draw

MakePair = Callable[..., tuple[Any, Any]]
Same = Callable[..., None]
SETTINGS = settings(max_examples=40, deadline=None)
NAMES = ["SimpleRNN", "LSTM", "GRU"]
SIMPLE: dict[str, list[str | None]] = {"activation": ["tanh", "relu", None]}
GATED: dict[str, list[str | None]] = {
    "activation": ["tanh", "softsign", None],
    "recurrent_activation": ["sigmoid", "hard_sigmoid", "tanh"],
}


def _draw_mask(batch: int, times: int, seed: int) -> Tensor:
    draws = torch.rand((batch, times), generator=torch.Generator().manual_seed(seed))
    return draws > 0.4


def _both(name: str, *args: Any, **arguments: Any) -> tuple[Any, Any]:
    ours, theirs = getattr(layers, name), getattr(keras.layers, name)
    return ours(*args, **arguments), theirs(*args, **arguments)


@st.composite
def arguments_of(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Draw arguments of a recurrent layer."""
    switches = ["use_bias", "return_sequences", "return_state", "go_backwards", "unroll"]
    switches.append("zero_output_for_mask")
    if name == "GRU":
        switches.append("reset_after")
    choices = SIMPLE if name == "SimpleRNN" else GATED
    return {
        "units": draw(st.integers(1, 4)),
        **{switch: draw(st.booleans()) for switch in switches},
        **{key: draw(st.sampled_from(values)) for key, values in choices.items()},
    }


@pytest.mark.parametrize("name", NAMES)
@SETTINGS
@given(data=st.data())
def test_every_switch(name: str, data: st.DataObject, make_pair: MakePair, same: Same) -> None:
    arguments = data.draw(arguments_of(name))
    batch, times, size = (data.draw(st.integers(1, top)) for top in (3, 5, 3))
    takes_kernel = data.draw(st.booleans())
    ours, theirs = _both(name, **arguments)
    if not takes_kernel:
        ours = type(ours)(**arguments, use_cudnn=False)
    pair = make_pair(ours, theirs, (batch, times, size))
    has_mask = data.draw(st.booleans())
    # Keras 3.15 cannot reverse a mask when it unrolls.
    if has_mask and arguments["unroll"] and arguments["go_backwards"]:
        has_mask = False
    mask = _draw_mask(batch, times, data.draw(st.integers(0, 99))) if has_mask else None
    states = None
    if data.draw(st.booleans()):
        count = 2 if name == "LSTM" else 1
        states = [draw(batch, arguments["units"], seed=seed) for seed in range(count)]
    same(pair, draw(batch, times, size), mask, states)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["none", "right", "left", "holes", "all"])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_masks_on_the_kernel(
    name: str,
    kind: str,
    go_backwards: bool,
    make_pair: MakePair,
    same: Same,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    masks = {
        "none": [[1, 1, 1, 1], [1, 1, 1, 1]],
        "right": [[1, 1, 0, 0], [1, 1, 1, 0]],
        "left": [[0, 0, 1, 1], [0, 1, 1, 1]],
        "holes": [[1, 0, 1, 0], [0, 1, 0, 1]],
        "all": [[0, 0, 0, 0], [1, 0, 0, 0]],
    }
    switches = {"return_sequences": True, "return_state": True, "go_backwards": go_backwards}
    pair = make_pair(*_both(name, 3, **switches), (2, 4, 2))
    # What runs one time after the other.
    monkeypatch.delattr(getattr(layers, f"{name}Cell"), "step")
    same(pair, draw(2, 4, 2), torch.tensor(masks[kind]).bool())


@pytest.mark.parametrize("value", [float("nan"), 1e30])
def test_states_do_not_depend_on_what_is_masked(value: float) -> None:
    layer, x = layers.LSTM(3, return_state=True), draw(2, 4, 2)
    mask = torch.tensor([[1, 1, 0, 0], [0, 1, 0, 1]]).bool()
    expected = layer(x, mask=mask)
    torch.testing.assert_close(layer(x.where(mask[..., None], value), mask=mask), expected)


@pytest.mark.parametrize("name", ["SimpleRNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize("use_bias", [True, False])
def test_cells(name: str, use_bias: bool, make_pair: MakePair) -> None:
    ours, theirs = make_pair(*_both(name, 3, use_bias=use_bias), (2, 4))
    x, states = draw(2, 4), [draw(2, 3, seed=seed) for seed in range(len(sizes_of(ours)))]
    made, new = ours(x, states)
    expected, expected_new = theirs(x, states)
    torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(list(new), list(expected_new), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("has_mask", [False, True])
def test_stacked_cells(has_mask: bool, make_pair: MakePair, same: Same) -> None:
    switches = {"return_sequences": True, "return_state": True}
    ours = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], **switches)
    theirs = keras.layers.RNN([keras.layers.LSTMCell(3), keras.layers.GRUCell(2)], **switches)
    pair = make_pair(ours, theirs, (2, 5, 4))
    same(pair, draw(2, 5, 4), _draw_mask(2, 5, seed=1) if has_mask else None)
    assert ours.output_count == 4


def test_stacked_cells_are_a_cell_too(make_pair: MakePair) -> None:
    ours = layers.StackedRNNCells([layers.GRUCell(3), layers.LSTMCell(2)])
    theirs = keras.layers.StackedRNNCells([keras.layers.GRUCell(3), keras.layers.LSTMCell(2)])
    make_pair(ours, theirs, (2, 4))
    states = [draw(2, size, seed=size) for size in (3, 2, 2)]
    made, new = ours(draw(2, 4), states)
    expected, expected_new = theirs(draw(2, 4), [states[0], states[1:]])
    torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(new, list(keras.tree.flatten(expected_new)), rtol=1e-5, atol=1e-6)


class OurMinimal(layers.Layer):
    """A cell of a user: half of the state and the inputs."""

    def __init__(self, state_size: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state_size = state_size

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.state_size))

    def call(self, inputs: Tensor, states: Any) -> tuple[Tensor, list[Tensor]]:
        output = inputs @ self.kernel + 0.5 * states[0]
        return 2.0 * output, [output]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "state_size": self.state_size}


class TheirMinimal(keras.layers.Layer):  # type: ignore[misc]
    """The same cell for Keras."""

    def __init__(self, state_size: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state_size = state_size

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], self.state_size), name="kernel")

    def call(self, inputs: Any, states: Any) -> Any:
        output = keras.ops.matmul(inputs, self.kernel) + 0.5 * states[0]
        return 2.0 * output, [output]


@pytest.mark.parametrize("has_mask", [False, True])
def test_cell_of_a_user(has_mask: bool, make_pair: MakePair, same: Same) -> None:
    switches = {"return_sequences": True, "return_state": True, "go_backwards": True}
    ours = layers.RNN(OurMinimal(), **switches)
    pair = make_pair(ours, keras.layers.RNN(TheirMinimal(), **switches), (2, 5, 4))
    same(pair, draw(2, 5, 4), _draw_mask(2, 5, seed=2) if has_mask else None)
    copied = layers.Bidirectional(layers.RNN(OurMinimal(2)))
    assert copied(draw(2, 5, 4)).shape == (2, 4)


def test_states_stand_in_the_list_of_inputs(make_pair: MakePair) -> None:
    ours, theirs = make_pair(*_both("LSTM", 3), (2, 4, 2))
    x, h, c = draw(2, 4, 2), draw(2, 3, seed=1), draw(2, 3, seed=2)
    expected = theirs(x, initial_state=[h, c])
    torch.testing.assert_close(ours([x, h, c]), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(ours(x, initial_state=[h, c]), expected, rtol=1e-5, atol=1e-6)


def test_changed_step_does_not_run_on_the_kernel() -> None:
    class Doubled(layers.LSTMCell):
        def step(self, *args: Any) -> Any:
            output, states = super().step(*args)
            return 2.0 * output, states

    layer = layers.RNN(Doubled(3), return_state=True)
    output, h, _ = layer(draw(2, 4, 2))
    torch.testing.assert_close(output, 2.0 * h)


def test_kernel_and_loop_agree_in_float64(make_pair: MakePair) -> None:
    for name in NAMES:
        arguments = {"return_sequences": True, "return_state": True, "dtype": "float64"}
        fast = getattr(layers, name)(3, **arguments)
        slow = getattr(layers, name)(3, **arguments, use_cudnn=False)
        fast.build_for((None, 6, 2))
        slow.build_for((None, 6, 2))
        slow.set_weights(fast.get_weights())
        x, mask = draw(4, 6, 2).double(), _draw_mask(4, 6, seed=3)
        torch.testing.assert_close(fast(x), slow(x), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(fast(x, mask=mask), slow(x, mask=mask), rtol=1e-12, atol=1e-12)
