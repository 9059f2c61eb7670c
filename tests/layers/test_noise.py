"""Layers that draw random numbers in training."""

from __future__ import annotations

from typing import Any

import keras
import pytest
import torch

from kplug import layers
from kplug.errors import ArgumentValueError
from kplug.layers import AlphaDropout, GaussianDropout, GaussianNoise

CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("GaussianNoise", {"stddev": 0.5}, (3, 4)),
    ("GaussianDropout", {"rate": 0.3}, (3, 4)),
    ("AlphaDropout", {"rate": 0.3}, (3, 4)),
    ("AlphaDropout", {"rate": 0.3, "noise_shape": (None, 1)}, (3, 4)),
    ("SpatialDropout1D", {"rate": 0.3}, (3, 4, 2)),
    ("SpatialDropout2D", {"rate": 0.3}, (3, 4, 2, 2)),
    ("SpatialDropout3D", {"rate": 0.3, "data_format": "channels_first"}, (3, 2, 2, 2, 2)),
]


def _moments(layer: Any, value: float) -> list[float]:
    made = layer(torch.full((400, 500), value), training=True)
    return [made.mean().item(), made.std().item()]


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
    ("make", "message"),
    [
        (lambda: GaussianNoise(-1), "argument 'stddev' is -1; allowed: a number >= 0"),
        (lambda: GaussianDropout(1), r"argument 'rate' is 1; allowed: a number in \[0, 1\)"),
        (lambda: AlphaDropout(1.0), r"allowed: a number in \[0, 1\)"),
        (
            lambda: GaussianNoise(1, seed="x"),  # type: ignore[arg-type]
            "argument 'seed' is 'x'; allowed: an integer, or None",
        ),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()
