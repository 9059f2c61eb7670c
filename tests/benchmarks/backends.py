"""kplug beside Keras on torch, JAX and TensorFlow: epochs, first epochs, and ten epochs from a cold start.

Each library is a process of its own, which trains ten epochs and stays; every round then asks each of them
for half a second more of epochs, one at least. The median of the rounds counts, and ratios are medians of the
ratios of a round. In brackets stands the time on the processor, which other programs disturb less. Keras's
backends come with the extra ``bench-backends``; ``--python PATH`` takes them from another interpreter.
``import torch`` is what first epochs are compared with. kplug and Keras on torch have as many threads as
``OMP_NUM_THREADS`` says, by default one for each core; JAX and TensorFlow what they choose.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable
from typing import Any

from backend_cases import CASES
from backend_tables import EPOCHS, Measured, Seconds, print_case, print_row

MODES: dict[str, dict[str, Any]] = {
    "eager": {},
    "compiled": {"jit_compile": True},
    "x8": {"jit_compile": True, "steps_per_execution": 8},
    "auto": {"jit_compile": "auto"},
    "XLA": {"jit_compile": True},
}
BACKENDS = ("torch", "jax", "tensorflow", "tensorflow XLA")


def read_clocks() -> Seconds:
    """Return the time now."""
    return Seconds(time.perf_counter(), time.process_time() + sum(os.times()[2:4]))


def since(start: Seconds) -> Seconds:
    """Return what has passed."""
    now = read_clocks()
    return Seconds(now.clock - start.clock, now.processor - start.processor)


# -- the process of a library ------------------------------------------------------------------


def serve(library: str, mode: str, name: str, epochs: int) -> None:
    """Train, print seconds; then train as many epochs as each line says, and print the seconds of one."""
    started = read_clocks()
    if library == "kplug":
        importlib.import_module("torch")
    importing = since(started)
    keras: Any = importlib.import_module(library)
    if library == "kplug":  # a step that fell back to eager would be measured as a compiled one
        warnings.simplefilter("error", keras.errors.EagerStepWarning)
    case = CASES[name]
    x, y = case.make_data()
    model = case.compile(keras, **MODES.get(mode, {}))
    ends: list[Seconds] = []

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            ends.append(since(started))

    def fit(epochs: int, **options: Any) -> None:
        model.fit(x, y, batch_size=case.batch_size, epochs=epochs, verbose=0, **options)

    started = read_clocks()
    fit(epochs, callbacks=[Clock()])
    print(json.dumps([ends[0], ends[-1], importing]), flush=True)
    for line in sys.stdin:
        started = read_clocks()
        fit(int(line))
        print(json.dumps([[each / int(line) for each in since(started)]]), flush=True)


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


def ask(process: subprocess.Popen[str], line: str = "") -> list[Seconds]:
    """Send a line, if there is one, and return the seconds it answers with; none if it has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(line)
        process.stdin.flush()
    answer = process.stdout.readline()
    return [Seconds(*one) for one in json.loads(answer)] if answer else []


def measure(case: str, columns: dict[str, str], rounds: int) -> dict[str, Measured]:
    """Return what each column took; one that fails is said and left out."""
    processes: dict[str, subprocess.Popen[str]] = {}
    found: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory() as folder:
        for place, (column, python) in enumerate(columns.items()):
            own = f"{folder}/{place}"  # a C++ compiler takes no path with spaces
            processes[column] = start(python, column, case, own)
            answer = ask(processes[column])
            if not answer:
                print(f"{case}: {column} has ended: status {processes.pop(column).wait()}")
                continue
            found[column] = Measured(*answer)
            if column.startswith("kplug") and "eager" not in column:
                second = start(python, column, case, own, epochs=1)
                found[column].warm = ask(second)[0]
                second.communicate()
        for _ in range(rounds):
            for column, process in processes.items():
                found[column].epochs += ask(process, f"{found[column].count_epochs()}\n")
        for process in processes.values():
            process.communicate()
    return found


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
