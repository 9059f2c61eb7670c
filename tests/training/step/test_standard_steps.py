"""The standard steps: the losses that count, and the work that a step must not do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from kplug import layers
from kplug.errors import ContractError, LossWithoutGradientError
from kplug.models import Model, Sequential
from tests.training.linear_regression import X, Y, make_model

READS = ("_local_scalar_dense", "is_nonzero", "equal", "nonzero")


class CountReads(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations that copy a value from the device, and so wait for all pending work."""

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


def thresholded_dice(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The guide's literal dice: the comparison has no gradient."""
    y_pred = (y_pred > 0.5).float()
    return -(2 * (y_true * y_pred).sum() + 1e-5) / (y_true.sum() + y_pred.sum() + 1e-5)


@pytest.mark.parametrize("options", [{}, {"kernel_regularizer": "l2"}])
def test_a_loss_without_gradient_is_refused_at_the_first_step(options: dict[str, Any]) -> None:
    model = make_model(loss=thresholded_dice, **options)
    before = model.get_weights()
    with pytest.raises(LossWithoutGradientError) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught.value) == (
        "loss: the loss 'thresholded_dice' has no gradient\n"
        "  No gradient reaches the model's weights. A comparison such as `y_pred > thresh`, "
        "rounding and argmax are constant almost everywhere, and detach(), .numpy() or no_grad() "
        "cut the connection. Make the loss differentiable (keep y_pred as it is, or let the "
        "gradient pass straight through the threshold), or pass the function as one of "
        "metrics=[…] and train on another loss."
    )
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_the_same_function_works_as_a_metric() -> None:
    model = make_model()
    model.compile(optimizer="sgd", loss="mse", metrics=[thresholded_dice])
    assert "thresholded_dice" in model.fit(X, Y, verbose=0).history


def test_no_loss_at_all_is_refused() -> None:
    model = make_model(loss=None)
    with pytest.raises(ContractError) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught.value) == (
        "there is nothing to minimise: the model was compiled without a loss and has no "
        "penalties\n  Give one: compile(loss='mean_squared_error')."
    )


def test_an_unreduced_loss_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        make_model(loss="mean_squared_error(reduction='none')").fit(X, Y, verbose=0)
    assert str(caught.value) == (
        "the loss 'mean_squared_error' returned a tensor of shape (32,); training needs one "
        "number per batch\n  Use a reduction other than 'none'."
    )


def test_an_unreduced_loss_of_several_outputs_is_named_by_its_output() -> None:
    inputs = layers.Input((3,))
    outputs = [layers.Dense(1, name=name)(inputs) for name in ("near", "far")]
    model = Model(inputs, outputs)
    model.compile(loss=["mse", "mean_squared_error(reduction='none')"])
    with pytest.raises(
        ContractError, match=r"^loss\[far\]: the loss 'mean_squared_error' returned"
    ):
        model.fit(X, [Y, Y], verbose=0)
