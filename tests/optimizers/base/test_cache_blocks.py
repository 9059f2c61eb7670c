"""Parameters cut into blocks: each element once, in the same memory, with its own gradient."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kplug.optimizers.base.cache_blocks import BLOCK_BYTES, MOST_THREADS, walk

ELEMENTS = BLOCK_BYTES // 4  # of float32, in one block of one thread


def count_up(*shape: int) -> Tensor:
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)


def test_small_tensors_stay_whole_and_together() -> None:
    parameters = [count_up(2, 3), count_up(ELEMENTS)]
    gradients = [-parameter for parameter in parameters]
    found = list(walk(parameters, gradients))
    assert len(found) == 1
    for given, yielded in zip((parameters, gradients), found[0], strict=True):
        assert all(one is other for one, other in zip(given, yielded, strict=True))


def test_small_tensors_come_before_the_blocks_of_a_large_one() -> None:
    length = ELEMENTS * min(torch.get_num_threads(), MOST_THREADS)
    large, small = count_up(2 * length + 5), count_up(3)
    found = list(walk([large, small]))
    assert found[0][0][0] is small
    assert [block.numel() for ((block,),) in found[1:]] == [length, length, 5]
    assert torch.equal(torch.cat([block for ((block,),) in found[1:]]), large)


@pytest.mark.parametrize("is_turned", [False, True])
def test_blocks_of_parameter_and_gradient_belong_together_and_are_views(is_turned: bool) -> None:
    parameter = count_up(1000, 1000)
    parameter = parameter.T if is_turned else parameter
    gradient = parameter * 2  # lies in memory as the parameter does
    expected = parameter - gradient
    for (block,), (slope,) in walk([parameter], [gradient]):
        assert block.ndim == 1
        assert block.numel() <= MOST_THREADS * ELEMENTS
        block -= slope
    assert torch.equal(parameter, expected)


@pytest.mark.parametrize("reason", ["strides", "dtype", "gaps"])
def test_a_large_tensor_that_cannot_be_cut_stays_whole(reason: str) -> None:
    parameter = count_up(1000, 1000)
    gradient = parameter.clone()
    if reason == "strides":
        gradient = gradient.T
    elif reason == "dtype":
        gradient = gradient.double()
    else:
        parameter, gradient = parameter[:, ::2], gradient[:, ::2]
    ((parameters, gradients),) = walk([parameter], [gradient])
    assert parameters[0] is parameter
    assert gradients[0] is gradient


def test_lists_of_unequal_length_are_refused() -> None:
    large = count_up(ELEMENTS + 1)
    with pytest.raises(ValueError, match="shorter"):
        list(walk([large, count_up(3)], [large]))
