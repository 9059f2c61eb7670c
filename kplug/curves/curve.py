"""The ``Curve`` class: sampled values of a component, and their description."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Curve:
    """Values of a component.

    Args:
        x: The arguments.
        y: The component's values.
        x_label: The label of ``x``.
        y_label: The label of ``y``.
        form: ``"line"``; ``"bars"`` for counts; ``"path"`` for points in the plane, in order of time.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    x_label: str
    y_label: str
    form: Literal["line", "bars", "path"] = "line"

    def describe(self) -> str:
        """Describe the picture of the curve in a sentence.

        Example:
            >>> Curve((-1.0, 0.0, 2.0), (1.0, 0.0, 4.0), "a weight", "penalty").describe()
            'penalty over a weight: 1 at -1, 4 at 2; the lowest is 0 at 0, the highest 4 at 2'
        """
        points = list(zip(self.x, self.y, strict=True))
        title = f"{self.y_label} over {self.x_label}"
        first, last = points[0], points[-1]
        if self.form == "path":
            return f"{title}: from ({_list(first)}) to ({_list(last)})"
        low, high = (choose(points, key=lambda point: point[1]) for choose in (min, max))
        extremes = f"the lowest is {_locate(low)}, the highest {_locate(high)}"
        return f"{title}: {_locate(first)}, {_locate(last)}; {extremes}"


def _locate(point: tuple[float, float]) -> str:
    return f"{point[1]:.3g} at {point[0]:.3g}"


def _list(point: tuple[float, float]) -> str:
    return f"{point[0]:.3g}, {point[1]:.3g}"
