"""What a step does and, above all, what it does not do."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from kplug import layers
from kplug.models import Sequential

READS = ("_local_scalar_dense", "is_nonzero", "equal", "nonzero")


class CountReads(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations that bring a value from the device, for which all before must finish."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.reads: list[str] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = function._schema.name.removeprefix("aten::")
        if name in READS:
            self.reads.append(name)
        return function(*args, **(kwargs or {}))


def count_reads(optimizer: str, steps: int) -> int:
    model = Sequential(
        [
            layers.Dense(
                4,
                input_shape=(3,),
                activation="relu",
                kernel_regularizer="l2",
                activity_regularizer="l1",
                kernel_constraint="max_norm",
            ),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    metrics = ["accuracy", "mae"]
    model.compile(optimizer, "binary_crossentropy", metrics=metrics, weighted_metrics=["mse"])
    x, y = torch.randn(4 * steps, 3), torch.randint(0, 2, (4 * steps,))
    with CountReads() as counter:
        model.fit(x, y, batch_size=4, verbose=0, sample_weight=torch.rand(4 * steps))
    return len(counter.reads)


@pytest.mark.parametrize(
    "optimizer",
    ["sgd(momentum=0.9, nesterov=True)", "adam", "rmsprop", "adagrad", "adadelta", "nadam"],
)
def test_no_step_waits_for_the_device(optimizer: str) -> None:
    assert count_reads(optimizer, 3) == count_reads(optimizer, 30)


def test_the_loss_of_a_step_is_that_of_the_weights_before_it() -> None:
    model = Sequential([layers.Dense(1, input_shape=(1,), kernel_initializer="ones")])
    model.compile("sgd(lr=0.1)", "mse")
    assert model.train_on_batch([[1.0]], [[3.0]]) == pytest.approx(4.0)
    assert model.test_on_batch([[1.0]], [[3.0]]) == pytest.approx(1.44)


def test_a_loss_weight_scales_the_data_loss_and_not_the_penalties() -> None:
    def one(weight_matrix: Tensor) -> Tensor:
        return 0.0 * weight_matrix.sum() + 1.0

    layer = layers.Dense(1, input_shape=(1,), kernel_initializer="ones", kernel_regularizer=one)
    model = Sequential([layer])
    model.compile("sgd", "mse", loss_weights=0.5)
    assert model.test_on_batch([[1.0]], [[3.0]]) == pytest.approx(0.5 * 4.0 + 1.0)


def test_what_a_layer_adds_to_the_loss_counts_once_a_step() -> None:
    class Adding(layers.Layer):
        def call(self, inputs: Tensor) -> Tensor:
            self.add_loss(inputs.sum())
            return inputs

    model = Sequential([layers.Input((1,)), Adding(), layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd(lr=0.0)", "mse")
    losses = [model.train_on_batch([[2.0]], [[0.0]]) for _ in range(2)]
    model.predict([[2.0]], verbose=0)
    assert losses == [2.0, 2.0]
    assert model.evaluate([[2.0]], [[0.0]], verbose=0) == 2.0


def test_a_model_with_moving_averages_is_trained_in_one_process() -> None:
    norm = layers.BatchNormalization(momentum=0.5, input_shape=(1,))
    model = Sequential([norm])
    model.compile("sgd", "mse")
    model.fit(torch.tensor([[2.0], [6.0]]), torch.zeros(2, 1), verbose=0)
    assert norm.moving_mean.tolist() == pytest.approx([0.5 * 0.0 + 0.5 * 4.0])


def test_gradients_that_lie_about_are_not_added() -> None:
    model = Sequential([layers.Dense(1, input_shape=(1,), kernel_initializer="ones")])
    model.compile("sgd(lr=0.1)", "mse")
    for weight in model.parameters():
        weight.grad = torch.full_like(weight, 1e6)
    model.train_on_batch([[1.0]], [[3.0]])
    assert model.get_weights()[0].item() == pytest.approx(1.4)


def test_penalties_of_weights_are_computed_once_in_an_evaluation() -> None:
    seen: list[Tensor] = []

    def noted(kernel: Tensor) -> Tensor:
        seen.append(kernel)
        return 0.5 * kernel.abs().sum()

    dense = layers.Dense(1, input_shape=(3,), use_bias=False, kernel_regularizer=noted)
    model = Sequential([dense])
    model.compile("sgd", "mse")
    x, y = torch.randn(12, 3), torch.randn(12, 1)
    for kernel in (torch.tensor([[1.0], [-2.0], [3.0]]), torch.tensor([[0.5], [0.0], [-1.0]])):
        model.set_weights([kernel])
        seen.clear()
        expected = float((x @ kernel - y).square().mean() + 0.5 * kernel.abs().sum())
        assert model.evaluate(x, y, batch_size=4, verbose=0) == pytest.approx(expected)
        assert len(seen) == 1
