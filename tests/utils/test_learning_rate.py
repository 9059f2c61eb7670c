"""The learning-rate finder: against the formula, and what it leaves as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug.errors import ArgumentValueError, DataError, NotCompiledError
from kplug.layers import Dense
from kplug.models import Sequential
from kplug.utils import find_learning_rate

X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X @ np.array([[1.0], [-2.0], [0.5]], "float32") + 3.0


def _model(optimizer: Any = "sgd") -> Sequential:
    model = Sequential([Dense(1, input_dim=3, kernel_initializer="zeros")])
    model.compile(optimizer, "mse")
    return model


def _expect(low: float, high: float, steps: int) -> tuple[list[float], list[float], float]:
    """Return rates, losses and suggestion by the formula, for gradient descent on all samples in float64."""
    x, y = np.c_[X, np.ones(len(X))].astype(float), Y.astype(float)
    weights, mean = np.zeros((4, 1)), 0.0
    rates, losses = [], []
    for i in range(steps):
        rate = low * (high / low) ** (i / (steps - 1))
        error = x @ weights - y
        mean = 0.98 * mean + 0.02 * float((error**2).mean())
        rates.append(rate)
        losses.append(mean / (1 - 0.98 ** (i + 1)))
        if i and losses[-1] > 4 * min(losses):
            break
        weights -= rate * 2 * x.T @ error / len(x)
    return rates, losses, rates[int(np.argmin(losses))] / 10


@pytest.mark.parametrize(("high", "is_cut"), [(0.1, False), (10.0, True)])
def test_rates_losses_and_suggestion_are_those_of_the_formula(high: float, is_cut: bool) -> None:
    found = find_learning_rate(_model(), X, Y, low=1e-4, high=high, steps=60, shuffle=False)
    rates, losses, suggestion = _expect(1e-4, high, 60)
    assert (len(rates) < 60) == is_cut
    np.testing.assert_allclose(found.rates, rates, rtol=1e-6)
    # The last two have left the range in which float32 has the digits of float64.
    np.testing.assert_allclose(found.losses[:-2], losses[:-2], rtol=1e-4)
    assert found.suggestion == pytest.approx(suggestion)


@pytest.mark.parametrize(
    "optimizer", ["adam(lr=0.5)", "torch/adam(lr=0.5)", "sgd(cosine_decay(0.5, 9))"]
)
def test_the_model_and_random_numbers_stay_as_they_were(optimizer: str) -> None:
    model = _model(optimizer)
    model.fit(X, Y, verbose=0)
    before, history, iterations = model.get_weights(), model.history, model.optimizer
    kplug.utils.set_random_seed(3)
    expected = torch.rand(1).item(), np.random.random()
    kplug.utils.set_random_seed(3)
    find_learning_rate(model, X, Y, steps=20, batch_size=8)
    assert (torch.rand(1).item(), np.random.random()) == expected
    assert all(map(np.array_equal, model.get_weights(), before))
    assert model.history is history
    assert model.optimizer is iterations


def test_batches_of_a_loader_are_taken_as_they_come() -> None:
    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    loader = torch.utils.data.DataLoader(data, batch_size=32)
    options: dict[str, Any] = {"low": 1e-4, "high": 0.1, "steps": 30}
    ours = find_learning_rate(_model(), loader, **options)
    np.testing.assert_allclose(ours.losses, _expect(1e-4, 0.1, 30)[1], rtol=1e-4)


def test_the_curve_is_drawn(tmp_path: Path) -> None:
    found = find_learning_rate(_model(), X, Y, low=1e-4, high=10.0, steps=60)
    said = found.plot(tmp_path / "rates.png")
    assert said.startswith(f"suggested: {found.suggestion:.2g}: loss over log₁₀ of the ")
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"low": 0.0}, "find_learning_rate: argument 'low' is 0.0; allowed: a finite number > 0"),
        (
            {"high": 1e-9},
            "find_learning_rate: argument 'high' is 1e-09; allowed: a finite number > 1e-07",
        ),
        ({"steps": 1}, "find_learning_rate: argument 'steps' is 1; allowed: an integer >= 2"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        find_learning_rate(_model(), X, Y, **arguments)
    assert str(caught.value) == text


def test_a_rate_that_begins_too_high_is_said() -> None:
    with pytest.raises(DataError) as caught:
        find_learning_rate(_model(), X, Y, low=100.0, high=1000.0, shuffle=False)
    assert str(caught.value) == (
        "find_learning_rate: the loss falls at no rate from 100 to 1000\n"
        "  Begin with a smaller rate, low=…, and see whether fit trains the model at all."
    )


def test_a_model_that_is_not_compiled_is_said() -> None:
    with pytest.raises(NotCompiledError):
        find_learning_rate(Sequential([Dense(1)]), X, Y)
