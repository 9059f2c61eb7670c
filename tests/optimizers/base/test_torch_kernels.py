"""Parameters that lie transposed in memory, as the kernels of layers do."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kplug import optimizers
from kplug.optimizers.base.torch_kernels import use_memory_order

MAKERS: dict[str, Callable[[], optimizers.Optimizer]] = {
    "sgd": lambda: optimizers.SGD(lr=0.1),
    "momentum": lambda: optimizers.SGD(lr=0.1, momentum=0.9),
    "rmsprop": lambda: optimizers.RMSprop(lr=0.1),
    "adagrad": lambda: optimizers.Adagrad(lr=0.1),
    "adadelta": lambda: optimizers.Adadelta(lr=0.1),
    "adam": lambda: optimizers.Adam(lr=0.1),
    "amsgrad": lambda: optimizers.Adam(lr=0.1, amsgrad=True),
    "nadam": lambda: optimizers.Nadam(lr=0.1),
    "adamax": lambda: optimizers.Adamax(lr=0.1),
    "adamw": lambda: optimizers.AdamW(lr=0.1),
    "lion": lambda: optimizers.Lion(lr=0.1),
    "lamb": lambda: optimizers.Lamb(lr=0.1),
    "ftrl": lambda: optimizers.Ftrl(lr=0.1),
    "adafactor": lambda: optimizers.Adafactor(lr=0.1),
    "muon": lambda: optimizers.Muon(lr=0.1),
    "schedule free": lambda: optimizers.ScheduleFreeAdamW(lr=0.1),
}


def turned(tensor: Tensor) -> Tensor:
    """Return the same values with the axes in reverse order in memory."""
    axes = list(range(tensor.ndim))[::-1]
    return tensor.permute(axes).contiguous().permute(axes)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("shape", [(6,), (3, 4)])
def test_a_parameter_with_gaps_in_memory_is_updated_alone(
    name: str, shape: tuple[int, ...]
) -> None:
    start = torch.linspace(-1.0, 1.0, torch.Size(shape).numel()).reshape(shape)
    memory = torch.full((*shape, 2), 7.0)
    memory[..., 0] = start
    gapped, plain = torch.nn.Parameter(memory[..., 0]), torch.nn.Parameter(start.clone())
    gapped_optimizer, plain_optimizer = (MAKERS[name]().build([each]) for each in (gapped, plain))
    for step in range(3):
        gapped.grad = start * (step + 1) - 0.3
        plain.grad = start * (step + 1) - 0.3
        gapped_optimizer.step()
        plain_optimizer.step()
    torch.testing.assert_close(gapped.detach(), plain.detach(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(memory[..., 1], torch.full(shape, 7.0), rtol=0, atol=0)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_every_element_of_a_half_type_is_updated(name: str, dtype: torch.dtype) -> None:
    half = torch.nn.Parameter(torch.zeros(72, dtype=dtype))
    full = torch.nn.Parameter(torch.zeros(72))
    for parameter in (half, full):
        parameter.grad = torch.linspace(0.5, 1.5, 72).to(parameter.dtype)
        MAKERS[name]().build([parameter]).step()
    largest = float(full.detach().abs().max())
    torch.testing.assert_close(half.detach().float(), full.detach(), rtol=0.1, atol=0.02 * largest)


@pytest.mark.parametrize("name", ["adam", "amsgrad", "adamw"])
def test_squares_of_small_gradients_do_not_underflow_in_float16(name: str) -> None:
    parameter = torch.nn.Parameter(torch.zeros(72, dtype=torch.float16))
    parameter.grad = torch.linspace(0.001, 0.004, 72).half()  # v is a thousandth of the square
    MAKERS[name]().build([parameter]).step()
    expected = torch.full((72,), -0.1)  # in the first step m / √v is the sign
    torch.testing.assert_close(parameter.detach().float(), expected, rtol=0.01, atol=0)


def keep(tensor: Tensor) -> Tensor:
    """Return the same values in the usual order in memory."""
    return tensor.contiguous().clone()


@pytest.mark.parametrize("shape", [(200, 100), (3, 3, 64, 32), (5, 4)])
@pytest.mark.parametrize("name", MAKERS)
def test_the_order_in_memory_does_not_change_the_update(name: str, shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(shape, generator=generator)
    gradients = [torch.randn(shape, generator=generator) for _ in range(3)]
    found = []
    for order_parameter, order_gradient in (
        (keep, keep),
        (turned, turned),
        (turned, keep),
        (keep, turned),
    ):
        weight = torch.nn.Parameter(order_parameter(values))
        optimizer = MAKERS[name]().build([weight])
        for gradient in gradients:
            weight.grad = order_gradient(gradient)
            optimizer.step()
        found.append(weight.detach())
    for other in found[1:]:
        torch.testing.assert_close(other, found[0])


@pytest.mark.parametrize("name", MAKERS)
def test_a_state_of_the_other_order_goes_on_as_it_was(name: str) -> None:
    values, gradient = torch.randn(200, 100), torch.randn(200, 100)
    weights = [torch.nn.Parameter(order(values)) for order in (keep, turned)]
    first, second = (MAKERS[name]().build([weight]) for weight in weights)
    weights[0].grad = gradient
    first.step()
    with torch.no_grad():
        weights[1].copy_(weights[0])
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for weight, optimizer in zip(weights, (first, second), strict=True):
        weight.grad = gradient * 2
        optimizer.step()
    torch.testing.assert_close(weights[1], weights[0])


def test_views_share_their_memory_with_what_they_stand_for() -> None:
    parameter, gradient = turned(torch.zeros(200, 100)), turned(torch.zeros(200, 100))
    parameters, gradients = [parameter], [gradient]
    use_memory_order(parameters, gradients, [])
    assert parameters[0].is_contiguous()
    parameters[0].add_(1)
    gradients[0].add_(2)
    assert (float(parameter.sum()), float(gradient.sum())) == (20000.0, 40000.0)
