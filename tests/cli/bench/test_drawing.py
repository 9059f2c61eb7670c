"""Random inputs and targets of a model's shapes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kplug.cli.bench.drawing import draw_inputs, draw_targets
from kplug.errors import KplugError
from kplug.layers import Dense, Embedding, Flatten, Input
from kplug.models import Model, Sequential
from kplug.training.data.samples import Samples


def test_inputs_have_the_model_s_shape() -> None:
    drawn = draw_inputs(Sequential([Dense(2, input_shape=(4,))]), 6)
    assert drawn.shape == (6, 4)
    assert drawn.dtype is torch.float32


def test_open_axes_get_a_length() -> None:
    assert draw_inputs(Sequential([Input((None, 3)), Dense(2)]), 5).shape == (5, 32, 3)


def test_several_inputs_are_drawn_in_their_order() -> None:
    first, second = Input((2,)), Input((3,))
    drawn = draw_inputs(Model([first, second], [Dense(1)(first), Dense(1)(second)]), 4)
    assert [tuple(one.shape) for one in drawn] == [(4, 2), (4, 3)]


def test_an_embedding_gets_rows_of_its_table() -> None:
    drawn = draw_inputs(Sequential([Input((50,)), Embedding(3, 2)]), 20)
    assert not drawn.is_floating_point()
    assert drawn.unique().tolist() == [0, 1, 2]


def test_a_model_of_unknown_shape_is_refused() -> None:
    with pytest.raises(KplugError, match=r"'small' does not know its input shape, .* no 'x'"):
        draw_inputs(Sequential([Dense(2)], name="small"), 3)


@pytest.mark.parametrize(
    ("loss", "shape", "allowed"),
    [
        ("sparse_categorical_crossentropy", (40,), {0.0, 1.0, 2.0}),
        ("categorical_crossentropy", (40, 3), {0.0, 1.0}),
        ("binary_crossentropy", (40, 3), {0.0, 1.0}),
        ("dice + 0.5*categorical_crossentropy + mse", (40, 3), {0.0, 1.0}),
    ],
)
def test_targets_are_the_kind_that_the_loss_is_named_for(
    loss: str, shape: tuple[int, ...], allowed: set[float]
) -> None:
    model = Sequential([Dense(3, input_shape=(4,), activation="softmax")])
    model.compile("sgd", loss)
    targets = draw_targets(model, Samples(torch.zeros(40, 4)))
    assert isinstance(targets, Tensor)
    assert targets.shape == shape
    assert {float(value) for value in targets.flatten()} == allowed
    if loss == "categorical_crossentropy":
        assert targets.sum(-1).tolist() == [1.0] * 40


def test_a_loss_that_takes_nothing_drawn_is_refused() -> None:
    def picky(y_true: Any, y_pred: Any) -> Any:
        raise ValueError(f"{y_true} or {y_pred}")

    model = Sequential([Flatten(input_shape=(2, 2)), Dense(3)])
    model.compile("sgd", picky)
    message = r"the loss 'picky' takes no random targets of shape \(5, 3\)"
    with pytest.raises(KplugError, match=message):
        draw_targets(model, Samples(torch.zeros(5, 2, 2)))
