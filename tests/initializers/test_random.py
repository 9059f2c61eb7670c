"""Initializers that draw each value by itself: their law, their seed, their types."""

from __future__ import annotations

import json
import math

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.errors import ArgumentError, ArgumentValueError
from kplug.initializers import (
    HeNormal,
    Initializer,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)

DRAWS = 200_000
EVERY_KIND: list[Initializer] = [
    RandomNormal(),
    RandomUniform(),
    TruncatedNormal(),
    VarianceScaling(distribution="untruncated_normal"),
    HeNormal(),
    Orthogonal(),
]


def normal_distribution(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.array([math.erf(value / math.sqrt(2.0)) for value in x]))


def largest_gap(values: torch.Tensor, distribution: np.ndarray) -> float:
    """Kolmogorov's distance of sorted values from a distribution function at these values."""
    steps = np.arange(len(values) + 1) / len(values)
    gaps = np.maximum(abs(distribution - steps[:-1]), abs(distribution - steps[1:]))
    return float(gaps.max())


# The distance that a true sample of this size exceeds once in a thousand seeds.
TOLERANCE = 1.95 / math.sqrt(DRAWS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_normal_has_the_normal_law(dtype: str) -> None:
    values = RandomNormal(mean=1.0, stddev=0.5, seed=1)((DRAWS,), dtype=dtype).sort().values
    standard = (values.double().numpy() - 1.0) / 0.5
    assert largest_gap(values, normal_distribution(standard)) < TOLERANCE


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_uniform_has_the_uniform_law(dtype: str) -> None:
    values = RandomUniform(minval=-1.0, maxval=3.0, seed=2)((DRAWS,), dtype=dtype).sort().values
    assert largest_gap(values, (values.double().numpy() + 1.0) / 4.0) < TOLERANCE


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_truncated_normal_has_the_law_of_redrawing(dtype: str) -> None:
    values = TruncatedNormal(mean=1.0, stddev=0.5, seed=3)((DRAWS,), dtype=dtype).sort().values
    standard = (values.double().numpy() - 1.0) / 0.5
    low, high = normal_distribution(np.array([-2.0, 2.0]))
    distribution = (normal_distribution(standard) - low) / (high - low)
    assert largest_gap(values, distribution) < TOLERANCE


def test_truncated_normal_ends_at_two_standard_deviations() -> None:
    values = TruncatedNormal(mean=3.0, stddev=0.25, seed=4)((DRAWS,))
    assert 2.5 <= values.min().item() < 2.51
    assert 3.49 < values.max().item() <= 3.5


def test_truncated_normal_is_not_corrected_for_the_cut() -> None:
    values = TruncatedNormal(stddev=1.0, seed=5)((DRAWS,), dtype="float64")
    assert values.std().item() == pytest.approx(0.87962566103423978, abs=0.004)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (RandomNormal(0.5, 2.0, seed=11), keras.initializers.RandomNormal(0.5, 2.0, seed=11)),
        (RandomUniform(-1.0, 2.0, seed=12), keras.initializers.RandomUniform(-1.0, 2.0, seed=12)),
    ],
    ids=["normal", "uniform"],
)
def test_seeded_values_are_those_of_keras(ours: Initializer, theirs: object) -> None:
    expected = theirs((17, 5))  # type: ignore[operator]
    torch.testing.assert_close(ours((17, 5)), expected, rtol=1e-6, atol=1e-6)


