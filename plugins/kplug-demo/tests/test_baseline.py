"""Compares Otsu's threshold with an exhaustive search, and the dice with its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from kplug_demo.baseline import find_otsu_threshold, mask_with_otsu, score_each


def search_otsu_threshold(image: np.ndarray, bins: int) -> float:
    """Try every edge between bins: the least brightness variance inside the two classes."""
    counts, edges = np.histogram(image, bins=bins, range=(0.0, 1.0))
    centres = (edges[:-1] + edges[1:]) / 2
    best, threshold = np.inf, edges[1]
    for cut in range(1, bins):
        inside = 0.0
        for part in (slice(0, cut), slice(cut, bins)):
            if counts[part].sum():
                mean = np.average(centres[part], weights=counts[part])
                inside += float(np.sum(counts[part] * (centres[part] - mean) ** 2))
        if inside < best - 1e-9:
            best, threshold = inside, edges[cut]
    return float(threshold)


@given(seed=st.integers(0, 10_000), bins=st.sampled_from([8, 64, 256]))
@settings(max_examples=25, deadline=None)
def test_the_threshold_is_the_best_of_all(seed: int, bins: int) -> None:
    rng = np.random.default_rng(seed)
    dark, bright = rng.normal(0.3, 0.1, 80), rng.normal(0.7, 0.1, 40)
    image = np.clip(np.concatenate([dark, bright]), 0, 1).reshape(10, 12)
    assert find_otsu_threshold(image, bins) == pytest.approx(search_otsu_threshold(image, bins))


def test_two_levels_are_told_apart() -> None:
    image = np.array([[0.2, 0.2, 0.8], [0.2, 0.8, 0.2]])
    np.testing.assert_array_equal(mask_with_otsu(image[None])[0], image > 0.5)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_even_image_has_a_threshold_all_the_same(level: float) -> None:
    assert 0 <= find_otsu_threshold(np.full((4, 4), level)) <= 1


def test_each_image_has_its_own_threshold() -> None:
    dim, bright = np.array([[0.1, 0.3]]), np.array([[0.5, 0.9]])
    np.testing.assert_array_equal(
        mask_with_otsu(np.stack([dim, bright])), [[[False, True]], [[False, True]]]
    )


def test_the_score_is_the_dice_of_each_image() -> None:
    truth = np.array([[1.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])[..., None]
    masks = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], dtype=bool)[..., None]
    assert score_each(truth, masks) == pytest.approx([2 / 3, 0, 1], abs=1e-5)
