"""The tables of ``backends.py``, in Markdown, with targets beside the ratios."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from backend_cases import BackendCase

EPOCHS = 10
ROUND_SECONDS = 0.5
JAX = "Keras, jax"
# Multiples of ``import torch``: of a first epoch, and of one beyond an eager one when its code is on disk.
COLD_TARGET, WARM_TARGET = 4, 1


class Seconds(NamedTuple):
    """Seconds on the clock, and on the processor: of all threads, and of processes that ended."""

    clock: float
    processor: float

    def __str__(self) -> str:
        return f"{self.clock:.2f} ({self.processor:.2f})"


@dataclass
class Measured:
    """What one library took for a case.

    Args:
        cold: The first epoch, of a process that finds nothing compiled on disk.
        total: That epoch and the nine after it.
        importing: ``import torch``; 0 in Keras.
        warm: The first epoch of a second process, where kplug compiles.
        epochs: One of the epochs of each round.
    """

    cold: Seconds
    total: Seconds
    importing: Seconds
    warm: Seconds | None = None
    epochs: list[Seconds] = field(default_factory=list)

    def count_epochs(self) -> int:
        """Return how many epochs a round trains."""
        return math.ceil((EPOCHS - 1) * ROUND_SECONDS / (self.total.clock - self.cold.clock))


Cell = Callable[[str], str]


def divide(one: Iterable[Seconds], other: Iterable[Seconds]) -> Seconds:
    """Return the medians of one's seconds as multiples of the other's in the same round."""
    pairs = list(zip(one, other, strict=True))
    return Seconds(*(statistics.median(a[i] / b[i] for a, b in pairs) for i in (0, 1)))


def show_ratio(ratio: Seconds, target: float | None = None) -> str:
    """Return a ratio with its target, and a mark where it is missed."""
    if target is None:
        return str(ratio)
    return f"{ratio} {'≤' if ratio.clock <= target else 'not ≤'} {target:g}"


def print_row(title: str, columns: Iterable[str], cell: Cell) -> None:
    """Print a row of a table in Markdown."""
    print(f"| {title} | " + " | ".join(map(cell, columns)) + " |", flush=True)


def print_case(
    name: str, case: BackendCase, found: dict[str, Measured], columns: list[str]
) -> None:
    """Print the rows of a case; cells of what was not measured stay empty."""
    jax, eager = found.get(JAX), found.get("kplug, eager")

    def rows(title: str, show: Callable[[str, Measured], str]) -> None:
        print_row(
            title, columns, lambda column: show(column, found[column]) if column in found else ""
        )

    def epoch(_: str, one: Measured) -> str:
        clock, processor = (statistics.median(each) * 1e3 for each in zip(*one.epochs, strict=True))
        return f"{clock:.0f} ({processor:.0f})"

    def to_jax(column: str, one: Measured) -> str:
        mode = column.removeprefix("kplug, ")
        return show_ratio(divide(one.epochs, jax.epochs), case.targets.get(mode)) if jax else ""

    def first(_: str, one: Measured) -> str:
        return f"{one.cold}" if one.warm is None else f"{one.cold}, {one.warm}"

    def in_imports(_: str, one: Measured) -> str:
        if one.warm is None or eager is None:
            return ""
        beyond = Seconds(*(max(0.0, a - b) for a, b in zip(one.warm, eager.cold, strict=True)))
        cold = show_ratio(divide([one.cold], [one.importing]), COLD_TARGET)
        return f"{cold}, {show_ratio(divide([beyond], [one.importing]), WARM_TARGET)}"

    def all_to_jax(column: str, one: Measured) -> str:
        target = 1.0 if column == "kplug, auto" else None
        return show_ratio(divide([one.total], [jax.total]), target) if jax else ""

    rows(f"**{name}**: ms an epoch", epoch)
    rows("epoch / JAX's", to_jax)
    rows("first epoch, s: cold, warm", first)
    rows("in `import torch`: cold, warm beyond eager", in_imports)
    rows(f"{EPOCHS} epochs, cold, s", lambda _, one: str(one.total))
    rows(f"{EPOCHS} epochs / JAX's", all_to_jax)
