"""The comparison's choice of examples, and the picture made of them."""

from __future__ import annotations

import struct
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from kplug_demo import figure as figure_module
from kplug_demo.comparison import Comparison, choose_examples, compare
from kplug_demo.figure import draw_figure
from kplug_demo.task import make_task
from matplotlib.figure import Figure

HISTORY = {name: [0.1, 0.5, 0.7] for name in ("loss", "val_loss", "dice_coef", "val_dice_coef")}


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    canvases = make_task(seed=0).validation
    noise = np.random.default_rng(0).uniform(size=canvases.masks.shape)
    return compare(canvases, 0.6 * canvases.masks + 0.55 * noise)


def test_examples_run_evenly_from_the_lowest_score_to_the_highest(comparison: Comparison) -> None:
    scores = comparison.network_scores[choose_examples(comparison, count=5)]
    ordered = np.sort(comparison.network_scores)
    assert scores.tolist() == ordered[[0, 50, 100, 149, 199]].tolist()


def test_the_pictures_show_where_ink_was_found(comparison: Comparison) -> None:
    figure = Figure().subfigures(1, 1, squeeze=False)[0, 0]
    examples = choose_examples(comparison, count=3)
    figure_module._draw_examples(figure, comparison, examples)
    canvas, truth, network, otsu = (figure.axes[row * 3 + 1] for row in range(4))
    place = (examples[1], ..., 0)
    image, ink = comparison.canvases.images[place], comparison.canvases.masks[place] > 0.5
    found = comparison.network[place]
    np.testing.assert_array_equal(canvas.images[0].get_array(), image)
    for axes, mask in (
        (truth, ink),
        (network, found),
        (otsu, comparison.otsu[place]),
    ):
        numbers = np.asarray(axes.images[0].get_array())
        shown = axes.images[0].to_rgba(numbers, bytes=True)[..., :3]
        for where, colour in (
            (mask & ink, "#F2F2F2"),
            (ink & ~mask, "#E69F00"),
            (mask & ~ink, "#56B4E9"),
            (~mask & ~ink, "#26262B"),
        ):
            assert (shown[where] == tuple(bytes.fromhex(colour[1:]))).all()
    dice = 2 * (ink & found).sum() / (ink.sum() + found.sum())
    assert network.get_xlabel() == f"dice {dice:.2f}"
    assert canvas.get_title() == "percentile 50"


def test_wins_are_counted_canvas_by_canvas(comparison: Comparison) -> None:
    pairs = zip(comparison.network_scores, comparison.otsu_scores, strict=True)
    assert comparison.wins == sum(network > otsu for network, otsu in pairs)


def test_the_picture_is_a_png_of_the_promised_size(comparison: Comparison, tmp_path: Path) -> None:
    path = tmp_path / "picture.without-suffix"
    backend = mpl.get_backend()
    draw_figure(path, HISTORY, 0.5, comparison, choose_examples(comparison), "title")
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (1680, 864)
    assert mpl.get_backend() == backend


def test_a_single_epoch_can_be_drawn(comparison: Comparison, tmp_path: Path) -> None:
    history = {name: values[:1] for name, values in HISTORY.items()}
    draw_figure(
        tmp_path / "one.png", history, 0.5, comparison, choose_examples(comparison), "title"
    )
    assert (tmp_path / "one.png").stat().st_size > 10_000
