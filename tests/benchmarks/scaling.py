"""How the time of ``fit`` grows with the data and with the depth of a model.

Run it by path: ``python tests/benchmarks/scaling.py [--quick]``. Two tables:

- Rows: CPU time of a step on one thread from 10³ to 10⁶ rows; it should stay the same.
- Depth: the same from 2 to 200 layers; it should be a straight line.

Nothing is asserted; the targets stand beside the numbers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from kplug.layers import Dense, Input
from kplug.models import Sequential

ROUNDS = 5
BATCH_SIZE = 32
FEATURES = 20
ROWS = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
DEPTHS = [2, 5, 10, 20, 50, 100, 200]


@dataclass
class Series:
    """Times of a step, in µs, for each size."""

    title: str
    sizes: list[int]
    by_hand: list[float]
    ours: list[float]


def make_model(depth: int, features: int = FEATURES, width: int = 64) -> Sequential:
    """Return a compiled multilayer perceptron."""
    hidden = [Dense(width, activation="relu") for _ in range(depth - 1)]
    model = Sequential([Input((features,)), *hidden, Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    return model


def make_module(depth: int, features: int = FEATURES, width: int = 64) -> nn.Module:
    """Return the same in torch."""
    layers: list[nn.Module] = []
    for index in range(depth - 1):
        layers += [nn.Linear(width if index else features, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width if depth > 1 else features, 1))


def train_by_hand(
    module: nn.Module, x: torch.Tensor, y: torch.Tensor, batch_size: int
) -> Callable[[], object]:
    """Return a function that trains for an epoch with a loop written by hand."""
    optimizer = torch.optim.Adam(module.parameters(), fused=True)

    def train() -> float:
        total = torch.zeros(())
        for rows in torch.randperm(len(x)).split(batch_size):
            loss = nn.functional.mse_loss(module(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(rows)
        return float(total) / len(x)

    return train


def measure(x: torch.Tensor, y: torch.Tensor, depth: int) -> tuple[float, float]:
    """Return µs per step, by hand and of ``fit``, of the quickest of several epochs in turns."""
    model = make_model(depth)
    contenders: list[Callable[[], object]] = [
        train_by_hand(make_module(depth), x, y, BATCH_SIZE),
        lambda: model.fit(x, y, batch_size=BATCH_SIZE, verbose=0),
    ]
    times: list[list[float]] = [[], []]
    rounds = max(1, min(ROUNDS, 200_000 // len(x)))  # where an epoch is long, few are enough
    for turn in range(rounds + 1):
        for contender, record in zip(contenders, times, strict=True):
            started = time.process_time()
            contender()
            if turn:  # the first turn warms up
                record.append(time.process_time() - started)
    steps = -(-len(x) // BATCH_SIZE)
    by_hand, ours = (min(record) / steps * 1e6 for record in times)
    return by_hand, ours


def measure_rows(sizes: list[int]) -> Series:
    """Time a step for each number of rows."""
    found = [measure(torch.randn(n, FEATURES), torch.randn(n, 1), depth=3) for n in sizes]
    return Series("rows", sizes, [each[0] for each in found], [each[1] for each in found])


def measure_depth(sizes: list[int], steps: int) -> Series:
    """Time a step for each depth."""
    x, y = torch.randn(steps * BATCH_SIZE, FEATURES), torch.randn(steps * BATCH_SIZE, 1)
    found = [measure(x, y, depth) for depth in sizes]
    return Series("layers", sizes, [each[0] for each in found], [each[1] for each in found])


def tabulate(series: Series, column: str, last: str) -> Table:
    """Return a table of times; the last column shows whether they stay or grow evenly."""
    table = Table(title=f"CPU time of a step by {series.title}, µs", title_justify="left")
    for title in (column, "By hand", "kplug fit", "Ratio", last):
        table.add_column(title, justify="right")
    for index, size in enumerate(series.sizes):
        ours, by_hand = series.ours[index], series.by_hand[index]
        growth = f"{ours / series.ours[0]:.2f}"
        if series.title == "layers":
            before = max(0, index - 1)
            added = size - series.sizes[before]
            growth = f"{(ours - series.ours[before]) / added:.0f}" if added else ""
        table.add_row(f"{size:,}", f"{by_hand:.0f}", f"{ours:.0f}", f"{ours / by_hand:.2f}", growth)
    return table


def main() -> None:
    """Print the tables and save the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer and smaller sizes")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)  # so that CPU time, which other programs do not disturb, is time
    console = Console()
    rows = measure_rows(ROWS[:5:2] if options.quick else ROWS)
    console.print(tabulate(rows, "Rows", "of 1,000 rows"))
    depth = measure_depth(DEPTHS[::2] if options.quick else DEPTHS, 20 if options.quick else 100)
    console.print(tabulate(depth, "Layers", "per added layer"))


if __name__ == "__main__":
    main()
