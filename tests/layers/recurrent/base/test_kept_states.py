"""Stateful layers: states that last from batch to batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
import torch

from kplug import layers
from kplug.errors import DataError
from kplug.models import Sequential
from tests.layers.inputs import draw

MakePair = Callable[..., tuple[Any, Any]]
NAMES = ["SimpleRNN", "LSTM", "GRU"]


@pytest.mark.parametrize("name", NAMES)
def test_states_last_as_in_keras(name: str, make_pair: MakePair) -> None:
    ours, theirs = make_pair(
        getattr(layers, name)(3, stateful=True),
        getattr(keras.layers, name)(3, stateful=True),
        (2, 4, 2),
    )
    for step in range(3):
        x = draw(2, 4, 2, seed=step)
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-6)
    for one, other in zip(ours.states or (), theirs.states, strict=True):
        torch.testing.assert_close(one, other.value, rtol=1e-5, atol=1e-6)
    ours.reset_states()
    theirs.reset_state()
    x = draw(2, 4, 2, seed=7)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-6)


def test_states_are_no_weights() -> None:
    layer = layers.GRU(3, stateful=True, batch_input_shape=(2, 4, 5))
    layer(draw(2, 4, 5))
    assert [weight.shape for weight in layer.get_weights()] == [(5, 9), (3, 9), (2, 9)]
    assert not any("state" in key for key in layer.state_dict())


def test_reset_states_takes_values() -> None:
    layer = layers.LSTM(3, stateful=True)
    x, h, c = draw(2, 4, 5), draw(2, 3, seed=1), draw(2, 3, seed=2)
    expected = layer(x, initial_state=[h, c])
    layer.reset_states([h.numpy(), c.numpy()])
    torch.testing.assert_close(layer(x), expected)


def test_wrong_states() -> None:
    layer = layers.LSTM(3, stateful=True, name="memory")
    layer(draw(2, 4, 5))
    before = [state.clone() for state in layer.states or ()]
    with pytest.raises(DataError, match=r"'memory' keeps states of shapes \(2, 3\), \(2, 3\), got"):
        layer.reset_states(draw(2, 3))
    torch.testing.assert_close(layer.states, before)


def test_another_batch_size() -> None:
    layer = layers.LSTM(3, stateful=True, name="memory")
    layer(draw(2, 4, 5))
    message = "'memory' is stateful and keeps states of 2 samples, the batch has 3"
    with pytest.raises(DataError, match=message):
        layer(draw(3, 4, 5))
    layer.reset_state()
    assert layer(draw(3, 4, 5)).shape == (3, 3)


@pytest.mark.parametrize("name", NAMES)
def test_training_goes_on_from_the_states(name: str) -> None:
    """Keras 3.15 cannot train stateful LSTM and GRU on torch; the other side is a loop by hand."""
    model = Sequential(
        [layers.Input(batch_shape=(4, 5, 2)), getattr(layers, name)(3, stateful=True)]
    )
    model.ensure_built()
    plain = getattr(layers, name)(3, return_state=True)
    plain.build_for((None, 5, 2))
    plain.set_weights(model.get_weights())
    x, y = draw(16, 5, 2), draw(16, 3, seed=1)
    model.compile(optimizer="sgd", loss="mse")
    history = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.01)
    states, expected = None, []
    for start in [*range(0, 16, 4)] * 3:
        output, *states = plain(x[start : start + 4], initial_state=states)
        states = [state.detach() for state in states]
        loss = torch.nn.functional.mse_loss(output, y[start : start + 4])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        expected.append(loss.item())
    torch.testing.assert_close(
        torch.tensor(history), torch.tensor(expected).reshape(3, 4).mean(1), rtol=1e-5, atol=1e-6
    )


def test_states_move_with_the_layer() -> None:
    layer = layers.GRU(3, stateful=True)
    layer(draw(2, 4, 5))
    layer.double()
    assert layer(draw(2, 4, 5).double()).dtype == torch.float64


def test_shapes_do_not_touch_the_states() -> None:
    layer = layers.GRU(3, stateful=True)
    layer(draw(2, 4, 5))
    before = [state.clone() for state in layer.states or ()]
    assert layer.compute_output_shape((None, 4, 5)) == (None, 3)
    assert layer(layers.Input((4, 5))).shape == (None, 3)
    torch.testing.assert_close(layer.states, before)


def test_bidirectional_resets_both() -> None:
    layer = layers.Bidirectional(layers.GRU(3, stateful=True))
    x = draw(2, 4, 5)
    first = layer(x)
    assert not torch.allclose(layer(x), first)
    layer.reset_states()
    torch.testing.assert_close(layer(x), first)
