"""Dice and Tversky: the whole batch or some axes, which weight is whose, and names of others."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

import kplug
from kplug import losses
from kplug.errors import ArgumentValueError, DataError, KplugError, KplugWarning
from tests.told import telling

Y = torch.tensor([[1.0, 0.0, 0.0, 1.0]])
P = torch.tensor([[1.0, 1.0, 1.0, 0.0]])  # one right, two in excess, one missed


def test_weights_of_the_two_errors_are_as_documented() -> None:
    only_excess = losses.tversky(Y, P, alpha=1.0, beta=0.0)
    only_missed = losses.tversky(Y, P, alpha=0.0, beta=1.0)
    assert only_excess.item() == pytest.approx(1 - 1 / 3)
    assert only_missed.item() == pytest.approx(1 - 1 / 2)


def test_equal_halves_are_dice() -> None:
    torch.testing.assert_close(losses.Tversky()(Y, P), losses.Dice()(Y, P))
    assert losses.dice(Y, P).item() == pytest.approx(1 - 2 / 5)


@settings(max_examples=30, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3)),
    axis=st.sampled_from([None, 0, -1, (1, 2), [0, 2], (0, 1, 2)]),
    alpha=st.floats(0, 2),
    beta=st.floats(0, 2),
    seed=st.integers(0, 2**16),
)
def test_both_equal_keras_over_any_axes(
    shape: tuple[int, ...], axis: Any, alpha: float, beta: float, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    y = torch.tensor(generator.integers(0, 2, shape), dtype=torch.float32)
    p = torch.tensor(generator.uniform(0, 1, shape), dtype=torch.float32)
    over = tuple(axis) if isinstance(axis, list) else axis
    torch.testing.assert_close(
        losses.dice(y, p, axis), keras.losses.dice(y, p, over), rtol=1e-6, atol=1e-6
    )
    # Keras 3.15.1 exchanges alpha and beta.
    expected = keras.losses.tversky(y, p, beta, alpha, over)
    torch.testing.assert_close(
        losses.tversky(y, p, alpha, beta, axis), expected, rtol=1e-6, atol=1e-6
    )


def test_several_axes_survive_json() -> None:
    loss = losses.Dice(axis=(1, 2))
    config = json.loads(json.dumps(loss.get_config()))
    assert config["axis"] == [1, 2]
    assert losses.Dice.from_config(config).get_config() == loss.get_config()
    assert losses.get("dice(axis=(1, 2))").get_config() == loss.get_config()


def test_gradient_of_the_whole_batch() -> None:
    p = torch.rand(2, 3, dtype=torch.float64, requires_grad=True)
    y = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    for loss in (losses.Dice(), losses.Tversky(alpha=0.2, beta=0.7)):
        assert torch.autograd.gradcheck(lambda x, loss=loss: loss(y, x), (p,))


def test_nothing_to_find_and_nothing_found() -> None:
    p = torch.zeros(2, 3, requires_grad=True)
    value = losses.Dice()(torch.zeros(2, 3), p)
    (gradient,) = torch.autograd.grad(value, p)
    assert value.item() == 1.0
    assert gradient.isfinite().all()


def test_empty_batch_has_no_overlap() -> None:
    empty = torch.zeros(0, 3)
    assert losses.Dice()(empty, empty).item() == keras.losses.dice(empty, empty).item() == 1.0
    assert losses.Dice(axis=1)(empty, empty).item() == 0.0


def test_weights_multiply_the_number_of_the_batch_and_say_so() -> None:
    with pytest.warns(KplugWarning, match="returns one number for the whole batch"):
        value = losses.Dice()(Y, P, [3.0])
    assert value.item() == pytest.approx(3 * 0.6)


def test_weights_act_on_single_samples_with_axes() -> None:
    y, p = torch.cat([Y, Y]), torch.cat([P, Y])
    assert losses.Dice(axis=1)(y, p, [0.5, 9.0]).item() == pytest.approx(0.5 * 0.6 / 2)


def test_ranks_are_aligned() -> None:
    y, p = torch.tensor([1.0, 0.0, 1.0]), torch.tensor([[1.0], [1.0], [0.0]])
    for loss in ("dice", "tversky", losses.dice, losses.tversky):
        assert losses.as_loss(kplug.resolve("loss", loss).object)(y, p).item() == pytest.approx(0.5)


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(DataError, match=r"^dice: y_true has shape \(2, 3\) and y_pred has shape"):
        losses.Dice()(torch.ones(2, 3), torch.ones(2, 4))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"alpha": -0.5}, "argument 'alpha' is -0.5; allowed: a finite number >= 0"),
        ({"beta": float("inf")}, "argument 'beta' is inf; allowed: a finite number >= 0"),
        ({"axis": "all"}, "argument 'axis' is 'all'; allowed: an integer, several, or None"),
        ({"axis": ()}, "argument 'axis' is (); allowed: an integer, several, or None"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        losses.Tversky(**arguments)
    assert str(caught.value) == f"tversky: {text}"


def test_axis_that_is_not_there() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        losses.Dice(axis=2)(Y, P)
    assert str(caught.value) == (
        "dice: argument 'axis' is 2; allowed: an axis of y_pred, which has 2: an integer from -2 to 1"
    )


@pytest.mark.parametrize("loss", [losses.Dice(axis=(0, 1)), losses.Tversky(axis=(0, 1))])
def test_a_value_for_each_class_of_the_batch_is_as_meant(loss: losses.Loss) -> None:
    with telling() as told:
        loss(torch.zeros(6, 4, 2), torch.rand(6, 4, 2))
    assert told == []


# --- one's own dice is not the built-in one -----------------------------------------------------


def dice(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    return (y_true - y_pred).square().mean()


def test_a_users_dice_is_stored_as_custom_and_never_becomes_the_built_in() -> None:
    spec = losses.serialize(dice)
    assert spec == "custom/dice"
    for stored in (spec, {"name": spec, "args": {}}):
        with pytest.raises(KplugError):
            losses.get(stored)
    loss = losses.deserialize(spec, custom_objects={"dice": dice})
    assert isinstance(loss, losses.FunctionLoss)
    assert loss.function is dice


@pytest.mark.parametrize("name", ["dice", "tversky"])
def test_names_of_the_plugin_and_of_the_built_in_lead_to_different_losses(name: str) -> None:
    pytest.importorskip("kplug_segmentation")
    arguments = "smooth=1e-5, thresh=None"
    assert kplug.resolve("loss", name).component.qualified_name == f"kplug/{name}"
    found = kplug.resolve("loss", f"{name}_loss({arguments})").component.qualified_name
    assert found == f"kplug-segmentation/{name}_loss"
