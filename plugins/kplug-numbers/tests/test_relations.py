"""Sentences about two components, from their readings alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from kplug_numbers import Reading, make_reading, read_object
from kplug_numbers.probes import find_loss_traits
from kplug_numbers.recipes.recorder import Recorder
from kplug_numbers.relations import describe_equality, describe_relation, find_traits
from torch import Tensor

from kplug import Loss, resolve


class Scaled(Loss):
    """A loss with a factor and an offset, for each sample."""

    def __init__(self, factor: float = 1.0, offset: float = 0.0) -> None:
        super().__init__("scaled")
        self.factor, self.offset = factor, offset

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.factor * (y_true - y_pred).abs().mean(-1) + self.offset


def read(make: Callable[[], object], kind: str = "loss") -> Reading:
    return read_object(kind, "mine", make)


def tell(first: Reading, other: Reading) -> list[str]:
    equality = describe_equality(first, other, "A")
    return [equality] if equality else describe_relation(first, other, "A")


@pytest.mark.parametrize(
    ("factor", "offset", "formula"),
    [
        (2.0, 0.0, "2 · A"),
        (-1.0, 0.0, "-A"),
        (1.0, -0.5, "A - 0.5, without weights and masks"),
        (-1.0, 1.0, "1 - A, without weights and masks"),
        (100.0, 3.0, "100 · A + 3, without weights and masks"),
    ],
)
def test_a_factor_and_an_offset_are_found(factor: float, offset: float, formula: str) -> None:
    assert tell(read(Scaled), read(lambda: Scaled(factor, offset))) == [formula]


class Whole(Loss):
    """A loss of a whole batch, which adds a share of what sample weights make of it."""

    def __init__(self, total: str = "mean", share: float = 0.0) -> None:
        super().__init__("whole")
        self.total, self.share = total, share

    def __call__(
        self,
        y_true: Tensor,
        y_pred: Tensor,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        value: Tensor = getattr((y_true - y_pred).abs(), self.total)()
        return value if sample_weight is None else value + self.share * sample_weight.sum()


def test_a_factor_that_depends_on_the_batch_is_none() -> None:
    told = tell(read(Whole), read(lambda: Whole("sum")))  # type: ignore[abstract]
    assert not any("·" in one for one in told)


@pytest.mark.parametrize(("share", "effect"), [(0.0, "ignores"), (1e-5, "counts")])
def test_weights_count_however_little(share: float, effect: str) -> None:
    traits = find_traits(read(lambda: Whole("mean", share)))  # type: ignore[abstract]
    assert traits["sample weights"] == f"{effect} sample weights"


def _of_pictures(y_true: Tensor, y_pred: Tensor) -> Tensor:
    if y_pred.ndim != 4:
        raise ValueError("pictures are needed")
    return _plain(y_true, y_pred)


def test_a_mask_that_keeps_all_samples_says_nothing() -> None:
    assert "masks" not in find_traits(read(lambda: _of_pictures))


@pytest.mark.parametrize(
    ("first", "told"), [(lambda x: x.sign(), None), (lambda x: 0 * x, "leaves out class 0")]
)
def test_a_class_without_a_gradient_may_count(
    first: Callable[[Tensor], Tensor], told: str | None
) -> None:
    def loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
        scores = torch.cat([first(y_pred[..., :1]), y_pred[..., 1:]], -1)
        return (y_true[..., 1:].sum(-1) - scores.sum(-1)).square()

    found = find_loss_traits(Recorder(lambda: resolve("loss", loss).object), "real")
    assert found.get("classes") == told


def test_what_is_the_same_is_said_to_be() -> None:
    assert tell(read(Scaled), read(Scaled)) == ["the same as A"]


def _at_ties(y_true: Tensor, y_pred: Tensor) -> Tensor:
    distance = y_pred - y_true
    return (distance * torch.where(distance == 0, 1.0, distance.sign()).detach()).mean(-1)


def _plain(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).abs().mean(-1)


def test_gradients_alone_may_differ() -> None:
    (told,) = tell(read(lambda: _plain), read(lambda: _at_ties))[:1]
    assert told == (
        "the same values, other gradients for right predictions, wrong predictions and zeros"
    )


def _binary(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true.square() - y_pred).abs().mean(-1)


def test_it_is_said_where_both_agree() -> None:
    told = tell(read(lambda: _plain), read(lambda: _binary))
    assert told[0] == "the same for probabilities and one-hot targets"
    assert told[1].endswith(f"for any numbers, where A is {_typical(read(lambda: _plain))}")


def _typical(reading: Reading) -> str:
    return f"{reading.parts['real/float64/value'].sample[0]:.3g}"


def _ids(y_true: Tensor, y_pred: Tensor) -> Tensor:
    if y_true.ndim != 1:
        raise ValueError("class ids are needed")
    return -y_pred.gather(-1, y_true.long()[:, None])[:, 0]


def _single(y_true: Tensor, y_pred: Tensor) -> Tensor:
    if y_pred.shape[-1] != 1:
        raise ValueError("one number a sample is needed")
    return (y_true - y_pred).abs()[:, 0]


def test_other_inputs_are_named() -> None:
    told = tell(read(lambda: _single), read(lambda: _ids))
    assert told == [
        "takes probabilities and class ids and logits and class ids, where A takes a probability a sample"
        " and masks"
    ]


def test_optimizers_may_agree_in_the_first_step() -> None:
    plain, heavy = (
        make_reading("optimizer", f"torch/sgd(lr=0.1{more})") for more in ("", ", momentum=0.9")
    )
    assert tell(plain, heavy)[0] == "the same in the first step"
