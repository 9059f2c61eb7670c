"""The rules that Keras 3 shares with Keras 2, against Keras itself."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug import optimizers

# Keras holds the rate in float32; this one is exact there.
RATE = 2.0**-6

CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"learning_rate": RATE}),
    ("SGD", {"learning_rate": RATE, "momentum": 0.9}),
    ("SGD", {"learning_rate": RATE, "momentum": 0.9, "nesterov": True}),
    ("Adam", {"learning_rate": RATE}),
    ("Adam", {"learning_rate": RATE, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adam", {"learning_rate": RATE, "amsgrad": True}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adadelta", {"learning_rate": RATE, "rho": 0.8, "epsilon": 1e-4}),
    ("Adam", {"learning_rate": RATE, "clipnorm": 0.5}),
    ("SGD", {"learning_rate": RATE, "clipvalue": 0.25}),
    ("SGD", {"learning_rate": RATE, "global_clipnorm": 0.5}),
    ("SGD", {"learning_rate": RATE, "global_clipnorm": 100.0}),
]


def draw_gradients() -> list[list[np.ndarray[Any, np.dtype[np.float64]]]]:
    generator = np.random.default_rng(7)
    return [[generator.normal(size=(3, 2)), generator.normal(size=(2,))] for _ in range(10)]


# Keras's conversion to NumPy: torch's __array__ does not know NumPy 2's copy argument.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_ten_steps(name: str, arguments: dict[str, Any]) -> None:
    starts = [np.ones((3, 2)), -np.ones(2)]
    variables = [keras.Variable(start, dtype="float64") for start in starts]
    parameters = [torch.nn.Parameter(torch.tensor(start)) for start in starts]
    peer = getattr(keras.optimizers, name)(**arguments)
    ours = getattr(optimizers, name)(**arguments).build(parameters)
    for gradients in draw_gradients():
        peer.apply([torch.tensor(gradient) for gradient in gradients], variables)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = torch.tensor(gradient)
        ours.step()
    # Keras rounds the norm that clipnorm compares with to float32, whatever the gradient's type.
    tolerance = 1e-7 if "clipnorm" in arguments else 1e-9
    for parameter, variable in zip(parameters, variables, strict=True):
        np.testing.assert_allclose(
            parameter.detach().numpy(),
            keras.ops.convert_to_numpy(variable),
            rtol=tolerance,
            atol=1e-12,
        )
