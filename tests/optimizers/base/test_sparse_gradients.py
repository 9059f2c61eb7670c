"""Sparse gradients: the same updates as from dense ones, of the rows that occur."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import Parameter

from kplug.optimizers import SGD, Adagrad, Adam, LossScaleOptimizer
from kplug.registry import resolve

INDEX = torch.tensor([4, 1, 4])
UPDATES_ROWS = [
    "sgd(lr=0.1)",
    "sgd(lr=0.1, decay=0.5)",
    {"name": "sgd", "args": {"learning_rate": "exponential_decay(0.1, 2, 0.5)"}},
    "adagrad(lr=0.1)",
    "adagrad(lr=0.1, initial_accumulator_value=0.5, epsilon=1e-3)",
    "adagrad(lr=0.1, decay=0.5)",
]
MAKES_DENSE = [
    "sgd(lr=0.1, momentum=0.9)",
    "sgd(lr=0.1, weight_decay=0.1)",
    "sgd(lr=0.1, clipnorm=0.1)",
    "adagrad(lr=0.1, clipvalue=0.01)",
    "adagrad(lr=0.1, gradient_accumulation_steps=2)",
    "adam",
    "rmsprop",
    "nadam",
    "adamax",
    "adadelta",
    "ftrl",
    "lion",
]


def make_gradient(step: int) -> Tensor:
    values = torch.arange(6.0).reshape(3, 2) - 2.0 * step
    return torch.sparse_coo_tensor(INDEX[None], values, (6, 2), check_invariants=False)


def train(spec: Any, is_sparse: bool, steps: int = 3) -> tuple[Tensor, Tensor, Any]:
    """Train a table beside a bias; return both and the optimizer."""
    table = Parameter(torch.linspace(-1, 1, 12).reshape(6, 2))
    bias = Parameter(torch.ones(2))
    optimizer = resolve("optimizer", spec).object.build([table, bias])
    for step in range(steps):
        gradient = make_gradient(step)
        table.grad = gradient if is_sparse else gradient.to_dense()
        bias.grad = torch.tensor([0.5, -step])
        optimizer.step()
    return table.detach(), bias.detach(), optimizer


@pytest.mark.parametrize("spec", [*UPDATES_ROWS, *MAKES_DENSE], ids=str)
def test_sparse_gradients_give_the_weights_of_dense_ones(spec: Any) -> None:
    for sparse, dense in zip(train(spec, True)[:2], train(spec, False)[:2], strict=True):
        torch.testing.assert_close(sparse, dense, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("spec", UPDATES_ROWS, ids=str)
def test_no_gradient_is_made_dense_where_rows_can_be_updated(
    spec: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Tensor, *args: Any, **options: Any) -> Tensor:
        raise AssertionError("made dense")

    monkeypatch.setattr(Tensor, "to_dense", refuse)
    table = Parameter(torch.ones(6, 2))
    optimizer = resolve("optimizer", spec).object.build([table])
    table.grad = make_gradient(0)
    optimizer.step()
    assert table.grad.is_sparse  # the gradient that the user sees stays
    untouched = table.detach()[[0, 2, 3, 5]]
    torch.testing.assert_close(untouched, torch.ones(4, 2), rtol=0, atol=0)


def test_adagrad_against_torch() -> None:
    ours, theirs = Parameter(torch.ones(6, 2)), Parameter(torch.ones(6, 2))
    optimizers: list[Any] = [
        Adagrad(lr=0.1, epsilon=1e-10).build([ours]),
        torch.optim.Adagrad([theirs], lr=0.1, eps=1e-10),
    ]
    for step in range(3):
        ours.grad = theirs.grad = make_gradient(step)
        with torch.sparse.check_sparse_tensor_invariants(False):  # type: ignore[no-untyped-call]
            for optimizer in optimizers:
                optimizer.step()
    torch.testing.assert_close(ours, theirs)


def test_state_goes_on_between_sparse_and_dense_gradients() -> None:
    table, _, optimizer = train("adagrad(lr=0.1)", True)
    expected, _, other = train("adagrad(lr=0.1)", False)
    assert optimizer.state_dict()["state"][0]["step"] == other.state_dict()["state"][0]["step"]
    torch.testing.assert_close(
        optimizer.state_dict()["state"][0]["sum"], other.state_dict()["state"][0]["sum"]
    )
    torch.testing.assert_close(table, expected)


def test_loss_scaling_takes_sparse_gradients() -> None:
    table = Parameter(torch.ones(6, 2))
    optimizer = LossScaleOptimizer(SGD(lr=1.0), initial_scale=2.0).build([table])
    table.grad = make_gradient(0)
    optimizer.step()
    torch.testing.assert_close(table.detach(), 1.0 - make_gradient(0).to_dense() / 2.0)


def test_gradients_sparse_in_both_axes_are_made_dense() -> None:
    table, other = Parameter(torch.ones(3, 2)), Parameter(torch.ones(3, 2))
    for parameter, optimizer in ((table, SGD(lr=0.5)), (other, Adam())):
        index = torch.tensor([[0], [1]])
        parameter.grad = torch.sparse_coo_tensor(
            index, torch.tensor([2.0]), (3, 2), check_invariants=False
        )
        optimizer.build([parameter]).step()
    assert table.detach().tolist() == [[1.0, 0.0], [1.0, 1.0], [1.0, 1.0]]
