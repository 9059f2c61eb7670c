"""Sums of losses, as objects: values, weights and masks of the terms, configuration, refusals."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kplug
from kplug import losses
from kplug.errors import (
    AmbiguousComponentError,
    ArgumentValueError,
    DataError,
    KplugError,
    WrongKindError,
)
from kplug.losses import WeightedSum
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

Y = torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
P = torch.tensor([[0.2, 0.7], [0.6, 0.9], [0.5, 0.1]])
WEIGHTS = torch.tensor([1.0, 0.0, 3.0])


def test_it_is_the_sum_of_its_terms() -> None:
    loss = losses.get("0.5*huber(delta=0.1) + 2*(bce + -1*mae)")
    assert isinstance(loss, WeightedSum)
    huber, bce, mae = (
        losses.Huber(delta=0.1),
        losses.BinaryCrossentropy(),
        losses.MeanAbsoluteError(),
    )
    for more in ((), (WEIGHTS,), (None, torch.tensor([True, False, True]))):
        expected = 0.5 * huber(Y, P, *more) + 2 * bce(Y, P, *more) - 2 * mae(Y, P, *more)
        torch.testing.assert_close(loss(Y, P, *more), expected)


def test_values_are_those_of_each_sample() -> None:
    loss = losses.get("0.5*mse + 2*mae(reduction='sum')")
    assert loss is not None
    expected = 0.5 * (P - Y).square().mean(-1) + 2 * (P - Y).abs().mean(-1)
    torch.testing.assert_close(loss.values(Y, P), expected)


def test_each_term_reduces_by_itself() -> None:
    loss = losses.get("mse(reduction='sum') + mae(reduction='mean_with_sample_weight')")
    assert loss is not None
    squared, absolute = (P - Y).square().mean(-1), (P - Y).abs().mean(-1)
    expected = (squared * WEIGHTS).sum() + (absolute * WEIGHTS).sum() / WEIGHTS.sum()
    torch.testing.assert_close(loss(Y, P, WEIGHTS), expected)


def test_half_types_are_computed_in_float32() -> None:
    loss = losses.get("bce + mse")
    assert loss is not None
    assert loss(Y.half(), P.half()).dtype is torch.float32


def test_terms_without_a_reduction_need_one_shape() -> None:
    loss = losses.get("mse(reduction='none') + mae(reduction='none')")
    assert loss is not None
    assert loss(Y, P).shape == (3,)
    mixed = losses.get("mse(reduction='none') + mae")
    assert mixed is not None
    with pytest.raises(DataError, match=r"its terms have the shapes \(3,\) and \(\), which cannot"):
        mixed(Y, P)


@pytest.mark.parametrize(
    "made",
    [
        lambda: losses.get("0.5*huber(delta=0.1) + bce"),
        lambda: WeightedSum([losses.Huber(delta=0.1), "bce"], [0.5, 1]),
    ],
)
def test_configuration_and_data_make_the_same(made: Any) -> None:
    loss = made()
    same: list[Any] = [
        WeightedSum.from_config(loss.get_config()),
        losses.deserialize(losses.serialize(loss)),
        losses.get(str(kplug.resolve("loss", loss).spec)),
    ]
    for again in same:
        torch.testing.assert_close(again(Y, P), loss(Y, P), rtol=0, atol=0)
        assert again.get_config() == loss.get_config()


def test_a_stored_name_is_not_changed_by_a_preference() -> None:
    config = {"terms": ["mean_squared_error", {"class_name": "Huber", "config": {}}]}
    assert [type(term) for term in WeightedSum.from_config(config).terms] == [
        losses.MeanSquaredError,
        losses.Huber,
    ]


@pytest.mark.parametrize(
    ("terms", "weights", "message"),
    [
        ([], None, "argument 'terms' is []; allowed: a list of losses, at least one"),
        ("mse", None, "argument 'terms' is 'mse'"),
        (["mse"], [1, 2], "argument 'weights' is [1, 2]; allowed: a list of 1 finite numbers"),
        (["mse"], [float("nan")], "allowed: a list of 1 finite numbers"),
        (["mse"], ["2"], "allowed: a list of 1 finite numbers"),
    ],
)
def test_refuses_arguments(terms: Any, weights: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        WeightedSum(terms, weights)
    assert message in str(caught.value)


@pytest.mark.parametrize("wrong", ["adam", "precision", "glorot_uniform"])
def test_a_term_of_another_kind_is_refused_by_its_place(wrong: str) -> None:
    with pytest.raises(WrongKindError) as caught:
        kplug.resolve("loss", f"mse + 0.5*{wrong}", where="loss")
    assert str(caught.value).startswith(f"loss.terms[1]: '{wrong}' is a")


def test_a_term_that_two_plugins_offer_is_refused_by_its_place(install: Sandbox) -> None:
    source = "def far(y_true, y_pred):\n    return y_true - y_pred\n"
    for owner in ("one-losses", "two-losses"):
        module = owner.replace("-", "_")
        targets = {"kplug.losses": {"far": f"{module}:far"}}
        install(owner, entry_points=targets, modules={f"{module}.py": source})
    with pytest.raises(
        AmbiguousComponentError, match=r"^loss\.terms\[1\]: .*offered by 2 plugins"
    ) as caught:
        kplug.resolve("loss", "kplug/mean_squared_error + 2*far", where="loss")
    assert caught.value.candidates == ("one-losses/far", "two-losses/far")
    assert kplug.resolve("loss", "kplug/mean_squared_error + 2*one-losses/far").object.weights == [
        1.0,
        2.0,
    ]


def test_a_sum_of_another_kind_is_refused() -> None:
    with pytest.raises(KplugError, match="a sum of components is a loss, not an optimizer"):
        kplug.resolve("optimizer", "0.5*adam + sgd")


def test_a_number_beyond_floats_is_refused() -> None:
    with pytest.raises(KplugError, match="allowed: a list of 1 finite numbers"):
        losses.get("1e999*mse")
