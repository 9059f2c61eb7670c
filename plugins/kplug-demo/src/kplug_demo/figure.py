"""Draws the figure of ``kplug demo``: training curves, and masks beside the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from kplug_demo.comparison import Comparison

# Okabe and Ito's palette: told apart with every common form of colour blindness.
_BLUE, _VERMILION = "#0072B2", "#D55E00"
_FOUND, _MISSED, _FALSE, _PAPER = "#F2F2F2", "#E69F00", "#56B4E9", "#26262B"


def draw_figure(
    path: Path,
    history: dict[str, list[float]],
    validation_otsu: float,
    comparison: Comparison,
    examples: NDArray[np.intp],
    title: str,
) -> None:
    """Draw the figure and write it as PNG.

    Args:
        path: Where to write; an existing file is replaced.
        history: Values after each epoch: ``loss``, ``dice_coef`` and their ``val_`` partners.
        validation_otsu: Mean dice of Otsu's threshold on the validation canvases.
        comparison: What was found on the held-out canvases.
        examples: The numbers of those to show, evenly from the lowest score to the highest.
        title: One line above everything.
    """
    # Not pyplot, which has global state and may need a window system.
    figure = Figure(figsize=(14, 7.2), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=13)
    panels = figure.subfigures(1, 2, squeeze=False, width_ratios=(1, 2.1), wspace=0.03)
    _draw_curves(panels[0, 0], history, validation_otsu)
    _draw_examples(panels[0, 1], comparison, examples)
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


def _draw_examples(figure: SubFigure, comparison: Comparison, examples: NDArray[np.intp]) -> None:
    # A pixel's number: 1 if it was found, and 2 more if it is ink.
    colours = ListedColormap([_PAPER, _FALSE, _MISSED, _FOUND])
    figure.suptitle("Held-out canvases, from the network's lowest dice to its highest", fontsize=12)
    grid = figure.subplots(4, len(examples), squeeze=False)
    for column, index in enumerate(examples):
        canvas, *pictures = grid[:, column]
        canvas.imshow(comparison.canvases.images[index], cmap="gray", vmin=0, vmax=1)
        canvas.set_title(_describe_rank(column / (len(examples) - 1)), fontsize=10)
        truth = comparison.canvases.masks[index] > 0.5
        masks = (truth, comparison.network[index], comparison.otsu[index])
        for axes, mask in zip(pictures, masks, strict=True):
            axes.imshow(2 * truth + mask, cmap=colours, vmin=0, vmax=3)
        for axes, scores in zip(
            pictures[1:], (comparison.network_scores, comparison.otsu_scores), strict=True
        ):
            axes.set_xlabel(f"dice {scores[index]:.2f}", fontsize=10)
    for axes, label in zip(grid[:, 0], ("canvas", "true ink", "network", "Otsu"), strict=True):
        axes.set_ylabel(label, fontsize=11)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
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


def _describe_rank(rank: float) -> str:
    if rank <= 0:
        return "lowest"
    return "highest" if rank >= 1 else f"percentile {100 * rank:.0f}"
