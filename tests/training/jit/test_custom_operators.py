"""Operations that a graph leaves to torch's kernels, and that they give what these give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from kplug.layers.recurrent.base import jit_gru, jit_lstm  # noqa: F401 - their operators
from kplug.training.jit.custom_operators import keep_kernels
from kplug.training.jit.tracing import TracedGraph, trace

IMAGE = torch.tensor([[[[1.0, 2.0, 9.0, 0.0], [4.0, 3.0, 5.0, 6.0]]]])


def pool_and_go_back(image: Tensor) -> Sequence[Tensor]:
    leaf = image.detach().requires_grad_()
    return torch.autograd.grad(functional.max_pool2d(leaf, 2).sum() * 3.0, leaf)


def measure_margin(scores: Tensor, targets: Tensor) -> Sequence[Tensor]:
    return [functional.multilabel_margin_loss(scores, targets)]


def keep(
    function: Callable[..., Sequence[Tensor]], tensors: Sequence[Tensor], *, is_on_cpu: bool
) -> tuple[TracedGraph, bool]:
    """Return a traced graph with its kernels kept, and whether it has an operator of kplug's."""
    found = trace(function, tensors)
    keep_kernels(found.graph, is_on_cpu=is_on_cpu)
    return found, any("kplug" in str(node.target) for node in found.graph.graph.nodes)


@pytest.mark.parametrize("is_on_cpu", [True, False])
def test_the_gradient_of_max_pooling_is_kept_on_a_cpu_only(is_on_cpu: bool) -> None:
    found, is_kept = keep(pool_and_go_back, [IMAGE], is_on_cpu=is_on_cpu)
    assert is_kept is is_on_cpu
    (gradient,) = found.graph(IMAGE)
    assert gradient.tolist() == [[[[0.0, 0.0, 3.0, 0.0], [3.0, 0.0, 0.0, 0.0]]]]


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": (3, 2)},
        {"kernel_size": 3, "stride": (1, 2), "padding": 1},
        {"kernel_size": 2, "stride": 1, "dilation": (2, 1)},
        {"kernel_size": (2, 3), "stride": 2, "padding": (0, 1), "ceil_mode": True},
    ],
    ids=str,
)
def test_the_gradient_of_max_pooling_is_that_of_torch(options: dict[str, Any]) -> None:
    def pool(image: Tensor) -> Sequence[Tensor]:
        leaf = image.detach().requires_grad_()
        return torch.autograd.grad(functional.max_pool2d(leaf, **options).square().sum(), leaf)

    image = torch.rand(2, 3, 7, 8, generator=torch.Generator().manual_seed(0))
    found, is_kept = keep(pool, [image], is_on_cpu=True)
    assert is_kept
    assert torch.equal(found.graph(image)[0], pool(image)[0])


@pytest.mark.parametrize(
    "schema",
    [each for each in torch._C._jit_get_all_schemas() if each.name.startswith("kplug::")],
    ids=lambda schema: schema.name,
)
def test_an_operator_takes_and_gives_no_lists(schema: torch.FunctionSchema) -> None:
    """Code that calls one with lists includes torch's dispatcher: seconds more of the C++ compiler."""
    kinds = {str(each.type) for each in (*schema.arguments, *schema.returns)}
    assert kinds <= {"Tensor", "Optional[Tensor]", "int", "float", "bool"}


@pytest.mark.parametrize("is_on_cpu", [True, False])
def test_the_multilabel_margin_loss_is_kept_everywhere(is_on_cpu: bool) -> None:
    scores, targets = torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]])
    found, is_kept = keep(measure_margin, [scores, targets], is_on_cpu=is_on_cpu)
    assert is_kept
    # Classes 3 and 0 against 1 and 2: (1.1 + 1.3 + 0.4 + 0.6) / 4.
    torch.testing.assert_close(found.graph(scores, targets)[0], torch.tensor(0.85))


