"""Layers that disturb their inputs in training."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug import layers
from kplug.errors import ArgumentValueError, DataError
from kplug.layers import (
    ActivityRegularization,
    AlphaDropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)

CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("GaussianNoise", {"stddev": 0.5}, (3, 4)),
    ("GaussianDropout", {"rate": 0.3}, (3, 4)),
    ("AlphaDropout", {"rate": 0.3}, (3, 4)),
    ("AlphaDropout", {"rate": 0.3, "noise_shape": (None, 1)}, (3, 4)),
    ("SpatialDropout1D", {"rate": 0.3}, (3, 4, 2)),
    ("SpatialDropout2D", {"rate": 0.3}, (3, 4, 2, 2)),
    ("SpatialDropout3D", {"rate": 0.3, "data_format": "channels_first"}, (3, 2, 2, 2, 2)),
]


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES)
def test_inference_is_keras_inference(
    compare: Any, name: str, arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    x = torch.randn(shape)
    torch.testing.assert_close(compare(name, x, **arguments), x)


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES)
def test_seed_repeats_the_draws(name: str, arguments: dict[str, Any], shape: Any) -> None:
    layer_class = getattr(layers, name)
    first, second = (layer_class(seed=3, **arguments) for _ in range(2))
    x = torch.ones(shape)
    made = first(x, training=True)
    torch.testing.assert_close(second(x, training=True), made)
    assert not torch.equal(made, x)
    assert not torch.equal(first(x, training=True), made)


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES)
def test_config_is_read_from_both_libraries(name: str, arguments: Any, shape: Any) -> None:
    ours = getattr(layers, name)
    config = ours(**arguments).get_config()
    assert ours.from_config(config).get_config() == config
    theirs = ours.from_config(getattr(keras.layers, name)(**arguments).get_config())
    for argument, value in arguments.items():
        assert getattr(theirs, argument) == value


def _moments(layer: Any, value: float) -> list[float]:
    made = layer(torch.full((400, 500), value), training=True)
    return [made.mean().item(), made.std().item()]


def test_gaussian_noise_has_the_deviation() -> None:
    assert _moments(GaussianNoise(0.5, seed=1), 2.0) == pytest.approx([2.0, 0.5], abs=0.01)


def test_gaussian_dropout_has_the_deviation_of_dropout() -> None:
    assert _moments(GaussianDropout(0.2, seed=1), 2.0) == pytest.approx([2.0, 1.0], abs=0.01)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = torch.randn(400, 500, generator=torch.Generator().manual_seed(0))
    made = AlphaDropout(0.3, seed=1)(x, training=True)
    assert made.mean().item() == pytest.approx(0.0, abs=0.01)
    assert made.std().item() == pytest.approx(1.0, abs=0.01)


def test_alpha_dropout_has_two_values_for_equal_inputs() -> None:
    rate, floor = 0.3, -1.7580993408473766
    scale = ((1 - rate) * (1 + rate * floor**2)) ** -0.5
    made = AlphaDropout(rate, seed=1)(torch.ones(50, 50, dtype=torch.float32), training=True)
    values = sorted(set(made.flatten().tolist()))
    shift = -scale * floor * rate
    assert values == pytest.approx([scale * floor + shift, scale + shift], rel=1e-5)
    share = (made < 0).float().mean().item()
    assert share == pytest.approx(rate, abs=0.05)


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
    ("make", "message"),
    [
        (lambda: GaussianNoise(-1), "argument 'stddev' is -1; allowed: a number >= 0"),
        (lambda: GaussianDropout(1), r"argument 'rate' is 1; allowed: a number in \[0, 1\)"),
        (lambda: AlphaDropout(1.0), r"allowed: a number in \[0, 1\)"),
        (lambda: SpatialDropout2D(1.5), r"argument 'rate' is 1.5; allowed: a number in \[0, 1\]"),
        (
            lambda: GaussianNoise(1, seed="x"),  # type: ignore[arg-type]
            "argument 'seed' is 'x'; allowed: an integer, or None",
        ),
        (lambda: ActivityRegularization(-0.1), "argument 'l1' is -0.1; allowed: a number >= 0"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


def test_wrong_rank() -> None:
    with pytest.raises(DataError, match=r"expects inputs of 4 axes, got shape"):
        SpatialDropout2D(0.5)(torch.ones(2, 3))
