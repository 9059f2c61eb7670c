"""The demo's canvases: the same for a seed, from different scans, and worth the effort."""

from __future__ import annotations

import numpy as np
import pytest
from kplug_demo import task as task_module
from kplug_demo.baseline import mask_with_otsu, score_each
from kplug_demo.task import Task, compose, enlarge, load_scans, make_task


@pytest.fixture(scope="module")
def task() -> Task:
    return make_task(seed=0)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_canvases(task: Task) -> None:
    again = make_task(seed=0)
    for part in ("training", "validation", "held_out"):
        first, second = getattr(task, part), getattr(again, part)
        np.testing.assert_array_equal(first.images, second.images)
        np.testing.assert_array_equal(first.masks, second.masks)


def test_another_seed_gives_other_canvases(task: Task) -> None:
    assert not np.array_equal(task.held_out.scans, make_task(seed=1).held_out.scans)


def test_the_global_random_state_is_left_alone() -> None:
    np.random.seed(3)
    expected = np.random.random(4)
    np.random.seed(3)
    make_task(seed=0)
    np.testing.assert_array_equal(np.random.random(4), expected)


def test_no_scan_is_in_two_parts(task: Task) -> None:
    scans = np.concatenate([task.training.scans, task.validation.scans, task.held_out.scans])
    assert len(np.unique(scans)) == len(scans) == 1797


@pytest.mark.parametrize(
    ("part", "count"), [("training", 1200), ("validation", 200), ("held_out", 397)]
)
def test_images_are_brightness_and_masks_are_zero_or_one(task: Task, part: str, count: int) -> None:
    canvases = getattr(task, part)
    assert canvases.images.shape == canvases.masks.shape == (count, 32, 32, 1)
    assert canvases.images.dtype == canvases.masks.dtype == np.float32
    assert canvases.images.min() >= 0
    assert canvases.images.max() <= 1
    assert set(np.unique(canvases.masks)) == {0.0, 1.0}
    assert (canvases.masks.sum((1, 2, 3)) > 0).all()


def test_every_mask_is_its_scan_enlarged(task: Task) -> None:
    scans = load_scans()
    for scan, mask in zip(task.held_out.scans[:40], task.held_out.masks[:40, ..., 0], strict=True):
        shapes = [enlarge(scans[scan], size) > 0.5 for size in range(16, 25)]
        assert any(_contains(mask, shape) for shape in shapes)


def _contains(mask: np.ndarray, shape: np.ndarray) -> bool:
    """Whether the shape lies somewhere on the canvas, with nothing beside it."""
    size, room = len(shape), len(mask) - len(shape) + 1
    return mask.sum() == shape.sum() and any(
        np.array_equal(mask[top : top + size, left : left + size] > 0.5, shape)
        for top in range(room)
        for left in range(room)
    )


@pytest.mark.parametrize("size", [16, 19, 24])
def test_enlarging_keeps_a_constant_and_a_slope(size: int) -> None:
    np.testing.assert_allclose(enlarge(np.full((8, 8), 0.3), size), 0.3)
    slope = np.tile(np.arange(8.0), (8, 1))
    centres = (np.arange(size) + 0.5) * 8 / size - 0.5
    expected = np.tile(np.clip(centres, 0, 7), (size, 1))
    np.testing.assert_allclose(enlarge(slope, size), expected)


def test_a_blank_scan_leaves_no_ink() -> None:
    _, mask = compose(np.zeros((8, 8)), np.random.default_rng(0))
    assert not mask.any()


def test_brightness_alone_is_a_real_baseline_but_no_solution(task: Task) -> None:
    otsu = score_each(task.held_out.masks, mask_with_otsu(task.held_out.images)).mean()
    everything = score_each(task.held_out.masks, np.ones(task.held_out.masks.shape, bool)).mean()
    assert everything + 0.2 < otsu < 0.65


def test_the_parts_use_every_scan_once() -> None:
    assert sum(count for _, count in task_module.SPLITS) == len(load_scans())
