"""Equations of einsum: their forms, and the sizes that follow from them."""

from __future__ import annotations

import pytest
import torch

from kplug.errors import ArgumentValueError, DataError
from kplug.layers.base.einsum_equation import Equation


@pytest.mark.parametrize(
    ("text", "bias_axes", "input_shape", "output_shape"),
    [
        ("abc,cd->abd", "d", (2, 3, 4), (3, 5)),
        ("ab,bcd->acd", "cd", (2, 3), (4, 5)),
        ("...c,cd->...d", "d", (2, 3, 4), (5,)),
        ("abc...,cd->abd...", "d", (2, 3, 4, 6, 7), (3, 5)),
        ("abc,dc->adb", "d", (2, 3, 4), (5, 3)),
    ],
)
def test_torch_multiplies_with_the_kernel_and_adds_the_bias(
    text: str,
    bias_axes: str,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
) -> None:
    sizes = Equation(text, bias_axes, "layer").find_sizes(input_shape, output_shape)
    product = torch.einsum(text, torch.ones(input_shape), torch.ones(sizes.kernel))
    summed = 1
    for axis, size in sizes.summed.items():
        assert input_shape[axis] == size
    for axis in sizes.input_axes:
        summed *= sizes.kernel[axis]
    assert torch.equal(product, torch.full_like(product, summed))
    assert sizes.bias is not None
    assert (product + torch.ones(sizes.bias)).shape == product.shape


def test_sizes_worked_out_by_hand() -> None:
    sizes = Equation("abc,cde->abde", "e", "layer").find_sizes((None, 3, 4), (3, 5, 6))
    assert sizes.kernel == (4, 5, 6)
    assert sizes.bias == (6,)
    assert (sizes.input_axes, sizes.output_axes) == ((0,), (1, 2))
    assert sizes.summed == {2: 4}


def test_a_bias_has_size_one_along_letters_between_and_dots_behind() -> None:
    sizes = Equation("abc...,cd->abd...", "b", "layer").find_sizes((None, 3, 4, 8), (3, 5))
    assert sizes.bias == (3, 1, 1)
    assert Equation("ab,bc->ac", None, "layer").find_sizes((None, 3), (4,)).bias is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("ab,bc->ac", 1),
        ("abcd,cde->abe", 2),
        ("...c,cd->...d", 1),
        ("abc,dc->abd", None),  # the kernel lies the other way
        ("abc,bcd->abd", None),  # b is an axis of the outputs too
        ("ab...,bc->ac...", None),
    ],
)
def test_a_plain_matrix_product_is_told_apart(text: str, count: int | None) -> None:
    assert Equation(text, None, "layer").find_summed_count() == count


def test_a_bias_along_an_axis_of_unknown_size_is_refused() -> None:
    with pytest.raises(DataError, match="needs to know the size of axis 'b'"):
        Equation("abc,cd->abd", "bd", "layer").find_sizes((2, 3, 4), (None, 5))


def test_spaces_do_not_matter() -> None:
    assert Equation(" ab, bc -> ac ", None, "layer").text == "ab,bc->ac"


@pytest.mark.parametrize(
    ("text", "bias_axes", "reason"),
    [
        ("ab,bc", None, "argument 'equation' is 'ab,bc'; allowed: an equation such as"),
        (3, None, "argument 'equation' is 3;"),
        ("...ab...,bc->...ac...", None, "argument 'equation'"),
        ("ab,bcz->ac", None, "'z' is in the kernel alone"),
        ("ab,bc->acz", None, "'z' is in the outputs alone"),
        ("ab,bc->ac", "b", "argument 'bias_axes' is 'b'; allowed: letters of 'ac', or None"),
        ("ab,bc->ac", "", "argument 'bias_axes'"),
    ],
)
def test_what_is_no_equation_is_refused(text: object, bias_axes: object, reason: str) -> None:
    with pytest.raises(ArgumentValueError, match=reason):
        Equation(text, bias_axes, "einsum_dense")


@pytest.mark.parametrize(
    ("input_shape", "output_shape", "reason"),
    [
        ((2, 3), (3, 5), r"does not take inputs of shape \(2, 3\)"),
        ((2, 3, 4, 9), (3, 5), "does not take inputs of shape"),
        ((2, 3, 4), (5,), r"which does not fit output_shape \(5,\)"),
        ((2, 3, 4), (7, 5), "axis 'b' has size 3 in the inputs, .* and 7 in output_shape"),
        ((2, 3, None), (3, 5), "needs to know the size of axis 'c'"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    input_shape: tuple[int | None, ...], output_shape: tuple[int, ...], reason: str
) -> None:
    with pytest.raises(DataError, match=reason):
        Equation("abc,cd->abd", None, "layer").find_sizes(input_shape, output_shape)
