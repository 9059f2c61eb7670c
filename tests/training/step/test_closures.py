"""Optimizers that compute the loss of a batch themselves: `fit` trains as the loop by hand does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import kplug
from kplug.errors import ContractError, EagerStepWarning, LossWithoutGradientError
from kplug.layers import Dense
from kplug.models import Sequential, load_model
from kplug.optimizers import SGD

X = torch.linspace(-1.0, 1.0, 48).reshape(16, 3)
Y = X.sum(1, keepdim=True).sin()
BATCHES = [(X[:8], Y[:8]), (X[8:], Y[8:])]


class Sharpness(torch.optim.SGD):
    """A small SAM: the gradients are those a step up the slope."""

    needs_closure = True

    def __init__(self, params: Any, lr: float = 0.1, rho: float = 0.05) -> None:
        super().__init__(params, lr=lr)
        self.rho = rho

    def step(self, closure: Any = None) -> Any:
        loss = closure()
        weights = self.param_groups[0]["params"]
        moves = [weight.grad * self.rho for weight in weights]
        with torch.no_grad():
            torch._foreach_add_(weights, moves)
        closure()
        with torch.no_grad():
            torch._foreach_sub_(weights, moves)
        super().step()
        return loss


OPTIMIZERS: dict[str, tuple[Any, Callable[..., torch.optim.Optimizer]]] = {
    "lbfgs": (functools.partial(torch.optim.LBFGS, lr=0.5, max_iter=4),) * 2,
    "line search": (
        functools.partial(torch.optim.LBFGS, max_iter=3, line_search_fn="strong_wolfe"),
    )
    * 2,
    "stated": (Sharpness, Sharpness),
}


def make_model(kind: type[Sequential] = Sequential, **options: Any) -> Sequential:
    kplug.utils.set_random_seed(0)
    model = kind([Dense(4, activation="tanh", input_shape=(3,), **options), Dense(1)])
    model.get_weights()  # which are drawn by now
    return model


def train_by_hand(
    model: Sequential, optimizer: torch.optim.Optimizer, decay: float = 0.0
) -> list[float]:
    """Make two epochs; return the first loss of each step."""
    losses = []
    for x, y in BATCHES * 2:
        found: list[Tensor] = []

        def closure(x: Tensor = x, y: Tensor = y, found: list[Tensor] = found) -> Any:
            optimizer.zero_grad()
            loss = (model(x) - y).square().mean()
            loss = loss + decay * next(model.parameters()).square().sum()
            loss.backward()
            found.append(loss.detach())
            return loss.detach()

        optimizer.step(closure)
        assert len(found) > 1
        losses.append(float(found[0]))
    return losses


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fit_trains_as_the_loop_by_hand(name: str) -> None:
    given, make = OPTIMIZERS[name]
    ours, theirs = make_model(kernel_regularizer="l2(0.01)"), make_model()
    losses = train_by_hand(theirs, make(theirs.parameters()), 0.01)
    ours.compile(given, "mse", metrics=["mse"])
    history = ours.fit(X, Y, 8, 2, shuffle=False, verbose=0).history
    for found, wanted in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)
    expected = [sum(losses[:2]) / 2, sum(losses[2:]) / 2]
    assert history["loss"] == pytest.approx(expected, rel=1e-6)
    assert history["mse"][0] < history["loss"][0]  # of the first time too, without the penalty


class OwnStep(Sequential):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


class OwnLoss(Sequential):
    def compute_loss(self, *given: Any, **options: Any) -> Any:
        return super().compute_loss(*given, **options)


@pytest.mark.parametrize("kind", [OwnStep, OwnLoss])
def test_methods_of_a_class_are_called_in_the_closure(kind: type[Sequential]) -> None:
    given, make = OPTIMIZERS["lbfgs"]
    ours, theirs = make_model(kind), make_model()
    losses = train_by_hand(theirs, make(theirs.parameters()))
    ours.compile(given, "mse")
    history = ours.fit(X, Y, 8, 2, shuffle=False, verbose=0).history
    for found, wanted in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)
    assert history["loss"][0] == pytest.approx(sum(losses[:2]) / 2, rel=1e-6)


def test_constraints_hold_after_the_step() -> None:
    model = make_model(kernel_constraint="non_neg")
    model.compile(functools.partial(torch.optim.LBFGS, max_iter=3), "mse")
    model.fit(X, Y, verbose=0)
    assert model.get_weights()[0].min() >= 0.0


def test_steps_that_are_to_be_compiled_run_eagerly_with_one_warning() -> None:
    found = []
    for jit_compile in (False, True):
        model = make_model()
        model.compile(
            functools.partial(torch.optim.LBFGS, max_iter=3), "mse", jit_compile=jit_compile
        )
        if jit_compile:
            with pytest.warns(EagerStepWarning, match="no list of tensor operations") as told:
                model.fit(X, Y, 8, 2, shuffle=False, verbose=0)
            assert len(told) == 1
        else:
            model.fit(X, Y, 8, 2, shuffle=False, verbose=0)
        found.append(model.get_weights())
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_first_loss_is_checked_as_in_any_step() -> None:
    model = make_model()
    model.compile(torch.optim.LBFGS, lambda y_true, y_pred: (y_pred > y_true).float())
    with pytest.raises(LossWithoutGradientError):
        model.fit(X, Y, verbose=0)


class Around(Sharpness):
    """Holds another optimizer, as SAM does."""

    def __init__(self, params: Any, inner: Any) -> None:
        super().__init__(params)
        self.inner = kplug.optimizers.get(inner, params)


def test_accumulated_gradients_are_refused() -> None:
    model = make_model()
    model.compile(lambda params: Around(params, SGD(gradient_accumulation_steps=4)), "mse")
    with pytest.raises(ContractError) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught.value) == (
        "the optimizer Around computes the loss of a batch again at other weights, and SGD accumulates the "
        "gradients of several batches, which are gone by then\n"
        "  Leave gradient_accumulation_steps out, and take a larger batch_size."
    )


def test_a_training_goes_on_from_a_file(tmp_path: Path) -> None:
    model = make_model()
    model.compile(torch.optim.LBFGS, "mse")
    model.fit(X, Y, 8, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    with kplug.scope(optimizers={"LBFGS": torch.optim.LBFGS}):
        loaded = load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        each.fit(X, Y, 8, shuffle=False, verbose=0)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
