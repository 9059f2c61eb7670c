"""Concatenate and Dot: values, masks, and which shapes they refuse."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug.errors import ArgumentValueError, DataError
from kplug.layers import Concatenate, Dot
from kplug.layers.joining import concatenate, dot


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("axis", [1, -2])
def test_tensors_are_joined_along_the_axis(axis: int) -> None:
    first, second = draw(2, 3, 4), draw(2, 1, 4)
    expected = torch.cat([first, second], dim=1)
    assert torch.equal(Concatenate(axis)([first, second]), expected)
    assert torch.equal(concatenate([first, second], axis=axis), expected)


def test_a_step_counts_if_one_of_the_inputs_says_so() -> None:
    inputs = [torch.zeros(1, 3, 2), torch.zeros(1, 3, 1)]
    masks = [torch.tensor([[True, False, False]]), torch.tensor([[False, True, False]])]
    made = Concatenate().compute_mask(inputs, masks)
    assert made is not None
    assert made.tolist() == [[True, True, False]]
    assert Concatenate().compute_mask(inputs, [None, None]) is None


def test_masks_are_joined_along_the_steps_and_a_missing_one_counts() -> None:
    inputs = [torch.zeros(1, 2, 3), torch.zeros(1, 2, 3)]
    made = Concatenate(1).compute_mask(inputs, [torch.tensor([[True, False]]), None])
    assert made is not None
    assert made.tolist() == [[True, False, True, True]]


def test_dot_products_contract_one_axis_of_each() -> None:
    left, right = draw(2, 3, 4), draw(2, 5, 3)
    expected = torch.einsum("nij,nki->njk", left, right)
    torch.testing.assert_close(Dot((1, 2))([left, right]), expected)
    torch.testing.assert_close(dot([left, right], axes=(1, -1)), expected)


def test_normalized_products_of_vectors_are_cosines() -> None:
    left, right = draw(3, 4), draw(3, 4) + 1.0
    expected = torch.nn.functional.cosine_similarity(left, right, dim=1)[:, None]
    torch.testing.assert_close(Dot(1, normalize=True)([left, right]), expected)


@pytest.mark.parametrize(
    ("layer", "shapes", "message"),
    [
        (Concatenate(), [(2, 3, 1), (2, 4, 1)], "the sizes of axis 1 differ, and axis -1 is"),
        (Concatenate(), [(2, 3), (2, 3, 1)], "the numbers of axes differ"),
        (Concatenate(2), [(2, 3), (2, 3)], "there is no axis 2 to join along"),
        (Dot(1), [(2, 3), (2, 4)], r"the sizes of axes \(1, 1\) differ"),
        (Dot(2), [(2, 3), (2, 3)], r"there is no axis 2 in \(None, 3\)"),
        (Dot(1), [(2, 3)], "a list of exactly 2 tensors, got 1 of them"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(layer: Any, shapes: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        layer([torch.zeros(shape) for shape in shapes])


def test_the_axis_of_the_batch_is_refused() -> None:
    with pytest.raises(ArgumentValueError, match="an integer other than 0, which is the batch"):
        Concatenate(0)
    for axes in (0, (1, 0), (1, 2, 3), True):
        with pytest.raises(ArgumentValueError, match="an integer other than 0, or two of them"):
            Dot(axes)
