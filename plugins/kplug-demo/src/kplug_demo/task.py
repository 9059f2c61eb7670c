"""The task: find the ink of a real handwritten digit on a canvas full of clutter.

The scans are scikit-learn's bundled part of the UCI handwritten digits, 8×8 pixels each. A scan is
enlarged and laid at a random place on a canvas of shaded background, texture, strokes and dots of the
same brightness as ink, so that brightness alone does not tell what is ink. The true mask is known
because the canvas is composed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

Array = NDArray[np.float64]

SIDE = 32
SPLITS = (("training", 1200), ("validation", 200), ("held_out", 397))

_Y, _X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64)


@dataclass(frozen=True, slots=True)
class Canvases:
    """Images and what is ink on them.

    Args:
        images: Brightness in [0, 1], float32, shape ``(n, 32, 32, 1)``.
        masks: 1 where there is ink, else 0; float32, of the same shape.
        scans: Which scan each image was made from, shape ``(n,)``.
    """

    images: NDArray[np.float32]
    masks: NDArray[np.float32]
    scans: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Task:
    """Three sets of canvases that share no scan."""

    training: Canvases
    validation: Canvases
    held_out: Canvases


def make_task(seed: int) -> Task:
    """Compose the task: the same seed gives the same canvases, bit for bit.

    Raises:
        ModuleNotFoundError: if scikit-learn is not installed.
    """
    scans = load_scans()
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(scans))
    sets: dict[str, Canvases] = {}
    start = 0
    for name, count in SPLITS:
        sets[name] = _compose_all(scans, order[start : start + count], rng)
        start += count
    return Task(**sets)


def load_scans() -> Array:
    """Return the 1797 scans, shape ``(1797, 8, 8)``: 0 is paper and 1 is full ink."""
    from sklearn.datasets import load_digits

    digits: Any = load_digits()
    return np.asarray(digits.images, dtype=np.float64) / 16.0


def _compose_all(scans: Array, chosen: NDArray[np.int64], rng: np.random.Generator) -> Canvases:
    pairs = [compose(scans[index], rng) for index in chosen]
    images = np.stack([image for image, _ in pairs])[..., np.newaxis].astype(np.float32)
    masks = np.stack([mask for _, mask in pairs])[..., np.newaxis].astype(np.float32)
    return Canvases(images, masks, chosen)


def compose(scan: Array, rng: np.random.Generator) -> tuple[Array, NDArray[np.bool_]]:
    """Lay one scan on a new canvas.

    Args:
        scan: Shape ``(8, 8)``, 0 to 1.
        rng: Where the clutter and the place come from.

    Returns:
        The canvas in [0, 1] and its mask, both of shape ``(32, 32)``. Ink is where the scan covers
        more than half of the pixel.
    """
    ink = _place(scan, rng)
    canvas = _shading(rng) + _texture(rng)
    for draw, fewest, most in ((_stroke, 2, 5), (_dot, 1, 4)):
        for _ in range(rng.integers(fewest, most + 1)):
            canvas = _paint(canvas, draw(rng), rng.uniform(0.5, 1.0))
    canvas = _paint(canvas, ink, rng.uniform(0.6, 0.95))
    canvas += rng.normal(0.0, 0.04, canvas.shape)
    return np.clip(canvas, 0.0, 1.0), ink > 0.5


def _place(scan: Array, rng: np.random.Generator) -> Array:
    """Enlarge the scan to 16–24 pixels and put it somewhere on an empty canvas."""
    size = int(rng.integers(16, 25))
    top, left = rng.integers(0, SIDE - size + 1, 2)
    canvas = np.zeros((SIDE, SIDE))
    canvas[top : top + size, left : left + size] = enlarge(scan, size)
    return canvas


def enlarge(image: Array, size: int) -> Array:
    """Return a square image at another size, by linear interpolation between pixel centres."""
    given = torch.from_numpy(image)[None, None]
    enlarged: Array = F.interpolate(given, size=(size, size), mode="bilinear")[0, 0].numpy()
    return enlarged


def _shading(rng: np.random.Generator) -> Array:
    angle = rng.uniform(0.0, 2.0 * np.pi)
    slope = np.cos(angle) * _X + np.sin(angle) * _Y
    slope = (slope - slope.min()) / (slope.max() - slope.min())
    shading: Array = rng.uniform(0.0, 0.15) + rng.uniform(0.15, 0.55) * slope
    return shading


def _texture(rng: np.random.Generator) -> Array:
    grain = int(rng.integers(4, 17))
    return rng.uniform(0.03, 0.12) * enlarge(rng.standard_normal((grain, grain)), SIDE)


def _stroke(rng: np.random.Generator) -> Array:
    """Return the coverage of a straight line, 0 to 1, with smooth edges."""
    (x, y), angle = rng.uniform(0.0, SIDE, 2), rng.uniform(0.0, np.pi)
    half_length, half_width = rng.uniform(6.0, 22.0), rng.uniform(0.5, 0.9)
    along = (_X - x) * np.cos(angle) + (_Y - y) * np.sin(angle)
    across = (_Y - y) * np.cos(angle) - (_X - x) * np.sin(angle)
    coverage: Array = _inside(half_width - np.abs(across)) * _inside(half_length - np.abs(along))
    return coverage


def _dot(rng: np.random.Generator) -> Array:
    x, y = rng.uniform(0.0, SIDE, 2)
    return _inside(rng.uniform(1.2, 3.0) - np.hypot(_X - x, _Y - y))


def _inside(distance: Array) -> Array:
    """Return the coverage of pixels at this distance inside an edge."""
    return np.clip(distance + 0.5, 0.0, 1.0)


def _paint(canvas: Array, coverage: Array, brightness: float) -> Array:
    return canvas * (1.0 - coverage) + brightness * coverage
