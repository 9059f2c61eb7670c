"""The baseline, Otsu's threshold, and the dice score that compares it with the network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def find_otsu_threshold(image: NDArray[np.floating], bins: int = 256) -> float:
    """Return the brightness that best splits the image's histogram in two.

    Best is the largest variance between the two classes, ``w₀·w₁·(μ₀ − μ₁)²`` with ``w`` the share
    of pixels and ``μ`` the mean brightness of a class; where several are best, the lowest.

    Args:
        image: Brightness in [0, 1], of any shape.
        bins: How many thresholds to tell apart.

    Returns:
        The upper edge of the darker class; pixels above it belong to the brighter one.

    Reference:
        Otsu, "A threshold selection method from gray-level histograms" (1979).
    """
    counts, edges = np.histogram(image, bins=bins, range=(0.0, 1.0))
    share = np.cumsum(counts) / counts.sum()
    moment = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2.0) / counts.sum()
    both = share * (1.0 - share)
    # Where one class is empty there is no split: its variance stays zero.
    between = np.zeros(bins)
    np.divide((moment[-1] * share - moment) ** 2, both, out=between, where=both > 0.0)
    return float(edges[1 + int(np.argmax(between))])


def mask_with_otsu(images: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return the masks that Otsu's threshold finds, one threshold an image."""
    return np.stack([image > find_otsu_threshold(image) for image in images])


def score_each(
    truth: NDArray[np.floating] | NDArray[np.bool_], masks: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the dice coefficient of each image, ``2·|both| / (|one| + |other|)``.

    It is computed in numpy, apart from the loss that the network was trained on. The smoothing of
    1e-5 makes two empty masks agree.
    """
    true = truth.reshape(len(truth), -1) > 0.5
    predicted = masks.reshape(len(masks), -1)
    shared = np.sum(true & predicted, axis=1)
    scores: NDArray[np.float64] = (2.0 * shared + 1e-5) / (
        np.sum(true, axis=1) + np.sum(predicted, axis=1) + 1e-5
    )
    return scores
