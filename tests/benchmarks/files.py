"""Benchmark of files: 126 MB of weights saved and loaded, as ratios to h5py with the same data.

Run it by path: ``python tests/benchmarks/files.py``. The sides alternate in one process and medians
are compared. Every writer makes a new file, and every reader finds its file in the system's cache. The
last step of a save, that waits until the disk has the data, is left out on our side (h5py has none) and
shown in a line of its own.

Kernels of Dense layers lie in memory as files hold them, (in, out). Transposing one of 16 MB takes about
8 ms on one core, as long as writing it and twice as long as reading it from the cache.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from kplug import Sequential, layers, load_model
from kplug.saving import atomic

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 9
UNITS, LAYERS = 2048, 8


def build() -> Any:
    """Return the model: 8 Dense layers of 2048."""
    stack = [layers.Dense(UNITS, name=f"d{number}") for number in range(LAYERS)]
    return Sequential([layers.Input((UNITS,)), *stack])


class Sides:
    """The measured sides, by their names."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.model = folder, build()
        self.arrays = [np.array(weight) for weight in self.model.get_weights()]

    def write_raw(self) -> None:
        """Write the arrays with h5py."""
        with h5py.File(self._new("raw.h5"), "w") as file:
            for number, array in enumerate(self.arrays):
                file.create_dataset(str(number), data=array)

    def read_raw(self) -> None:
        """Read them, into memory of their own."""
        with h5py.File(self.folder / "raw.h5") as file:
            _ = [file[str(number)][()] for number in range(len(self.arrays))]

    def save(self, name: str) -> Callable[[], None]:
        """Return the save of weights, or of the model for the formats of whole models."""
        write = self.model.save if name.startswith("model") else self.model.save_weights
        return lambda: write(self._new(name))

    def load(self, name: str) -> Callable[[], object]:
        """Return the load."""
        path = self.folder / name
        if name.startswith("model"):
            return lambda: load_model(path, compile=False)
        return lambda: self.model.load_weights(path, verify="off")

    def _new(self, name: str) -> Path:
        (self.folder / name).unlink(missing_ok=True)
        return self.folder / name


def measure(sides: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median of each side in milliseconds; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(RUNS):
        for name, call in sides.items():
            start = time.perf_counter()
            call()
            times[name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(taken) for name, taken in times.items()}


def main() -> None:
    """Print the table."""
    table = Table("what", "ms", "h5py ms", "ratio", "at most", box=box.SIMPLE)
    formats = {"w.h5": 1.2, "w.weights.h5": 1.2, "model.h5": 1.2, "model.keras": None}
    folder = Path(tempfile.mkdtemp())
    sync, atomic._sync = atomic._sync, lambda path: None
    try:
        sides = Sides(folder)
        writers = {"h5py": sides.write_raw, **{name: sides.save(name) for name in formats}}
        taken = measure(writers)
        for name, bound in formats.items():
            add(table, f"save {name}", taken[name], taken["h5py"], bound)
        readers = {"h5py": sides.read_raw, **{name: sides.load(name) for name in formats}}
        taken = measure(readers)
        for name, bound in formats.items():
            add(table, f"load {name}", taken[name], taken["h5py"], bound)
        start = time.perf_counter()
        sync(folder / "w.h5")
        table.add_row(
            "until the disk has it", f"{(time.perf_counter() - start) * 1e3:.0f}", "", "", ""
        )
    finally:
        atomic._sync = sync
        shutil.rmtree(folder)
    Console().print(table)


def add(table: Table, name: str, ours: float, raw: float, bound: float | None) -> None:
    """Add a row."""
    table.add_row(name, f"{ours:.0f}", f"{raw:.0f}", f"{ours / raw:.2f}", str(bound or ""))


if __name__ == "__main__":
    main()
