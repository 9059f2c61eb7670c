"""Gradient clipping: the reference's example, and gradients that are zero, infinite or missing."""

from __future__ import annotations

import pytest
import torch

from kplug.optimizers import SGD


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
