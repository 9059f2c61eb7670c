"""A traced function yields a graph and the origin of each of the graph's inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from kplug.training.jit.tracing import TracedGraph, as_input, trace


def test_a_function_runs_for_real_and_its_graph_does_the_same_again() -> None:
    def step(total: Tensor, x: Tensor) -> Sequence[Tensor]:
        total.add_(x.sum())
        return [total * 2]

    total = torch.zeros(1)
    found = trace(step, [total, torch.ones(3)])
    assert total.item() == 3.0
    assert (found.used, found.fixed) == ([0, 1], [])
    (output,) = found.graph(total, torch.tensor([1.0, 2.0, 4.0]))
    assert (total.item(), output.item()) == (10.0, 20.0)


def test_unused_tensors_are_no_inputs_and_tensors_of_closures_are_fixed_ones() -> None:
    factor = torch.tensor([2.0, 3.0])
    found = trace(lambda _, x: [x * factor + factor], [torch.ones(1), torch.ones(2)])
    assert found.used == [1]
    assert len(found.fixed) == 1
    assert found.fixed[0] is factor
    (output,) = found.graph(torch.tensor([10.0, 20.0]), torch.tensor([1.0, 2.0]))
    assert output.tolist() == [11.0, 42.0]


def test_a_single_double_is_taken_in_shape_1_and_written_all_the_same() -> None:
    double, single = torch.tensor(1.5, dtype=torch.float64), torch.tensor(1.5)
    assert as_input(double).shape == (1,)
    assert as_input(single).shape == ()
    assert not as_input(torch.ones(2, requires_grad=True)).requires_grad

    def step(number: Tensor) -> Sequence[Tensor]:
        number.mul_(2)
        return [number + 1]

    found = trace(step, [double])
    assert double.item() == 3.0
    (output,) = found.graph(as_input(double))
    assert (double.item(), output.item(), output.shape) == (6.0, 7.0, ())


def test_graphs_are_described_alike_only_if_they_compute_the_same() -> None:
    factor = torch.tensor([2.0])

    def scale_by(number: float, fixed: Tensor = factor) -> TracedGraph:
        return trace(lambda x: [x * torch.tensor(number) + fixed], [torch.ones(1)])

    description = scale_by(0.5).describe()
    assert scale_by(0.5).describe() == description
    assert scale_by(0.25).describe() != description
    assert scale_by(0.5, factor.clone()).describe() != description


@pytest.mark.parametrize(
    ("draw", "has_own"),
    [
        (lambda x: [x + torch.rand(1, generator=torch.Generator())], True),
        (lambda x: [x + torch.rand(1)], False),
    ],
)
def test_a_generator_of_its_own_is_found(
    draw: Callable[[Tensor], Sequence[Tensor]], has_own: bool
) -> None:
    assert trace(draw, [torch.ones(1)]).find_generator() is has_own


def test_a_function_can_tell_that_it_is_traced_and_its_error_ends_that() -> None:
    def fail(x: Tensor) -> Sequence[Tensor]:
        raise ValueError(f"compiling: {torch.compiler.is_compiling()}")

    with pytest.raises(ValueError, match=r"^compiling: True$"):
        trace(fail, [torch.ones(1)])
    assert not torch.compiler.is_compiling()


@pytest.mark.parametrize(
    ("channels", "strides"),
    [(1, [[30, 1, 6, 1]]), (2, [])],  # those of two channels have one meaning
)
def test_computed_images_of_one_channel_keep_their_channels_last(
    channels: int, strides: list[list[int]]
) -> None:
    def convolve(images: Tensor, kernel: Tensor) -> Sequence[Tensor]:
        reduced = images.permute(0, 3, 1, 2).bfloat16()
        more = reduced + 1  # uses the images before the convolution does
        return [functional.conv2d(reduced, kernel), functional.conv2d(reduced, kernel), more]

    images, kernel = torch.rand(2, 5, 6, channels), torch.rand(3, channels, 2, 2).bfloat16()
    found = trace(convolve, [images, kernel])
    restrided = [
        node.args[2]
        for node in found.graph.graph.nodes
        if node.target is torch.ops.aten.as_strided.default
    ]
    assert restrided == strides
    for computed, expected in zip(
        found.graph(images, kernel), convolve(images, kernel), strict=True
    ):
        assert computed.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(computed, expected)


def test_images_whose_channels_come_first_are_left_as_they_are() -> None:
    def convolve(images: Tensor, kernel: Tensor) -> Sequence[Tensor]:
        return [functional.conv2d(images * 2, kernel)]

    found = trace(convolve, [torch.rand(2, 1, 5, 6), torch.rand(3, 1, 2, 2)])
    assert "as_strided" not in str(found.graph.graph)
