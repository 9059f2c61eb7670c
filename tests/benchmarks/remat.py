"""Benchmark of rematerialization: what a step keeps for its backward pass, its peak, and its time.

Run it by path: ``python tests/benchmarks/remat.py``. A chain of blocks as in a transformer is trained. "Kept"
are the bytes of tensors that autograd saves in an eager forward pass, beside the weights; "peak" is how much
the allocated memory grows within a step. Steps of the rows alternate, and the least processor time of one
thread counts. ``--quick`` leaves out the compiled step.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table

import kplug
from kplug import RematScope, Sequential, layers

BLOCKS, BATCH, TIME, WIDTH = 6, 16, 64, 64
STEPS = 5
ROWS = {
    "no scope": (None, [], False),
    "activations": ("activations", [], False),
    "every block": ("full", [], False),
    "attention alone": ("list_of_layers", ["attention_*"], False),
    "no scope, compiled": (None, [], True),
}


class Block(layers.Layer):
    """A block of a transformer."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.norms = [layers.LayerNormalization(), layers.LayerNormalization()]
        self.attention = layers.MultiHeadAttention(
            4, WIDTH // 4, dropout=0.1, name=f"attention_{self.name}"
        )
        self.wide = layers.Dense(4 * WIDTH, activation="gelu")
        self.narrow, self.dropout = layers.Dense(WIDTH), layers.Dropout(0.1)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs."""
        x = self.norms[0](inputs)
        x = inputs + self.attention(x, x)
        made: torch.Tensor = x + self.dropout(self.narrow(self.wide(self.norms[1](x))))
        return made


def make_step(row: str) -> tuple[Any, Callable[[], object]]:
    """Return a model, and a function that makes a step."""
    mode, names, is_compiled = ROWS[row]
    kplug.utils.set_random_seed(0)
    with RematScope(mode, layer_names=names):
        blocks = [Block(name=f"block_{number}") for number in range(BLOCKS)]
        model = Sequential([layers.Input((TIME, WIDTH)), *blocks, layers.Dense(1)])
    model.compile("adam", "mse", jit_compile=is_compiled)
    x = np.random.default_rng(0).normal(size=(BATCH, TIME, WIDTH)).astype("float32")
    return model, lambda: model.train_on_batch(x, x[..., :1])


def count_kept(model: Any) -> int:
    """Return the bytes of the tensors that a forward pass keeps, without weights."""
    weights = {weight.untyped_storage().data_ptr() for weight in model.weights}
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = model(torch.ones(BATCH, TIME, WIDTH), training=True)
    del outputs
    return sum(kept.values())


def find_peak(step: Callable[[], object]) -> int:
    """Return the largest sum of the bytes that a step has allocated and not freed."""
    with torch.profiler.profile(profile_memory=True) as profile:
        step()
    events = profile.profiler.kineto_results.events()
    changes = sorted(
        (each.start_ns(), each.nbytes()) for each in events if each.name() == "[memory]"
    )
    total = peak = 0
    for _, count in changes:
        total += count
        peak = max(peak, total)
    return peak


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    is_quick = "--quick" in sys.argv
    made = {
        row: make_step(row)
        for row, (*_, is_compiled) in ROWS.items()
        if not (is_compiled and is_quick)
    }
    for _, step in made.values():
        for _ in range(3):  # the third compiled step runs its graph
            step()
    times: dict[str, list[float]] = {row: [] for row in made}
    for _ in range(STEPS):
        for row, (_, step) in made.items():
            start = time.process_time()
            step()
            times[row].append(1e3 * (time.process_time() - start))
    table = Table("scope", "kept MB", "of", "peak MB", "of", "ms a step", "of", box=box.SIMPLE)
    first: list[float] = []
    for row, (model, step) in made.items():
        found = [count_kept(model) / 1e6, find_peak(step) / 1e6, min(times[row])]
        first = first or found
        pairs = zip(found, first, strict=True)
        table.add_row(
            row, *(text for one, other in pairs for text in (f"{one:.1f}", f"{one / other:.2f}"))
        )
    Console().print(table)


if __name__ == "__main__":
    main()