def test_a_graph_without_these_operations_stays_as_it_is() -> None:
    found = trace(lambda x: [x.exp() + 1], [IMAGE])
    code = found.graph.code
    keep_kernels(found.graph, is_on_cpu=True)
    assert found.graph.code == code


def test_the_operators_tell_the_compiler_the_shapes_that_they_give() -> None:
    scores, targets = torch.empty(5, 4, device="meta"), torch.empty(5, 4, device="meta").long()
    loss, is_target = torch.ops.kplug.multilabel_margin_loss(scores, targets, 0)
    assert (loss.shape, is_target.shape) == ((5,), (5, 4))
    image, pooled = torch.empty(2, 3, 8, 6, device="meta"), torch.empty(2, 3, 4, 3, device="meta")
    gradient = torch.ops.kplug.max_pool2d_backward(
        pooled, image, 2, 2, 2, 2, 0, 0, 1, 1, False, pooled.long()
    )
    assert gradient.shape == (2, 3, 8, 6)


def make_normalize(momentum: float = 1.0, *, has_gamma: bool = True) -> Any:
    """Return a function that normalizes a batch as a layer does, and goes back."""

    def normalize(images: Tensor, gamma: Tensor, beta: Tensor, weights: Tensor) -> Sequence[Tensor]:
        leaves = [each.detach().requires_grad_() for each in (images, gamma, beta)]
        mean, variance = torch.zeros_like(gamma), torch.zeros_like(gamma)
        outputs = torch.batch_norm(
            leaves[0],
            leaves[1] if has_gamma else None,
            leaves[2],
            mean,
            variance,
            True,
            momentum,
            1e-3,
            False,
        )
        loss = (outputs * weights).sum()
        return [
            outputs.detach(),
            mean,
            variance,
            *torch.autograd.grad(loss, leaves, allow_unused=True)[:1],
        ]

    return normalize


def draw_images(*shape: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    sizes = (shape, shape[1:2], shape[1:2], shape)
    return [torch.randn(size, generator=generator) for size in sizes]


@pytest.mark.parametrize("shape", [(1 << 14, 8), (32, 8, 32, 32), (4, 16, 2048)], ids=str)
def test_large_batch_normalizations_are_kept(shape: tuple[int, ...]) -> None:
    normalize, tensors = make_normalize(), draw_images(*shape)
    found, is_kept = keep(normalize, tensors, is_on_cpu=True)
    assert is_kept
    code = found.graph.code
    assert "kplug.batch_norm.default" in code
    assert "kplug.batch_norm_backward.default" in code
    assert "aten.native_batch_norm" not in code
    # In float64, by the definition.
    images, gamma, beta, weights = (each.double() for each in tensors)
    axes = [axis for axis in range(len(shape)) if axis != 1]
    view = [-1 if axis == 1 else 1 for axis in range(len(shape))]
    leaf = images.requires_grad_()
    mean, variance = leaf.mean(axes), leaf.var(axes, unbiased=True)
    biased = leaf.var(axes, unbiased=False).view(view)
    outputs = (leaf - mean.view(view)) * torch.rsqrt(biased + 1e-3) * gamma.view(view) + beta.view(
        view
    )
    (gradient,) = torch.autograd.grad((outputs * weights).sum(), leaf)
    for ours, expected in zip(
        found.graph(*tensors), (outputs, mean, variance, gradient), strict=True
    ):
        size = expected.abs().max().item()
        torch.testing.assert_close(ours.double(), expected.detach(), rtol=0, atol=3e-5 * size)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((64, 8), {}),
        ((1 << 14, 8), {"has_gamma": False}),
        ((1 << 14, 8), {"momentum": 0.1}),
    ],
    ids=str,
)
def test_other_batch_normalizations_are_left_to_the_compiler(
    shape: tuple[int, ...], options: dict[str, Any]
) -> None:
    found, _ = keep(make_normalize(**options), draw_images(*shape), is_on_cpu=True)
    assert "kplug.batch_norm.default" not in found.graph.code
