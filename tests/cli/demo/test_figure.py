"""The comparison's choice of examples, and the picture made of them."""

from __future__ import annotations

import struct
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from kplug.cli.demo.comparison import Comparison, choose_examples, compare
from kplug.cli.demo.figure import draw_figure
from kplug.cli.demo.task import make_task

HISTORY = {name: [0.1, 0.5, 0.7] for name in ("loss", "val_loss", "dice_coef", "val_dice_coef")}


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    canvases = make_task(seed=0).validation
    noise = np.random.default_rng(0).uniform(size=canvases.masks.shape)
    return compare(canvases, 0.6 * canvases.masks + 0.55 * noise)


def test_examples_run_evenly_from_the_lowest_score_to_the_highest(comparison: Comparison) -> None:
    examples = choose_examples(comparison, count=5)
    scores = [example.scores[0] for example in examples]
    ordered = np.sort(comparison.network_scores)
    assert scores == ordered[[0, 50, 100, 149, 199]].tolist()
    assert [example.rank for example in examples] == pytest.approx(
        [0, 0.25, 0.5, 0.75, 1], abs=0.01
    )


def test_an_example_shows_one_canvas(comparison: Comparison) -> None:
    example = choose_examples(comparison, count=3)[1]
    shared = (example.network & example.truth).sum()
    dice = 2 * shared / (example.network.sum() + example.truth.sum())
    assert example.scores[0] == pytest.approx(dice, abs=1e-5)


def test_wins_are_counted_canvas_by_canvas(comparison: Comparison) -> None:
    pairs = zip(comparison.network_scores, comparison.otsu_scores, strict=True)
    assert comparison.wins == sum(network > otsu for network, otsu in pairs)


def test_the_picture_is_a_png_of_the_promised_size(comparison: Comparison, tmp_path: Path) -> None:
    path = tmp_path / "picture.without-suffix"
    backend = mpl.get_backend()
    draw_figure(path, HISTORY, 0.5, choose_examples(comparison), "title")
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (1680, 864)
    assert mpl.get_backend() == backend


def test_a_single_epoch_can_be_drawn(comparison: Comparison, tmp_path: Path) -> None:
    history = {name: values[:1] for name, values in HISTORY.items()}
    draw_figure(tmp_path / "one.png", history, 0.5, choose_examples(comparison), "title")
    assert (tmp_path / "one.png").stat().st_size > 10_000
