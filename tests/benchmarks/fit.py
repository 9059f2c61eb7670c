"""Time of ``fit`` as a multiple of a hand-written PyTorch loop with the same model and batches.

Run it by path: ``python tests/benchmarks/fit.py``.
The contenders alternate in one process; the table holds medians. Nothing is asserted about time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from kplug.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from kplug.models import Sequential

ROUNDS = 7


@dataclass
class Case:
    """One model in both libraries, and its data."""

    name: str
    ours: Sequential
    theirs: nn.Module
    x: Tensor
    y: Tensor
    batch_size: int
    loss: str
    torch_loss: nn.Module
    is_image: bool = False


def make_mlp(name: str, sizes: list[int], rows: int, batch_size: int, classes: int = 0) -> Case:
    """Return a multilayer perceptron: a regression, or a classification from logits."""
    *hidden, last = sizes[1:]
    ours = Sequential(
        [Input((sizes[0],)), *(Dense(n, activation="relu") for n in hidden), Dense(last)]
    )
    modules: list[nn.Module] = []
    for before, after in zip(sizes[:-2], hidden, strict=True):
        modules += [nn.Linear(before, after), nn.ReLU()]
    theirs = nn.Sequential(*modules, nn.Linear(sizes[-2], last))
    x = torch.randn(rows, sizes[0])
    y = torch.randint(0, classes, (rows,)) if classes else torch.randn(rows, last)
    return Case(name, ours, theirs, x, y, batch_size, *_losses(bool(classes)))


def make_cnn() -> Case:
    """Return the small convolutional network."""
    ours = Sequential(
        [
            Input((28, 28, 1)),
            Conv2D(32, 3, activation="relu"),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(128, activation="relu"),
            Dense(10),
        ]
    )
    theirs = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(12 * 12 * 64, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    x, y = torch.randn(1280, 28, 28, 1), torch.randint(0, 10, (1280,))
    return Case("CNN 28x28, batch 64", ours, theirs, x, y, 64, *_losses(True), is_image=True)


def _losses(is_classification: bool) -> tuple[str, nn.Module]:
    if is_classification:
        return "sparse_categorical_crossentropy(from_logits=True)", nn.CrossEntropyLoss()
    return "mean_squared_error", nn.MSELoss()


CASES: list[Callable[[], Case]] = [
    lambda: make_mlp("MLP 20-64-64-1, batch 32", [20, 64, 64, 1], 12_800, 32),
    lambda: make_mlp("MLP 784-512-512-10, batch 128", [784, 512, 512, 10], 6_400, 128, 10),
    make_cnn,
]


def train_by_hand(case: Case, optimizer: torch.optim.Optimizer) -> None:
    """Train one epoch as a good engineer writes it."""
    model, loss_function = case.theirs, case.torch_loss
    x = case.x.permute(0, 3, 1, 2).contiguous() if case.is_image else case.x
    model.train()
    order = torch.randperm(len(x))
    total = torch.zeros(())
    for start in range(0, len(x), case.batch_size):
        rows = order[start : start + case.batch_size]
        loss = loss_function(model(x[rows]), case.y[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(rows)
    float(total / len(x))


def measure(case: Case) -> tuple[float, float, float]:
    """Return medians in microseconds per step: by hand, ``fit``, and the ratio."""
    optimizer = torch.optim.Adam(case.theirs.parameters(), fused=True)
    case.ours.compile(optimizer="adam", loss=case.loss)
    contenders: list[Callable[[], object]] = [
        lambda: train_by_hand(case, optimizer),
        lambda: case.ours.fit(case.x, case.y, batch_size=case.batch_size, verbose=0),
    ]
    times: list[list[float]] = [[], []]
    for turn in range(ROUNDS + 1):
        for contender, record in zip(contenders, times, strict=True):
            started = time.perf_counter()
            contender()
            if turn:  # the first turn warms up
                record.append(time.perf_counter() - started)
    steps = -(-len(case.x) // case.batch_size)
    by_hand, ours = (statistics.median(record) / steps * 1e6 for record in times)
    ratio = statistics.median(b / a for a, b in zip(*times, strict=True))
    return by_hand, ours, ratio


def main() -> None:
    """Print the table."""
    table = Table(title=f"fit, eager, {torch.get_num_threads()} threads; medians of {ROUNDS}")
    for title in ("Case", "By hand, µs/step", "kplug fit, µs/step", "Ratio", "Target"):
        table.add_column(title, justify="left" if title == "Case" else "right")
    for make in CASES:
        torch.manual_seed(0)
        case = make()
        by_hand, ours, ratio = measure(case)
        table.add_row(case.name, f"{by_hand:.1f}", f"{ours:.1f}", f"{ratio:.3f}", "≤ 1.15")
    Console().print(table)


if __name__ == "__main__":
    main()
