"""Speed of two processes on two cores beside one process on one core, for the small CNN.

Run it by path: ``python tests/benchmarks/processes.py``.
Each process uses one thread. The runs alternate; the table holds medians over ``ROUNDS`` starts of the
time that ``fit`` itself takes, without starting Python or making the process group. Nothing is asserted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROUNDS = 5
TARGET = 1.5


def train() -> None:
    """Train the model, in the first epoch to warm up; print the seconds of the others."""
    import torch

    import kplug
    from kplug.backend.processes import is_main_process
    from kplug.layers import Conv2D, Dense, Flatten, MaxPooling2D

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = kplug.Sequential(
        [
            Conv2D(32, 3, activation="relu", input_shape=(28, 28, 1)),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(128, activation="relu"),
            Dense(10),
        ]
    )
    loss = "sparse_categorical_crossentropy(from_logits=True)"
    model.compile("adam", loss, distribution=os.environ.get("KPLUG_BENCHMARK_DISTRIBUTION"))
    images, labels = torch.randn(1280, 28, 28, 1), torch.randint(0, 10, (1280,))
    model.fit(images[:128], labels[:128], batch_size=64, verbose=0)
    started = time.perf_counter()
    model.fit(images, labels, batch_size=64, epochs=2, verbose=0)
    if is_main_process():
        print("seconds", time.perf_counter() - started)


def measure(processes: int, distribution: str | None = None) -> float:
    """Return the seconds of one run."""
    script = str(Path(__file__).resolve())
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(launcher if processes > 1 else []), script, "train"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if distribution is not None:
        environment["KPLUG_BENCHMARK_DISTRIBUTION"] = distribution
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Run everything in alternation and print the table."""
    seconds: dict[str, list[float]] = {"one process": [], "two, DDP": [], "two, FSDP2": []}
    for _ in range(ROUNDS):
        seconds["one process"].append(measure(1))
        seconds["two, DDP"].append(measure(2))
        seconds["two, FSDP2"].append(measure(2, "fsdp"))
    table = Table("run", "seconds", "times as fast as one", "target")
    alone = statistics.median(seconds["one process"])
    for name, found in seconds.items():
        median = statistics.median(found)
        target = f">= {TARGET}" if "DDP" in name else ""
        table.add_row(name, f"{median:.2f}", f"{alone / median:.2f}", target)
    Console().print(table)


if __name__ == "__main__":
    train() if sys.argv[1:] == ["train"] else main()
