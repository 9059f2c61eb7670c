"""Optimizers that differentiate the gradients, such as those that estimate second derivatives."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import Tensor

from kplug.errors import ContractError
from kplug.layers import Dense
from kplug.models import Sequential
from kplug.training.jit import step_choice, torch_compiler

X = torch.linspace(-1.0, 1.0, 24).reshape(8, 3)
Y = X.sum(1, keepdim=True).sin()


class Newton(torch.optim.Optimizer):
    """Divides each gradient by the sum of its row of the Hessian matrix."""

    needs_gradient_graph = True

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr})

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        weights = [p for p in self.param_groups[0]["params"] if p.grad is not None]
        gradients: list[Any] = [p.grad for p in weights]
        rows = torch.autograd.grad(gradients, weights, [torch.ones_like(p) for p in weights])
        with torch.no_grad():
            for weight, gradient, row in zip(weights, gradients, rows, strict=True):
                weight.sub_(self.param_groups[0]["lr"] * gradient / (row.abs() + 1.0))


class LossOfItsOwn(Sequential):
    def compute_loss(self, *given: Any, **options: Any) -> Any:
        return super().compute_loss(*given, **options)


def make_model(kind: type[Sequential] = Sequential, **options: Any) -> Sequential:
    torch.manual_seed(0)
    frozen = Dense(4, activation="tanh", input_shape=(3,), trainable=False)
    model = kind([frozen, Dense(4, activation="tanh"), Dense(1)])
    model.compile(Newton, "mse", **options)
    return model


def train_by_hand() -> list[Tensor]:
    model = make_model()
    optimizer = Newton([p for p in model.parameters() if p.requires_grad])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, of the cycle that is not broken here
        for _ in range(3):
            optimizer.zero_grad()
            (model(X) - Y).square().mean().backward(create_graph=True)
            optimizer.step()
    return [torch.as_tensor(weight) for weight in model.get_weights()]


def train(model: Sequential) -> list[Tensor]:
    for _ in range(3):
        model.train_on_batch(X, Y)
    return [torch.as_tensor(weight) for weight in model.get_weights()]


@pytest.mark.parametrize("kind", [Sequential, LossOfItsOwn])
def test_a_step_is_that_of_torch_s_backward_with_create_graph(kind: type[Sequential]) -> None:
    torch.testing.assert_close(train(make_model(kind)), train_by_hand(), rtol=0, atol=0)


def test_a_compiled_step_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_compiler, "BACKEND", "eager")  # what is recorded is tested
    found = train(make_model(jit_compile=True))
    torch.testing.assert_close(found, train_by_hand())


def test_other_optimizers_get_gradients_without_a_graph() -> None:
    model = make_model()
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert gradients
    assert not any(gradient.requires_grad for gradient in gradients)


def test_several_processes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model()
    monkeypatch.setattr(step_choice, "find_world", object)
    with pytest.raises(ContractError) as caught:
        model.train_on_batch(X, Y)
    assert str(caught.value) == (
        "Newton differentiates the gradients, which several processes average outside the graph\n"
        "  Train in one process, or with an optimizer that takes the gradients as they are."
    )
