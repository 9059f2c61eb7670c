"""Fans, VarianceScaling and its named recipes."""

from __future__ import annotations

import json
import math
from typing import Any

import keras
import pytest
import torch
from keras.src.initializers.random_initializers import compute_fans as keras_fans

from kplug import initializers
from kplug.errors import ArgumentValueError
from kplug.initializers import HeNormal, VarianceScaling, compute_fans

# layout, shape in Keras's order, (fan_in, fan_out)
FANS: list[tuple[str, tuple[int, ...], tuple[int, int]]] = [
    ("scalar", (), (1, 1)),
    ("bias", (7,), (7, 7)),
    ("dense", (20, 64), (20, 64)),
    ("lstm kernel", (10, 4 * 8), (10, 32)),
    ("conv1d", (5, 3, 8), (15, 40)),
    ("conv2d", (3, 3, 16, 64), (144, 576)),
    ("conv3d", (2, 3, 4, 5, 6), (120, 144)),
    ("conv2d transpose", (3, 3, 64, 16), (576, 144)),
    ("depthwise conv2d", (3, 3, 16, 2), (144, 18)),
]

RECIPES: dict[str, tuple[float, str, str]] = {
    "lecun_normal": (1.0, "fan_in", "truncated_normal"),
    "lecun_uniform": (1.0, "fan_in", "uniform"),
    "glorot_normal": (1.0, "fan_avg", "truncated_normal"),
    "glorot_uniform": (1.0, "fan_avg", "uniform"),
    "he_normal": (2.0, "fan_in", "truncated_normal"),
    "he_uniform": (2.0, "fan_in", "uniform"),
}


@pytest.mark.parametrize(("layout", "shape", "fans"), FANS, ids=[row[0] for row in FANS])
def test_fans_follow_kerass_order(
    layout: str, shape: tuple[int, ...], fans: tuple[int, int]
) -> None:
    assert compute_fans(shape) == fans == keras_fans(shape)


def test_axes_can_be_named() -> None:
    assert (
        compute_fans((2, 3, 4, 5), [0, 1], [-1]) == (6, 5) == keras_fans((2, 3, 4, 5), [0, 1], [-1])
    )


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("shape", [(300, 500), (3, 3, 64, 200), (5, 100, 300)])
def test_recipes_have_the_papers_variance(name: str, shape: tuple[int, ...]) -> None:
    scale, mode, _ = RECIPES[name]
    fan_in, fan_out = keras_fans(shape)
    fan = fan_in if mode == "fan_in" else (fan_in + fan_out) / 2
    values = getattr(initializers, name)(seed=1)(shape)
    assert values.std().item() == pytest.approx(math.sqrt(scale / fan), rel=0.01)
    assert values.mean().item() == pytest.approx(
        0.0, abs=4 * math.sqrt(scale / fan / values.numel())
    )


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_end_where_their_distribution_does(name: str) -> None:
    scale, mode, distribution = RECIPES[name]
    fan = 300 if mode == "fan_in" else 400
    bound = {
        "uniform": math.sqrt(3 * scale / fan),
        "truncated_normal": 2 * math.sqrt(scale / fan) / 0.87962566103423978,
    }[distribution]
    largest = getattr(initializers, name)(seed=2)((300, 500)).abs().max().item()
    assert 0.999 * bound < largest <= bound * (1 + 1e-6)


def test_he_normal_has_the_golden_spread() -> None:
    values = HeNormal(seed=3)((3, 3, 16, 64))
    assert values.std().item() == pytest.approx(0.1179, abs=0.0015)


