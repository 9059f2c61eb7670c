"""Dropout and penalties of activations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug.errors import ArgumentValueError, DataError
from kplug.layers import (
    ActivityRegularization,
    Dropout,
    Input,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from tests.layers.inputs import draw


def test_dropout_at_inference(
    compare: Any,
) -> None:
    compare("Dropout", draw(2, 5), rate=0.5)


def test_dropout_scales_what_it_keeps() -> None:
    layer = Dropout(0.25, seed=1)
    layer.train()
    made = layer(torch.ones(10_000))
    assert sorted(set(made.tolist())) == pytest.approx([0.0, 1 / 0.75])
    assert abs(float(made.mean()) - 1.0) < 0.03


def test_dropout_of_everything_is_zero() -> None:
    assert Dropout(1.0)(torch.ones(3), training=True).tolist() == [0.0, 0.0, 0.0]
    assert Dropout(1.0, seed=1)(torch.ones(3), training=True).tolist() == [0.0, 0.0, 0.0]


def test_seeded_dropout_goes_on_and_repeats() -> None:
    first, second = Dropout(0.5, seed=4), Dropout(0.5, seed=4)
    ones = torch.ones(100)
    draws = [first(ones, training=True) for _ in range(2)]
    assert not torch.equal(draws[0], draws[1])
    assert torch.equal(draws[0], second(ones, training=True))


def test_dropout_shares_its_draw() -> None:
    made = Dropout(0.5, noise_shape=(None, 1))(torch.ones(40, 3), training=True)
    assert torch.equal(made, made[:, :1].expand(40, 3))


def test_shape_of_a_seeded_dropout_draws_nothing() -> None:
    layer = Dropout(0.5, seed=4)
    layer.train()
    assert layer(Input((3,))).shape == (None, 3)
    assert layer.training


@pytest.mark.parametrize(
    ("layer", "shape", "channels"),
    [
        (SpatialDropout1D(0.4, seed=1), (40, 6, 8), 2),
        (SpatialDropout2D(0.4, seed=1), (40, 3, 2, 8), 3),
        (SpatialDropout2D(0.4, "channels_first", seed=1), (40, 8, 3, 2), 1),
        (SpatialDropout3D(0.4, seed=1), (40, 2, 2, 2, 8), 4),
        (SpatialDropout3D(0.4, "channels_first", seed=1), (40, 8, 2, 2, 2), 1),
    ],
)
def test_spatial_dropout_drops_whole_channels(layer: Any, shape: Any, channels: int) -> None:
    made = layer(torch.ones(shape), training=True).movedim(channels, 1).flatten(2)
    assert torch.equal(made.amin(dim=2), made.amax(dim=2))
    per_channel = made[..., 0]
    assert sorted(set(per_channel.flatten().tolist())) == pytest.approx([0.0, 1 / 0.6])
    assert (per_channel == 0).float().mean().item() == pytest.approx(0.4, abs=0.12)


def test_gradients_pass_through_what_is_kept() -> None:
    x = torch.ones(2, 3, 4, requires_grad=True)
    made = SpatialDropout1D(0.5, seed=0)(x, training=True)
    made.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, made.detach())


def test_activity_regularization_adds_to_the_loss_as_in_keras() -> None:
    x = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    y = np.zeros((6, 3), dtype="float32")
    ours = kplug.Sequential([ActivityRegularization(0.1, 0.2, input_shape=(3,))])
    ours.compile("sgd", "mse")
    expected = (x**2).mean() + (0.1 * np.abs(x).sum() + 0.2 * (x**2).sum()) / 6
    assert ours.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_activity_regularization_has_its_factors_in_the_config() -> None:
    config = ActivityRegularization(l1=0.1).get_config()
    assert (config["l1"], config["l2"]) == (0.1, 0.0)
    assert "activity_regularizer" not in config
    assert ActivityRegularization.from_config(config).get_config() == config


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: Dropout(1.5),
            "Dropout: argument 'rate' is 1.5; allowed: a number in [0, 1]",
        ),
    ],
)
def test_wrong_rate_is_refused(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make()
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpatialDropout2D(1.5), r"argument 'rate' is 1.5; allowed: a number in \[0, 1\]"),
        (lambda: ActivityRegularization(-0.1), "argument 'l1' is -0.1; allowed: a number >= 0"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


def test_wrong_rank() -> None:
    with pytest.raises(DataError, match=r"expects inputs of 4 axes, got shape"):
        SpatialDropout2D(0.5)(torch.ones(2, 3))
