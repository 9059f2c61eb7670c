"""Speed of two processes on two cores beside one process on one core, for the small CNN.

Run it by path: ``python tests/benchmarks/processes.py``; ``--rounds N`` measures each run N times.
The same training by a loop that is written by hand, with torch's DDP and without any exchange, says what
can be reached. Each process uses one thread. All runs are started at once, and train in turns while the
others wait; the table holds medians of the time that training takes, and of ratios. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from by_hand import HANDS, Loop
from cases import CASES
from rich.console import Console
from rich.table import Table

import kplug
from kplug.backend.processes import (
    copy_from_main,
    count_processes,
    find_rank,
    is_group_joined,
    is_launched,
    is_main_process,
)

NAME, EPOCHS = "CNN 28", 2
CASE = CASES[NAME]
ROWS, BATCH = CASE.steps * CASE.batch_size, CASE.batch_size
# Name in the table, kind of training, processes, target for the speed beside kplug's in one process.
RUNS: list[tuple[str, str, int, str]] = [
    ("one, by hand", "hand", 1, ""),
    ("one, kplug", "kplug", 1, ""),
    ("two, by hand, nothing exchanged", "hand", 2, ""),
    ("two, by hand, DDP", "ddp", 2, ""),
    ("two, kplug, DDP", "kplug", 2, ">= 1.5"),
    ("two, kplug, FSDP2", "fsdp", 2, ""),
]


def make_training(kind: str) -> Callable[[], object]:
    """Return what trains the model as long as it is timed."""
    if kind in ("hand", "ddp"):
        return make_loop(has_exchange=kind == "ddp")
    model = CASE.compile(kplug, distribution="fsdp" if kind == "fsdp" else None)
    (x,), (y,) = CASE.data
    return lambda: model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)


def make_loop(*, has_exchange: bool) -> Callable[[], object]:
    """Return the loop that is written by hand: every process takes its half of each batch."""
    hand = HANDS[NAME]()
    if is_launched():
        torch.distributed.init_process_group("gloo")
    if has_exchange:
        hand.module = torch.nn.parallel.DistributedDataParallel(hand.module)
    part, size = find_rank(), count_processes()
    share = slice(part * BATCH // size, (part + 1) * BATCH // size)
    loop = Loop(CASE, hand)
    (x,), (y,) = loop.x, loop.y

    def train() -> None:
        for epoch in range(EPOCHS):
            order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(epoch))
            sums = torch.zeros(1)
            for rows in order.split(BATCH):
                sums += loop.step([x[rows[share]]], [y[rows[share]]])
            sums.tolist()

    return train


def train_in_turns(kind: str) -> None:
    """Train once to warm up, then whenever a line is read; print the seconds."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    warnings.filterwarnings("ignore", message="Grad strides")  # of the loop by hand
    train = make_training(kind)
    train()
    while copy_from_main(sys.stdin.readline() if is_main_process() else None):
        started = time.perf_counter()
        train()
        copy_from_main(None)  # the slowest process counts
        if is_main_process():
            print(time.perf_counter() - started, flush=True)
    # A DDP that outlives its group ends the group's threads itself, and may wait for them for ever.
    del train
    if is_group_joined() and kind in ("hand", "ddp"):
        torch.distributed.destroy_process_group()


def start(kind: str, processes: int) -> subprocess.Popen[str]:
    """Start a run, which waits for its turn."""
    script = str(Path(__file__).resolve())
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(launcher if processes > 1 else []), script, "--train", kind]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)


def take_turn(run: subprocess.Popen[str]) -> float:
    """Return the seconds of one training."""
    assert run.stdin is not None
    assert run.stdout is not None
    run.stdin.write("\n")
    run.stdin.flush()
    return float(run.stdout.readline())


def print_table(seconds: dict[str, list[float]]) -> None:
    """Print medians of times, and of ratios of the times of one round."""
    table = Table("run", "ms/step", "times as fast as one by hand", "as one kplug", "target")
    for name, _, _, target in RUNS:
        own = seconds[name]
        ratios = [
            statistics.median(a / b for a, b in zip(seconds[one], own, strict=True))
            for one in ("one, by hand", "one, kplug")
        ]
        milliseconds = statistics.median(own) / (EPOCHS * ROWS // BATCH) * 1e3
        table.add_row(name, f"{milliseconds:.1f}", *(f"{each:.2f}" for each in ratios), target)
    Console().print(table)


def main() -> None:
    """Let all runs take turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="turns of each run (default 9)")
    parser.add_argument("--train", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train is not None:
        train_in_turns(options.train)
        return
    runs = {name: start(kind, processes) for name, kind, processes, _ in RUNS}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(1 + options.rounds):
        for name, run in runs.items():
            took = take_turn(run)
            if turn:  # the first turns wait for the last warm-ups
                seconds[name].append(took)
    for run in runs.values():
        run.communicate()
    print_table(seconds)


if __name__ == "__main__":
    main()