def test_zero_stddev_gives_the_mean() -> None:
    for initializer in (RandomNormal(0.5, 0.0), TruncatedNormal(0.5, 0.0)):
        assert initializer((3,)).tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("kind", EVERY_KIND, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_shape_and_type_are_those_asked_for(kind: Initializer, dtype: torch.dtype) -> None:
    values = kind((3, 2, 4), dtype=dtype)
    assert values.shape == (3, 2, 4)
    assert values.dtype is dtype
    assert values.isfinite().all()
    assert not values.requires_grad


@pytest.mark.parametrize("kind", EVERY_KIND, ids=repr)
def test_without_a_seed_torchs_generator_decides(kind: Initializer) -> None:
    torch.manual_seed(5)
    first, second = kind((4, 4)), kind((4, 4))
    torch.manual_seed(5)
    again = kind((4, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("kind", EVERY_KIND, ids=repr)
def test_a_seed_repeats_and_leaves_torchs_generator_alone(kind: Initializer) -> None:
    seeded = type(kind)(**{**kind.get_config(), "seed": 9})
    state = torch.get_rng_state()
    first, second = seeded((4, 4)), seeded((4, 4))
    assert torch.equal(first, second)
    assert torch.equal(state, torch.get_rng_state())


def test_half_precision_is_rounded_from_float32() -> None:
    initializer = TruncatedNormal(seed=6)
    exact, rounded = initializer((1000,)), initializer((1000,), dtype="bfloat16")
    assert torch.equal(exact.bfloat16(), rounded)


@settings(max_examples=25, deadline=None)
@given(shape=st.lists(st.integers(0, 4), max_size=5), index=st.integers(0, 4))
def test_any_shape_is_filled(shape: list[int], index: int) -> None:
    kinds: list[Initializer] = [kind for kind in EVERY_KIND if type(kind) is not Orthogonal]
    values = kinds[index](shape)
    assert list(values.shape) == shape
    assert values.isfinite().all()


@pytest.mark.parametrize(
    "shape",
    [[2, 3], torch.Size((2, 3)), np.array([2, 3]), torch.tensor([2, 3]), (np.int64(2), 3)],
    ids=["list", "size", "numpy", "tensor", "numpy ints"],
)
def test_shapes_come_in_many_forms(shape: object) -> None:
    assert RandomNormal()(shape).shape == (2, 3)  # type: ignore[arg-type]


def test_a_number_is_a_shape_of_rank_one() -> None:
    assert RandomNormal()(3).shape == (3,)


@pytest.mark.parametrize("shape", [(2, -1), (None, 3), (2.0, 3), "ab", None])
def test_what_is_no_shape_is_refused(shape: object) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        RandomNormal()(shape)  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"random_normal: argument 'shape' is {shape!r}; "
        "allowed: integers >= 0, one for each dimension"
    )


def test_types_without_fractions_are_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        RandomUniform()((2,), dtype="int32")
    assert str(caught.value) == (
        "random_uniform: argument 'dtype' is 'int32'; allowed: a floating-point type"
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: RandomNormal(stddev=-0.1),
            "random_normal: argument 'stddev' is -0.1; allowed: a finite number >= 0",
        ),
        (
            lambda: TruncatedNormal(stddev=-1),
            "truncated_normal: argument 'stddev' is -1; allowed: a finite number >= 0",
        ),
        (
            lambda: RandomNormal(mean=math.nan),
            "random_normal: argument 'mean' is nan; allowed: a finite number",
        ),
        (
            lambda: RandomNormal(stddev="big"),  # type: ignore[arg-type]
            "random_normal: argument 'stddev' is 'big'; allowed: a finite number >= 0",
        ),
        (
            lambda: RandomUniform(minval=1.0, maxval=0.0),
            "random_uniform: argument 'maxval' is 0.0; allowed: a finite number >= minval (1)",
        ),
        (
            lambda: RandomUniform(maxval=math.inf),
            "random_uniform: argument 'maxval' is inf; allowed: a finite number >= minval (-0.05)",
        ),
        (
            lambda: HeNormal(seed=1.5),  # type: ignore[arg-type]
            "he_normal: argument 'seed' is 1.5; allowed: None, an integer from 0 to 2**64 - 1, "
            "or a torch.Generator",
        ),
        (
            lambda: HeNormal(seed=True),
            "he_normal: argument 'seed' is True; allowed: None, an integer from 0 to 2**64 - 1, "
            "or a torch.Generator",
        ),
        (
            lambda: HeNormal(seed=-1),
            "he_normal: argument 'seed' is -1; allowed: None, an integer from 0 to 2**64 - 1, "
            "or a torch.Generator",
        ),
    ],
)
def test_arguments_out_of_range_are_refused(make: object, message: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make()  # type: ignore[operator]
    assert str(caught.value) == message


@pytest.mark.parametrize("kind", EVERY_KIND, ids=repr)
def test_configuration_makes_the_same_initializer(kind: Initializer) -> None:
    seeded = type(kind)(**{**kind.get_config(), "seed": np.int64(3)})
    config = json.loads(json.dumps(seeded.get_config()))
    copy = type(kind).from_config(config)
    assert copy.get_config() == config
    assert torch.equal(copy((3, 4)), seeded((3, 4)))


def test_keras_2s_dtype_key_is_left_out() -> None:
    config = {"mean": 0.0, "stddev": 0.1, "seed": None, "dtype": "float32"}
    assert repr(RandomNormal.from_config(config)) == "RandomNormal(mean=0.0, stddev=0.1, seed=None)"


def test_an_unknown_key_of_a_configuration_is_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        RandomNormal.from_config({"stdev": 0.1})
    assert str(caught.value) == (
        "random_normal has no argument 'stdev'. Did you mean 'stddev'?\n"
        "  Known: mean, stddev, seed."
    )


def test_meta_tensors_are_drawn_without_a_generator() -> None:
    with torch.device("meta"):
        for kind in EVERY_KIND:
            assert type(kind)(**{**kind.get_config(), "seed": 1})((64, 32)).is_meta