@pytest.mark.parametrize("name", ["LecunUniform", "GlorotUniform", "HeUniform"])
@pytest.mark.parametrize("shape", [(6, 4), (3, 3, 2, 5)])
def test_uniform_recipes_draw_kerass_values(name: str, shape: tuple[int, ...]) -> None:
    ours, theirs = getattr(initializers, name), getattr(keras.initializers, name)
    torch.testing.assert_close(ours(seed=4)(shape), theirs(seed=4)(shape), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
def test_an_untruncated_normal_draws_kerass_values(mode: str) -> None:
    arguments: dict[str, Any] = {
        "scale": 0.3,
        "mode": mode,
        "distribution": "untruncated_normal",
        "seed": 5,
    }
    expected = keras.initializers.VarianceScaling(**arguments)((3, 3, 4, 5))
    torch.testing.assert_close(
        VarianceScaling(**arguments)((3, 3, 4, 5)), expected, rtol=1e-6, atol=1e-6
    )


def test_named_axes_draw_kerass_values() -> None:
    arguments: dict[str, Any] = {
        "distribution": "uniform",
        "seed": 6,
        "input_axes": [0],
        "output_axes": [1, 2],
    }
    expected = keras.initializers.VarianceScaling(**arguments)((8, 2, 4))
    torch.testing.assert_close(
        VarianceScaling(**arguments)((8, 2, 4)), expected, rtol=1e-6, atol=1e-6
    )


def test_truncated_values_spread_as_kerass_do() -> None:
    shape = (3, 3, 64, 256)
    ours = HeNormal(seed=7)(shape)
    theirs = keras.initializers.HeNormal(seed=7)(shape)
    assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.01)
    levels = torch.tensor([0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99])
    torch.testing.assert_close(ours.quantile(levels), theirs.quantile(levels), rtol=0.02, atol=5e-4)


def test_words_are_read_in_any_case_and_normal_means_truncated() -> None:
    initializer = VarianceScaling(mode="FAN_OUT", distribution="Normal")
    assert (initializer.mode, initializer.distribution) == ("fan_out", "truncated_normal")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"scale": 0.0},
            "variance_scaling: argument 'scale' is 0.0; allowed: a finite number > 0",
        ),
        (
            {"mode": "fan"},
            "variance_scaling: argument 'mode' is 'fan'; allowed: 'fan_in', 'fan_out' or 'fan_avg'",
        ),
        (
            {"distribution": "cauchy"},
            "variance_scaling: argument 'distribution' is 'cauchy'; allowed: "
            "'truncated_normal', 'normal', 'untruncated_normal' or 'uniform'",
        ),
        (
            {"input_axes": [0]},
            "variance_scaling: argument 'output_axes' is None; "
            "allowed: a list of axes, because input_axes is given",
        ),
        (
            {"input_axes": 0, "output_axes": [1]},
            "variance_scaling: argument 'input_axes' is 0; allowed: None or a list of integers",
        ),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        VarianceScaling(**arguments)
    assert str(caught.value) == message


def test_axes_that_the_shape_lacks_are_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        VarianceScaling(input_axes=[0, 3], output_axes=[1])((2, 3))
    assert str(caught.value) == (
        "variance_scaling: argument 'input_axes' is [0, 3]; allowed: axes of the shape (2, 3)"
    )


@pytest.mark.parametrize("name", RECIPES)
def test_keras_2s_form_makes_the_same_initializer(name: str) -> None:
    scale, mode, distribution = RECIPES[name]
    words = {"truncated_normal": "normal", "uniform": "uniform"}
    config = {"scale": scale, "mode": mode, "distribution": words[distribution], "seed": 8}
    recipe = getattr(initializers, name)
    expected = recipe(seed=8)((4, 5))
    assert torch.equal(VarianceScaling.from_config(config)((4, 5)), expected)
    assert torch.equal(recipe.from_config(config)((4, 5)), expected)


def test_keras_2s_form_of_another_recipe_is_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        HeNormal.from_config({"scale": 1.0, "mode": "fan_in", "distribution": "normal"})
    assert str(caught.value) == "he_normal: argument 'scale' is 1.0; allowed: 2.0"


@pytest.mark.parametrize("name", ["HeNormal", "GlorotUniform", "VarianceScaling"])
def test_keras_3s_configuration_is_read_and_ours_by_keras(name: str) -> None:
    ours, theirs = getattr(initializers, name), getattr(keras.initializers, name)
    theirs_config = json.loads(json.dumps(theirs(seed=1).get_config()))
    assert ours.from_config(theirs_config).get_config() == ours(seed=1).get_config()
    assert theirs.from_config(ours(seed=1).get_config()).get_config() == theirs_config
