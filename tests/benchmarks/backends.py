"""kplug beside Keras on torch, JAX and TensorFlow: epochs, first epochs, and ten epochs from a cold start.

Each library is a process of its own, which trains ten epochs and stays; every round then asks each of them
for one epoch more. The median of the rounds counts, and ratios are medians of the ratios of a round. Keras's
backends come with the extra ``bench-backends``; ``--python PATH`` takes them from another interpreter.
``import torch`` is what first epochs are compared with. kplug and Keras on torch have as many threads as
``OMP_NUM_THREADS`` says, JAX and TensorFlow what they choose.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from backend_cases import CASES, BackendCase

EPOCHS = 10
MODES: dict[str, dict[str, Any]] = {
    "eager": {},
    "compiled": {"jit_compile": True},
    "x8": {"jit_compile": True, "steps_per_execution": 8},
    "auto": {"jit_compile": "auto"},
    "XLA": {"jit_compile": True},
}
BACKENDS = ("torch", "jax", "tensorflow", "tensorflow XLA")
JAX = "Keras, jax"
# Multiples of ``import torch``: of a first epoch, and of one beyond an eager one when its code is on disk.
COLD_TARGET, WARM_TARGET = 4, 1


@dataclass
class Measured:
    """What one library took for a case, in seconds.

    Args:
        cold: The first epoch, of a process that finds nothing compiled on disk.
        total: That epoch and the nine after it.
        importing: ``import torch``; 0 in Keras.
        warm: The first epoch of a second process, where kplug compiles.
        epochs: An epoch, in each round.
        processor: The same on the processor's clock, all threads together.
    """

    cold: float
    total: float
    importing: float
    warm: float | None = None
    epochs: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


# -- the process of a library ------------------------------------------------------------------


def serve(library: str, mode: str, name: str, epochs: int) -> None:
    """Train, print seconds; then train one epoch for each line that is read, and print its seconds."""
    importing = time_import() if library == "kplug" else 0.0
    keras: Any = importlib.import_module(library)
    case = CASES[name]
    x, y = case.make_data()
    model = case.compile(keras, **MODES.get(mode, {}))
    ends: list[float] = []

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            ends.append(time.perf_counter())

    def fit(epochs: int, **options: Any) -> None:
        model.fit(x, y, batch_size=case.batch_size, epochs=epochs, verbose=0, **options)

    started = time.perf_counter()
    fit(epochs, callbacks=[Clock()])
    print(json.dumps([ends[0] - started, ends[-1] - started, importing]), flush=True)
    for _ in sys.stdin:
        started, worked = time.perf_counter(), time.process_time()
        fit(1)
        took = time.perf_counter() - started, time.process_time() - worked
        print(json.dumps(took), flush=True)


def time_import() -> float:
    """Return the seconds that ``import torch`` takes."""
    started = time.perf_counter()
    importlib.import_module("torch")
    return time.perf_counter() - started


# -- the process that asks ---------------------------------------------------------------------


def start(
    python: str, column: str, case: str, folder: str, epochs: int = EPOCHS
) -> subprocess.Popen[str]:
    """Start the process of a column, such as ``"kplug, x8"`` or ``"Keras, tensorflow XLA"``."""
    library, _, rest = column.partition(", ")
    backend, _, option = rest.partition(" ")
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TORCHINDUCTOR_CACHE_DIR": folder,
    }
    return subprocess.Popen(
        [python, __file__, "--serve", library.lower(), option or backend, case, str(epochs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )


def ask(process: subprocess.Popen[str], line: str = "") -> Any:
    """Send a line, if there is one, and return the answer; None if the process has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(line)
        process.stdin.flush()
    answer = process.stdout.readline()
    return json.loads(answer) if answer else None


