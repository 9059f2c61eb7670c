from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from kplug.errors import DataError
from kplug.training.data.model_inputs import adjust_input, adjust_inputs


def test_a_wrong_input_shape_names_both_shapes() -> None:
    with pytest.raises(DataError) as caught:
        adjust_input(torch.zeros(8, 5), (None, 3), "fit: x", "model 'sequential'")
    assert str(caught.value) == (
        "fit: x has samples of shape (5,), but model 'sequential' takes samples of shape (3,)"
    )


def test_a_shape_with_as_many_elements_gets_the_reshape() -> None:
    with pytest.raises(DataError) as caught:
        adjust_input(torch.zeros(8, 784), (None, 28, 28, 1), "fit: x", "model 'net'")
    assert str(caught.value) == (
        "fit: x has samples of shape (784,), but model 'net' takes samples of shape (28, 28, 1)\n"
        "  The numbers of elements agree: x.reshape(-1, 28, 28, 1) fits."
    )


@pytest.mark.parametrize(
    ("given", "wanted"),
    [((8, 28, 28), (None, 28, 28, 1)), ((8,), (None, 1)), ((8, 3, 1), (None, 3))],
)
def test_an_axis_of_length_one_is_added_or_dropped(
    given: tuple[int, ...], wanted: tuple[int | None, ...]
) -> None:
    fitted = adjust_input(torch.zeros(given), wanted, "fit: x", "model 'net'")
    assert tuple(fitted.shape[1:]) == wanted[1:]


def test_images_with_channels_first_are_not_told_to_be_reshaped() -> None:
    with pytest.raises(DataError) as caught:
        adjust_input(torch.zeros(2, 3, 28, 28), (None, 28, 28, 3), "fit: x", "model 'm'")
    assert "np.moveaxis(x, 1, -1) fits" in str(caught.value)
    assert "reshape" not in str(caught.value)


def test_one_sample_is_told_to_become_a_batch() -> None:
    with pytest.raises(DataError, match=r"x\[None\]"):
        adjust_input(torch.zeros(28, 28, 3), (None, 28, 28, 3), "predict: x", "model 'm'")


def test_each_of_several_inputs_is_named() -> None:
    model = SimpleNamespace(name="net", input_names=["left", "right"])
    shapes = [(None, 3), (None, 2, 1)]
    adjusted = adjust_inputs(model, [torch.zeros(4, 3), torch.zeros(4, 2)], shapes, "fit")
    assert [tuple(x.shape) for x in adjusted] == [(4, 3), (4, 2, 1)]
    with pytest.raises(DataError) as caught:
        adjust_inputs(model, [torch.zeros(4, 3), torch.zeros(4, 5)], shapes, "fit")
    assert str(caught.value) == (
        "fit: x['right'] has samples of shape (5,), but input 'right' of model 'net' takes samples "
        "of shape (2, 1)"
    )
