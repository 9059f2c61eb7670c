"""Compares the network with Otsu's threshold, canvas by canvas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kplug_demo.baseline import mask_with_otsu, score_each
from kplug_demo.task import Canvases

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The results of both methods on the same canvases.

    Args:
        canvases: The canvases, ``n`` of them.
        network: The network's masks, shape ``(n, height, width, 1)``.
        otsu: The masks of Otsu's threshold, of the same shape.
        network_scores: The network's dice on each canvas, shape ``(n,)``.
        otsu_scores: The dice of Otsu's threshold on each canvas.
    """

    canvases: Canvases
    network: Mask
    otsu: Mask
    network_scores: NDArray[np.float64]
    otsu_scores: NDArray[np.float64]

    @property
    def wins(self) -> int:
        """The number of canvases on which the network's dice is higher."""
        return int(np.sum(self.network_scores > self.otsu_scores))


def compare(canvases: Canvases, predictions: NDArray[np.floating]) -> Comparison:
    """Threshold the network's predictions at 0.5, and score both methods."""
    network, otsu = predictions > 0.5, mask_with_otsu(canvases.images)
    return Comparison(
        canvases,
        network,
        otsu,
        score_each(canvases.masks, network),
        score_each(canvases.masks, otsu),
    )


def choose_examples(comparison: Comparison, count: int = 7) -> NDArray[np.intp]:
    """Return the numbers of canvases at even steps of the network's score, from its worst to its best.

    Evenly, so that the picture cannot be better than the network.
    """
    order = np.argsort(comparison.network_scores, kind="stable")
    steps = np.linspace(0, len(order) - 1, count).round().astype(int)
    chosen: NDArray[np.intp] = order[steps]
    return chosen