def measure(case: str, columns: dict[str, str], rounds: int) -> dict[str, Measured]:
    """Return what each column took; one that fails is said and left out."""
    processes: dict[str, subprocess.Popen[str]] = {}
    found: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory() as folder:
        for column, python in columns.items():
            own = f"{folder}/{column}"
            processes[column] = start(python, column, case, own)
            answer = ask(processes[column])
            if answer is None:
                print(f"{case}: {column} has ended: status {processes.pop(column).wait()}")
                continue
            found[column] = Measured(*answer)
            if column.startswith("kplug") and "eager" not in column:
                second = start(python, column, case, own, epochs=1)
                found[column].warm = ask(second)[0]
                second.communicate()
        for _ in range(rounds):
            for column, process in processes.items():
                took, worked = ask(process, "go\n")
                found[column].epochs.append(took)
                found[column].processor.append(worked)
        for process in processes.values():
            process.communicate()
    return found


# -- tables --------------------------------------------------------------------------------------

Cell = Callable[[str], str]


def median_ratio(one: Iterable[float], other: Iterable[float]) -> float:
    """Return the median of one's seconds as a multiple of the other's in the same round."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def show_ratio(ratio: float, target: float | None = None) -> str:
    """Return a ratio with its target, and a mark where it is missed."""
    if target is None:
        return f"{ratio:.2f}"
    return f"{ratio:.2f} ({'≤' if ratio <= target else 'not ≤'} {target:g})"


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

    def to_jax(column: str, one: Measured) -> str:
        mode = column.removeprefix("kplug, ")
        return (
            show_ratio(median_ratio(one.epochs, jax.epochs), case.targets.get(mode)) if jax else ""
        )

    def first(column: str, one: Measured) -> str:
        if one.warm is None:
            return f"{one.cold:.2f}"
        return f"{one.cold:.2f}, {one.warm:.2f}"

    def in_imports(_: str, one: Measured) -> str:
        if one.warm is None or eager is None:
            return ""
        beyond = max(0.0, one.warm - eager.cold) / one.importing
        cold = show_ratio(one.cold / one.importing, COLD_TARGET)
        return f"{cold}, {show_ratio(beyond, WARM_TARGET)}"

    def all_to_jax(column: str, one: Measured) -> str:
        target = 1.0 if column == "kplug, auto" else None
        return show_ratio(one.total / jax.total, target) if jax else ""

    rows(f"**{name}**: ms an epoch", lambda _, one: f"{statistics.median(one.epochs) * 1e3:.0f}")
    rows("ms on the processor", lambda _, one: f"{statistics.median(one.processor) * 1e3:.0f}")
    rows("epoch / JAX's", to_jax)
    rows("first epoch, s: cold, warm", first)
    rows("in `import torch`: cold, warm beyond eager", in_imports)
    rows(f"{EPOCHS} epochs, cold, s", lambda _, one: f"{one.total:.2f}")
    rows(f"{EPOCHS} epochs / JAX's", all_to_jax)


def find_columns(python: str, backends: Iterable[str]) -> dict[str, str]:
    """Return the interpreter of each column: kplug's modes, and the backends that are installed."""
    columns = {f"kplug, {mode}": sys.executable for mode in ("eager", "compiled", "x8", "auto")}
    for backend in backends:
        module = backend.partition(" ")[0]
        code = (
            f"import importlib.util as u; assert u.find_spec('keras') and u.find_spec('{module}')"
        )
        done = subprocess.run([python, "-c", code], capture_output=True, check=False)
        if done.returncode:
            print(f"Keras on {module} is not installed: pip install 'kplug[bench-backends]'")
        else:
            columns[f"Keras, {backend}"] = python
    return columns


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=4, metavar=("LIBRARY", "MODE", "CASE", "EPOCHS"))
    parser.add_argument("--python", default=sys.executable, help="for Keras's backends")
    parser.add_argument("--backends", nargs="*", default=BACKENDS, help=", ".join(BACKENDS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="3 rounds")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    if options.serve:
        library, mode, name, epochs = options.serve
        serve(library, mode, name, int(epochs))
        return
    columns = find_columns(options.python, options.backends)
    print_row("", columns, str)
    print("|---|" + "---|" * len(columns))
    for name, case in CASES.items():
        if options.only in name:
            rounds = 3 if options.quick else options.rounds
            print_case(name, case, measure(name, columns, rounds), list(columns))


if __name__ == "__main__":
    main()
