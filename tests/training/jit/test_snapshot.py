"""A snapshot puts back what a step has changed: values in place, and the state of generators."""

from __future__ import annotations

import pytest
import torch

from kplug.training.jit.snapshot import StateSnapshot


def test_values_are_put_back_into_the_same_memory() -> None:
    weight, count = torch.ones(2, requires_grad=True), torch.tensor(3)
    view = torch.zeros(2, 3).T
    place = weight.data_ptr()
    snapshot = StateSnapshot([weight, count, view], [])
    with torch.no_grad():
        weight.mul_(5.0)
    count.add_(1)
    view[0, 0] = float("nan")
    snapshot.restore()
    assert weight.tolist() == [1.0, 1.0]
    assert (weight.data_ptr(), weight.requires_grad, weight.grad_fn) == (place, True, None)
    assert count.item() == 3
    assert view.tolist() == [[0.0, 0.0]] * 3


def test_a_snapshot_can_be_restored_again() -> None:
    weight = torch.ones(1)
    snapshot = StateSnapshot([weight], [])
    for value in (7.0, 8.0):
        weight.fill_(value)
        snapshot.restore()
        assert weight.item() == 1.0


def test_generators_and_the_global_generator_draw_the_same_again() -> None:
    generator = torch.Generator().manual_seed(5)
    expected = torch.rand(4, generator=torch.Generator().manual_seed(5))
    torch.manual_seed(9)
    snapshot = StateSnapshot([], [generator])
    first = torch.rand(4)
    torch.rand(2, generator=generator)
    snapshot.restore()
    assert torch.equal(torch.rand(4), first)
    assert torch.equal(torch.rand(4, generator=generator), expected)


def test_a_tensor_that_was_resized_cannot_be_put_back() -> None:
    weight = torch.ones(2)
    snapshot = StateSnapshot([weight], [])
    weight.resize_(3)
    with pytest.raises(RuntimeError, match="must match the size of tensor"):
        snapshot.restore()
