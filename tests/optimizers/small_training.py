"""A parameter with its gradient, and a small model, for tests of one step and of ``fit``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import kplug
from kplug import optimizers
from kplug.layers import Dense


def make_parameter(*values: float) -> torch.nn.Parameter:
    """Return a parameter, 1 by default, with a gradient of ones."""
    parameter = torch.nn.Parameter(torch.tensor(values or (1.0,), dtype=torch.float64))
    parameter.grad = torch.ones_like(parameter)
    return parameter


def step_with(optimizer: optimizers.Optimizer, parameter: torch.Tensor, gradient: float) -> float:
    """Make one step with a gradient, and return the parameter's value."""
    parameter.grad = torch.full_like(parameter, gradient)
    optimizer.step()
    return parameter.item()


def make_model(optimizer: Any) -> kplug.Sequential:
    """Return a compiled linear model of two features."""
    kplug.utils.set_random_seed(0)
    model = kplug.Sequential([Dense(1, kernel_initializer="ones", input_dim=2)])
    model.compile(loss="mean_squared_error", optimizer=optimizer)
    return model


def fit(model: kplug.Sequential, epochs: int = 1) -> list[Any]:
    """Train the model on one batch an epoch, and return its weights."""
    data = np.ones((4, 2), dtype="float32"), np.zeros((4, 1), dtype="float32")
    model.fit(*data, epochs=epochs, batch_size=4, verbose=0)
    return list(model.get_weights())
