"""From a batch to predictions, losses and the total: what one function of a batch does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug import layers
from kplug.backend.masks import set_mask
from kplug.errors import ContractError, DataError, LossWithoutGradientError
from kplug.models import Model, Sequential
from kplug.training.compiled import describe_loss
from kplug.training.data.batch import Batch
from kplug.training.regularization import find_penalties
from kplug.training.step.forward import Forward, split_outputs

RANDOM = np.random.default_rng(1)
X = torch.from_numpy(RANDOM.normal(size=(6, 3)).astype("float32"))
SCORE = torch.from_numpy(RANDOM.normal(size=(6, 1)).astype("float32"))
KIND = torch.tensor([0, 1, 2, 0, 1, 2])


class Two(Model):
    def __init__(self, returns: str = "list", **options: Any) -> None:
        super().__init__(name="two")
        self.score = layers.Dense(1, **options)
        self.kind = layers.Dense(3, activation="softmax")
        self.returns = returns
        self.output_names = ["score", "kind"]

    def call(self, inputs: Any) -> Any:
        score, kind = self.score(inputs), self.kind(inputs)
        if self.returns == "dict":
            return {"kind": kind, "score": score}
        return (score, kind)[: 1 if self.returns == "one" else 2]


def make_forward(**arguments: Any) -> Forward:
    model = Two(kernel_regularizer="l2(0.5)")
    model.compile(**arguments)
    model.build_for((None, 3))
    assert model.compiled is not None
    return Forward(model, model.compiled, find_penalties(model))


def test_the_total_is_the_weighted_sum_of_the_losses_and_the_penalties() -> None:
    forward = make_forward(
        loss=["mse", "sparse_categorical_crossentropy"], loss_weights={"kind": 0.25}
    )
    weights = torch.arange(6.0)
    predictions, losses, total = forward(Batch(X, [SCORE, KIND], [weights, None]))
    score, kind = (each.double() for each in predictions)
    expected = [
        ((score - SCORE).square()[:, 0] * weights).mean().item(),
        -kind[torch.arange(6), KIND].log().mean().item(),
    ]
    model: Any = forward.model
    penalty = 0.5 * model.score.kernel.double().square().sum().item()
    assert [loss.item() for loss in losses] == pytest.approx(expected, rel=1e-5)
    assert total is not None
    assert total.item() == pytest.approx(expected[0] + 0.25 * expected[1] + penalty, rel=1e-5)


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_a_loss_weight_may_be_zero_or_above_one(weight: float) -> None:
    forward = make_forward(
        loss=["mse", "sparse_categorical_crossentropy"], loss_weights=[1.0, weight]
    )
    _, (score, kind), total = forward(Batch(X, [SCORE, KIND]))
    model: Any = forward.model
    penalty = 0.5 * model.score.kernel.square().sum()
    assert total is not None
    torch.testing.assert_close(total, score + weight * kind + penalty)


@pytest.mark.parametrize(
    ("loss", "factor"), [("mse", 0.5), ("mean_squared_error(reduction='sum')", 3.0)]
)
def test_the_loss_of_a_part_of_a_batch_counts_by_its_share(loss: str, factor: float) -> None:
    forward = make_forward(loss={"score": loss})
    (whole,) = forward(Batch(X, [SCORE, None])).losses
    (part,) = forward(Batch(X, [SCORE, None], share=0.5, parts=3)).losses
    torch.testing.assert_close(part, factor * whole)


def test_what_the_record_keeps() -> None:
    forward = make_forward(loss=["mse", "sparse_categorical_crossentropy"])
    outcome = forward(Batch(X, [SCORE, KIND]))
    kept = forward.conclude(Batch(X, [SCORE, KIND]), outcome)
    assert kept is not None
    assert outcome.total is not None
    assert kept.tolist() == [outcome.total.item(), *(loss.item() for loss in outcome.losses)]
    assert not kept.requires_grad
    single = make_forward(loss={"score": "mse"})
    batch = Batch(X, [SCORE, None])
    found = single.conclude(batch, single(batch))
    assert found is not None
    assert found.shape == ()


def test_one_trace_holds_for_the_batches_of_a_structure() -> None:
    forward = make_forward(loss=["mse", "sparse_categorical_crossentropy"], metrics=["mae", None])
    first = Batch(X, [SCORE, KIND], [torch.ones(6), None])
    forward(first)

    def compute(x: Tensor, score: Tensor, kind: Tensor, weights: Tensor) -> Any:
        outcome = forward(Batch(x, [score, kind], [weights, None]))
        return *outcome.predictions, *outcome.losses, outcome.total

    arguments = (X, SCORE, KIND, torch.ones(6))
    traced = torch.fx.experimental.proxy_tensor.make_fx(compute)(*arguments)
    others = (X.flip(0), SCORE * 2, KIND.flip(0), torch.arange(6.0))
    for one, other in zip(compute(*others), traced(*others), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("returns", ["list", "dict"])
def test_outputs_are_put_into_the_order_of_their_names(returns: str) -> None:
    model = Two(returns)
    score, kind = split_outputs(model, model(X), ["score", "kind"])
    assert (score.shape[1], kind.shape[1]) == (1, 3)


def test_the_key_of_a_single_output_is_free() -> None:
    (found,) = split_outputs(Two(), {"anything": X}, ["score"])
    assert found is X


def test_a_model_that_returns_something_else_is_told_so() -> None:
    model = Two("one")
    model.compile(loss=["mse", None])
    with pytest.raises(ContractError) as caught:
        model.fit(X, [SCORE, KIND], verbose=0)
    assert str(caught.value) == (
        "model 'two' returned a tuple of 1, but it was compiled for 2 outputs: 'score', 'kind'\n"
        "  A model that returns several outputs says so before compile: self.output_names = "
        "['…', …] in its constructor, with the keys if it returns a dict."
    )
    with pytest.raises(ContractError, match="returned a dict with 'a', 'b', but it was compiled"):
        split_outputs(model, {"a": X, "b": X}, ["score", "kind"])
    with pytest.raises(ContractError, match=r"returned one tensor, .* 2 outputs"):
        split_outputs(model, X, ["score", "kind"])
    with pytest.raises(ContractError, match=r"returned int, but it was compiled for one output\n"):
        split_outputs(model, 3, [""])


def test_a_batch_without_the_targets_of_a_loss() -> None:
    forward = make_forward(loss=["mse", "sparse_categorical_crossentropy"])
    with pytest.raises(DataError) as caught:
        forward(Batch(X, [SCORE, None]))
    assert str(caught.value) == (
        "loss[kind]: a batch has no targets, and the loss 'sparse_categorical_crossentropy' needs "
        "them\n  Each batch must be (x, y) or (x, y, sample_weight)."
    )


def broken(y_true: Tensor, y_pred: Tensor) -> Tensor:
    raise ZeroDivisionError("the user's own")


@pytest.mark.parametrize(
    ("arguments", "slot"),
    [
        ({"loss": {"kind": broken}}, "loss[kind]"),
        ({"loss": "mse", "metrics": [None, ["mae", broken]]}, "metrics[kind][1]"),
    ],
)
def test_an_error_in_the_users_code_names_the_slot(arguments: dict[str, Any], slot: str) -> None:
    model = Two()
    model.compile(**arguments)
    with pytest.raises(ZeroDivisionError) as caught:
        model.fit(X, [SCORE, KIND.unsqueeze(-1).expand(6, 3).float()], verbose=0)
    assert str(caught.value) == "the user's own"
    notes = getattr(caught.value, "__notes__", None)
    if hasattr(caught.value, "add_note"):
        assert notes == [f"kplug: raised by what was given to compile as {slot}"]


def test_an_error_of_ours_names_the_slot_in_front() -> None:
    model = Two()
    model.compile(loss="mse")
    with pytest.raises(DataError, match=r"^loss\[kind\]: mean_squared_error: y_true has shape"):
        model.fit(X, [SCORE, KIND], verbose=0)


def test_a_loss_without_gradient_is_refused_though_another_has_one() -> None:
    def rounded(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - (y_pred > 0.5).float()).square()

    model = Two()
    model.compile(loss={"score": "mse", "kind": rounded})
    with pytest.raises(LossWithoutGradientError) as caught:
        model.fit(X, [SCORE, torch.zeros(6, 3)], verbose=0)
    assert str(caught.value).startswith("loss[kind]: the loss 'rounded' has no gradient")


def test_one_branch_may_be_frozen() -> None:
    model = Two()
    model.score.trainable = False
    model.compile(loss=["mse", "sparse_categorical_crossentropy"])
    before = model(X)[0].detach()
    model.fit(X, [SCORE, KIND], verbose=0)
    torch.testing.assert_close(model(X)[0].detach(), before)


def test_the_name_of_the_losses_in_messages() -> None:
    forward = make_forward(loss=["mse", "sparse_categorical_crossentropy"])
    text = "score: mean_squared_error, kind: sparse_categorical_crossentropy"
    assert describe_loss(forward.compiled) == text
    assert describe_loss(make_forward().compiled) == "penalties"


class Masked(Model):
    """Returns its input times a weight, with a mask of the positive first numbers."""

    def __init__(self) -> None:
        super().__init__(name="masked")
        self.scale = layers.Dense(1, use_bias=False, kernel_initializer="ones")

    def call(self, inputs: Any) -> Any:
        outputs = self.scale(inputs)
        set_mask(outputs, inputs[..., 0] > 0)
        return outputs


@pytest.mark.parametrize("weights", [None, torch.tensor([1.0, 2.0])])
def test_a_mask_of_the_predictions_leaves_steps_out(weights: Tensor | None) -> None:
    x = torch.tensor([[[1.0], [2.0], [-3.0]], [[4.0], [-5.0], [-6.0]]])
    y = torch.zeros(2, 3, 1)
    model = Masked()
    model.compile(loss="mse", metrics=["mse"], weighted_metrics=["mae"])
    logs = model.evaluate(x, y, sample_weight=weights, return_dict=True, verbose=0)
    w = [1.0, 1.0] if weights is None else weights.tolist()
    assert logs["loss"] == pytest.approx((w[0] * (1 + 4) + w[1] * 16) / 3)
    assert logs["mse"] == pytest.approx((1 + 4 + 16) / 3)
    assert logs["mae"] == pytest.approx((w[0] * 3 + w[1] * 4) / (2 * w[0] + w[1]))


def test_an_empty_chain_is_not_compiled() -> None:
    with pytest.raises(ContractError) as caught:
        Sequential(name="empty").compile(loss="mse")
    assert str(caught.value) == (
        "model 'empty' has no layers to compile\n  Add some first: model.add(Dense(1))."
    )
