"""Weights whose initializer, regularizer and constraint are arguments of their layer."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kplug.errors import DataError
from kplug.layers import Dense, Layer
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots, known_size


class Scale(Layer):
    """Two weights that share the slots of one."""

    def __init__(self, gamma_initializer: object = None, gamma_regularizer: object = None) -> None:
        super().__init__()
        add_weight_slots(self, "gamma", gamma_initializer, gamma_regularizer, None)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        size = known_size(self, input_shape, -1)
        self.gamma = add_slotted_weight(self, "gamma", (size,))
        self.second = add_slotted_weight(self, "second", (size, 2), (1, 0), prefix="gamma")

    def call(self, inputs: Tensor) -> Tensor:
        scaled: Tensor = inputs * self.gamma
        return scaled


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("gamma", [1.0, 1.0]), ("beta", [0.0, 0.0]), ("bias", [0.0, 0.0]), ("alpha", [0.0, 0.0])],
)
def test_an_initializer_that_was_not_given_depends_on_the_weight(
    prefix: str, expected: list[float]
) -> None:
    layer = Layer()
    add_weight_slots(layer, prefix, None, None, None)
    assert set(layer.slots) - {"activity_regularizer"} == {
        f"{prefix}_initializer",
        f"{prefix}_regularizer",
        f"{prefix}_constraint",
    }
    slot = layer.slots[f"{prefix}_initializer"]
    slot.resolve("here")
    assert slot.value((2,)).tolist() == expected


def test_a_recurrent_kernel_is_orthogonal_at_first() -> None:
    layer = Layer()
    add_weight_slots(layer, "recurrent", None, None, None)
    slot = layer.slots["recurrent_initializer"]
    slot.resolve("here")
    kernel = slot.value((4, 4))
    torch.testing.assert_close(kernel @ kernel.T, torch.eye(4), rtol=0.0, atol=1e-5)


def test_weights_with_one_prefix_share_its_components() -> None:
    layer = Scale("constant(3)", "l2(0.5)")
    layer(torch.zeros(1, 2))
    assert layer.gamma.tolist() == [3.0, 3.0]
    assert layer.second.tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert layer.second.stride() == (1, 2)
    # 0.5 * 3² for each of 2 and of 4 elements
    assert sorted(loss.item() for loss in layer.losses) == [9.0, 18.0]


def test_a_size_is_read_from_either_end() -> None:
    assert known_size(Dense(1), (None, 5, 6), -1) == 6
    assert known_size(Dense(1), (None, 5, 6), 1) == 5


@pytest.mark.parametrize(("shape", "axis"), [((None, 5), 0), ((None, 5), 2), ((None, 5), -3)])
def test_a_size_that_is_unknown_or_missing_is_refused(
    shape: tuple[int | None, ...], axis: int
) -> None:
    text = rf"layer 'last' needs to know the size of axis {axis} .* got shape \(None, 5\)"
    with pytest.raises(DataError, match=text):
        known_size(Dense(1, name="last"), shape, axis)
