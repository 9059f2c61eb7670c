"""Gradient clipping: the reference's example, and gradients that are zero, infinite or missing."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug import optimizers
from kplug.optimizers import SGD
from kplug.optimizers.adapt import differentiate


def clip(gradients: list[list[float]], **limits: float) -> list[list[float]]:
    parameters = [torch.zeros(len(gradient), dtype=torch.float64) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = torch.tensor(gradient, dtype=torch.float64)
    clipping = SGD(**limits)._clipping  # type: ignore[arg-type]
    if clipping is not None:
        clipping.apply([*parameters, torch.zeros(3)])  # the last one has no gradient
    return [parameter.grad.tolist() for parameter in parameters if parameter.grad is not None]


EXAMPLES = [
    ({"clipnorm": 1.0}, [[0.6, 0.8], [1.0]]),
    ({"global_clipnorm": 1.0}, [[3 / 13, 4 / 13], [12 / 13]]),
    ({"clipvalue": 3.5}, [[3.0, 3.5], [3.5]]),
    ({"clipnorm": 100.0}, [[3.0, 4.0], [12.0]]),
    ({"global_clipnorm": 13.0}, [[3.0, 4.0], [12.0]]),
    ({"clipnorm": 0.0}, [[3.0, 4.0], [12.0]]),
]


@pytest.mark.parametrize(("limits", "expected"), EXAMPLES)
def test_three_meanings(limits: dict[str, float], expected: list[list[float]]) -> None:
    clipped = clip([[3.0, 4.0], [12.0]], **limits)
    assert clipped == [pytest.approx(values, rel=1e-15) for values in expected]


@pytest.mark.parametrize("name", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_zero_gradients_stay_zero(name: str) -> None:
    assert clip([[0.0, 0.0]], **{name: 1.0}) == [[0.0, 0.0]]


def test_an_infinite_gradient_shows_everywhere() -> None:
    clipped = clip([[1.0, float("inf")], [2.0]], global_clipnorm=1.0)
    assert all(value != value for values in clipped for value in values)


def test_the_config_names_the_limit() -> None:
    config = SGD(clipnorm=2.0).get_config()
    assert config["clipnorm"] == 2.0
    assert "clipvalue" not in config
    assert SGD.from_config(config).get_config() == config


@pytest.mark.parametrize("limit", [{"global_clipnorm": 0.1}, {"clipnorm": 0.1}, {"clipvalue": 0.1}])
def test_given_gradients_that_two_weights_share_are_clipped_once(limit: dict[str, Any]) -> None:
    weights = [torch.nn.Parameter(torch.zeros(4)) for _ in range(2)]
    copies = [torch.nn.Parameter(torch.zeros(4)) for _ in range(2)]
    shared = torch.tensor([3.0, -4.0, 0.5, 2.0])
    optimizers.SGD(1.0, **limit).apply([shared, shared], weights)
    optimizers.SGD(1.0, **limit).apply([shared.clone(), shared.clone()], copies)
    for one, other in zip(weights, copies, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=0)
    torch.testing.assert_close(shared, torch.tensor([3.0, -4.0, 0.5, 2.0]), rtol=0, atol=0)


def test_an_expanded_gradient_is_clipped() -> None:
    weight = torch.nn.Parameter(torch.zeros(4))
    optimizers.Lion(1.0, clipnorm=0.1).apply([torch.ones(()).expand(4)], [weight])
    torch.testing.assert_close(weight.detach(), -torch.ones(4), rtol=1e-6, atol=0)


def test_gradients_that_keep_their_graph_are_shared_by_no_two_weights() -> None:
    weights = [torch.nn.Parameter(torch.zeros(4)) for _ in range(2)]
    differentiate(((weights[0] + weights[1] - 1) ** 2).sum(), weights, keep_graph=True)
    first, second = (weight.grad for weight in weights)
    assert first is not None
    assert second is not None
    assert first.data_ptr() != second.data_ptr()
    torch.testing.assert_close(first, second, rtol=0, atol=0)
