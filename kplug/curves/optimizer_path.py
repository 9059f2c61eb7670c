"""Traces the path of an optimizer through a valley of two weights."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch

from kplug.curves.curve import Curve
from kplug.optimizers.adapt import build_optimizer, set_gradients

START = (-1.0, 0.6)
_STEPS, _ALL, _BETWEEN = 1000, 100, 10  # the first 100 steps are all shown, then every tenth
_FARTHEST = 100.0


def valley(first: Any, second: Any) -> Any:
    """Return ``(first² + 10 second²) / 2``, a valley that is steeper across than along."""
    return (first**2 + 10.0 * second**2) / 2.0


def sample_optimizer(optimizer: Any, _: dict[str, Any]) -> Curve | None:
    """Return the path of an optimizer with its own learning rate; None if it stalls or diverges."""
    for shape in ((2,), (1, 2)):  # some rules work on matrices only
        points = _walk(optimizer, torch.tensor(START).reshape(shape).requires_grad_())
        if points is not None:
            x, y = zip(*points, strict=True)
            labels = f"first weight, in {_STEPS} steps", "second weight"
            return Curve(x, y, *labels, "path") if len(set(points[1:])) > 1 else None
    return None


def _walk(made: Any, weights: torch.Tensor) -> list[tuple[float, float]] | None:
    """Return sampled positions of the weights; None if a step raises or diverges."""
    points = [START]
    try:
        with torch.enable_grad():
            optimizer = build_optimizer(copy.deepcopy(made), [weights])
            for step in range(1, _STEPS + 1):
                set_gradients(optimizer, [weights], lambda _: valley(*weights.flatten()))
                optimizer.step()
                if step <= _ALL or step % _BETWEEN == 0:
                    first, second = weights.detach().flatten().tolist()
                    points.append((first, second))
    except Exception:  # noqa: BLE001 - it is anyone's component, and may want other weights
        return None
    is_near = all(math.hypot(*point) < _FARTHEST for point in points)
    return points if is_near else None
