"""The picture that ``kplug demo`` leaves behind: training curves, and masks beside the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from kplug.cli.demo.comparison import HeldOutCanvas, Mask

# Okabe and Ito's palette: told apart with every common form of colour blindness.
_BLUE, _VERMILION = "#0072B2", "#D55E00"
_FOUND, _MISSED, _FALSE, _PAPER = "#F2F2F2", "#E69F00", "#56B4E9", "#26262B"


def draw_figure(
    path: Path,
    history: dict[str, list[float]],
    validation_otsu: float,
    examples: Sequence[HeldOutCanvas],
    title: str,
) -> None:
    """Draw the figure and write it as PNG.

    Args:
        path: Where to write; an existing file is replaced.
        history: Values after each epoch: ``loss``, ``dice_coef`` and their ``val_`` partners.
        validation_otsu: Mean dice of Otsu's threshold on the validation canvases.
        examples: What to show, left to right.
        title: One line above everything.
    """
    # No pyplot: a library has no business with its global state or with a window system.
    figure = Figure(figsize=(14, 7.2), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=13)
    panels = figure.subfigures(1, 2, squeeze=False, width_ratios=(1, 2.1), wspace=0.03)
    _draw_curves(panels[0, 0], history, validation_otsu)
    _draw_examples(panels[0, 1], examples)
    figure.savefig(path, format="png")


def _draw_curves(
    figure: SubFigure, history: dict[str, list[float]], validation_otsu: float
) -> None:
    upper, lower = figure.subplots(2, 1, sharex=True)
    epochs = np.arange(1, len(history["loss"]) + 1)
    for axes, name in ((upper, "dice_coef"), (lower, "loss")):
        axes.plot(epochs, history[name], "o--", ms=3.5, color=_BLUE, mfc="white", label="training")
        axes.plot(epochs, history[f"val_{name}"], "o-", ms=3.5, color=_BLUE, label="validation")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    upper.axhline(validation_otsu, color=_VERMILION, ls=":", lw=2, label="Otsu, validation")
    upper.set(title="Dice, mean over canvases", ylabel="dice (1 = perfect)", ylim=(0, 1))
    lower.set(title="Loss, penalties included", ylabel="penalties minus dice of the batch")
    lower.set_xlabel("epoch")
    lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (upper, lower):
        axes.legend(loc="best", frameon=False, fontsize=9)


def _draw_examples(figure: SubFigure, examples: Sequence[HeldOutCanvas]) -> None:
    figure.suptitle("Held-out canvases, from the network's lowest dice to its highest", fontsize=12)
    grid = figure.subplots(4, len(examples), squeeze=False)
    for column, example in enumerate(examples):
        image, truth, network, otsu = grid[:, column]
        image.imshow(example.image, cmap="gray", vmin=0, vmax=1)
        image.set_title(_describe_rank(example.rank), fontsize=10)
        truth.imshow(_paint(example.truth, example.truth))
        for axes, mask, score in zip(
            (network, otsu), (example.network, example.otsu), example.scores, strict=True
        ):
            axes.imshow(_paint(mask, example.truth))
            axes.set_xlabel(f"dice {score:.2f}", fontsize=10)
    for axes, label in zip(grid[:, 0], ("canvas", "true ink", "network", "Otsu"), strict=True):
        axes.set_ylabel(label, fontsize=11)
    for axes in grid.flat:
        _hide_ticks(axes)
    figure.legend(
        handles=[
            Patch(facecolor=colour, edgecolor="black", linewidth=0.6, label=label)
            for colour, label in (
                (_FOUND, "ink, found"),
                (_MISSED, "ink, missed"),
                (_FALSE, "clutter taken for ink"),
                (_PAPER, "background"),
            )
        ],
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=10,
    )


def _hide_ticks(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])


def _describe_rank(rank: float) -> str:
    if rank <= 0:
        return "lowest"
    return "highest" if rank >= 1 else f"percentile {100 * rank:.0f}"


def _paint(mask: Mask, truth: Mask) -> NDArray[np.float64]:
    """Return a mask as a picture in which every kind of mistake has its colour."""
    picture = np.empty((*mask.shape, 3))
    for where, colour in (
        (mask & truth, _FOUND),
        (truth & ~mask, _MISSED),
        (mask & ~truth, _FALSE),
        (~mask & ~truth, _PAPER),
    ):
        picture[where] = to_rgb(colour)
    return picture
