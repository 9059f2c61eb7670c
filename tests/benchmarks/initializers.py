"""Benchmark of initializers: ten million values, as ratios to ``torch.nn.init``'s same law.

Run it by path: ``python tests/benchmarks/initializers.py``. Both sides alternate in one process, and the
fastest of several runs counts, so that a busy machine slows both alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import init

from kplug.initializers import get

SHAPE = (2500, 4000)
RUNS = 7
BOUND = 1.1

PAIRS: dict[str, Callable[[Tensor], object]] = {
    "zeros": init.zeros_,
    "ones": init.ones_,
    "constant(0.5)": lambda values: init.constant_(values, 0.5),
    "identity": init.eye_,
    "random_normal": lambda values: init.normal_(values, 0.0, 0.05),
    "random_uniform": lambda values: init.uniform_(values, -0.05, 0.05),
    "truncated_normal": lambda values: init.trunc_normal_(values, 0.0, 0.05, -0.1, 0.1),
    "glorot_uniform": init.xavier_uniform_,
    "glorot_normal": lambda values: init.trunc_normal_(values, 0.0, 0.02, -0.04, 0.04),
    "he_uniform": lambda values: init.kaiming_uniform_(values, nonlinearity="relu"),
    "he_normal": lambda values: init.trunc_normal_(values, 0.0, 0.03, -0.06, 0.06),
    "torch/xavier_normal": init.xavier_normal_,
    "torch/kaiming_uniform": init.kaiming_uniform_,
    "torch/trunc_normal": init.trunc_normal_,
}


def fastest(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Return the shortest times of two calls, in milliseconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(RUNS):
        for call, taken in zip((first, second), times, strict=True):
            start = time.perf_counter()
            call()
            taken.append((time.perf_counter() - start) * 1e3)
    return min(times[0]), min(times[1])


def main() -> None:
    """Print the table."""
    table = Table("initializer", "ms", "torch ms", "ratio", "at most", box=box.SIMPLE)
    for name, fill in PAIRS.items():
        initializer = get(name)
        ours, theirs = fastest(
            lambda: initializer(SHAPE),  # noqa: B023 - called inside the loop
            lambda: fill(torch.empty(SHAPE)),  # noqa: B023
        )
        table.add_row(name, f"{ours:.1f}", f"{theirs:.1f}", f"{ours / theirs:.2f}", f"{BOUND}")
    Console().print(table)


if __name__ == "__main__":
    main()
