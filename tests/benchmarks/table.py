"""Benchmark of kplug, loops by hand and other libraries: epochs, first epochs, prediction, memory.

Run it by path: ``python tests/benchmarks/table.py``; 30 minutes on two idle cores. Each contender of a case
is a process of its own. It trains from a cold start and stays; in every round each of them then trains and
predicts for a part of a second. Numbers are medians of the rounds, and ratios are ratios of these medians.
All have kplug's settings of the allocator. Of a contender that fails, a line below the tables says why.

``--quick`` takes fewer contenders and rounds (8 minutes). ``--isa avx2`` forbids newer instructions to all
libraries; ``--only TEXT`` takes the cases whose name contains it, ``--columns NAME …`` the contenders, also
``kplug bf16`` and ``kplug jit bf16``. With ``KPLUG_ALLOCATOR=system`` in the environment no contender changes
the allocator.
``--json FILE`` keeps the numbers after every case, and ``--read FILE`` prints the tables of such a file.
No case begins after ``--minutes``. Keras with its backends and Lightning come with the extra ``bench``.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import math
import os
import platform
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cases import CASES, CHAIN
from contenders import COLUMNS

Numbers = dict[str, float]
Found = dict[str, dict[str, Any]]  # of each column: numbers by their names, or why it "failed"
HAND, KERAS = "by hand", ("Keras torch", "Keras jax", "Keras tensorflow")
QUICK = (HAND, "kplug eager", "kplug jit", "Keras jax", "Keras tensorflow")
ALL = [column for column in COLUMNS if not column.endswith("bf16")]
TEN = ("kplug auto", *KERAS)  # they train ten epochs from a cold start
# With the seconds of a round.
REQUESTS = {"fit": 0.25, "predict": 0.15, "call": 0.03, "one": 0.05, "predict one": 0.03}
LONG = ("CNN 64", f"chain of {CHAIN} layers")  # left out by --quick
LIMIT = 100  # seconds that a contender may take for an answer
ISAS = {
    "avx512": ("avx512", "AVX512_CORE", "AVX512"),
    "avx2": ("avx2", "AVX2", "AVX2"),
    "sse4": ("default", "SSE41", "SSE4_2"),
}


def limit_instructions(isa: str) -> None:
    """Forbid newer instructions than these to the libraries of later processes."""
    os.environ["ATEN_CPU_CAPABILITY"], os.environ["ONEDNN_MAX_CPU_ISA"], newest = ISAS[isa]
    os.environ["MKL_ENABLE_INSTRUCTIONS"] = newest
    os.environ["XLA_FLAGS"] = f"--xla_cpu_max_isa={newest}"


# -- measuring ---------------------------------------------------------------------------------


class ContenderError(Exception):
    """A contender has ended, or takes too long."""


class Process:
    """A contender that answers requests.

    Args:
        column: The contender.
        case: Its case.
        epochs: How many it trains at first.
        folder: Where torch keeps what it compiles.
    """

    def __init__(self, column: str, case: str, epochs: int, folder: str) -> None:
        environment = {
            **os.environ,
            "KERAS_BACKEND": column.removeprefix("Keras "),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TORCHINDUCTOR_CACHE_DIR": folder,
        }
        self.requests = ["fit"]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("contenders.py"), column, case, str(epochs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
            start_new_session=True,  # killed with its C++ compiler, which would take a core from the others
        )

    def ask(self, line: str = "") -> Any:
        """Send a line, if there is one, and return the answer."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        if line:
            with contextlib.suppress(BrokenPipeError):  # below it is said why
                process.stdin.write(f"{line}\n")
                process.stdin.flush()
        if not select.select([process.stdout], [], [], LIMIT)[0]:
            self._kill()
            raise ContenderError(f"it took more than {LIMIT} s")
        answer = process.stdout.readline()
        if answer:
            return json.loads(answer)
        status = process.wait()
        self._errors.seek(0)
        reasons = [each.strip() for each in self._errors if re.match(r"[\w.]+: ", each)]
        raise ContenderError(reasons[-1][:400] if reasons else f"it ended with status {status}")

    def end(self) -> None:
        """Kill the process, since some libraries take long to exit."""
        self._kill()
        self._process.communicate()
        self._errors.close()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def start(column: str, case: str, folder: str, *, is_quick: bool) -> tuple[Process, Numbers]:
    """Start a contender; return it, and the times of its first epochs."""
    epochs = 10 if column in TEN and not is_quick else 2
    process = Process(column, case, epochs, folder)
    process.requests, first = process.ask()
    numbers: Numbers = {name: first[name] for name in ("ready", "peak")}
    # The column of eight steps a call finds the code of the one before.
    numbers["warm" if column == "kplug jit x8" else "cold"] = first["first"]
    if epochs == 10:
        numbers["ten"] = first["all"]
    if column == "kplug jit":
        del numbers["peak"]  # with torch's compiler
        if not is_quick:
            again = Process(column, case, 2, folder)
            _, second = again.ask()
            numbers |= {"warm": second["first"], "peak": second["peak"]}
            again.end()
    return process, numbers


def measure(case: str, columns: Iterable[str], rounds: int, *, is_quick: bool) -> Found:
    """Return the measurements of each contender; they take turns."""
    processes: dict[str, Process] = {}
    found: Found = {}
    counts: dict[tuple[str, str], int] = {}
    answers: dict[tuple[str, str], list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for column in columns:
            place = f"{folder}/{column.removesuffix(' x8').replace(' ', '-').replace(',', '')}"
            try:
                processes[column], found[column] = start(column, case, place, is_quick=is_quick)
            except ContenderError as error:
                found[column] = {"failed": str(error)}
        for turn in range(rounds + 1):  # the first turn is to warm up, and tells how long one takes
            for request, seconds in REQUESTS.items():
                for column, process in processes.items():
                    if "failed" in found[column] or request not in process.requests:
                        continue
                    try:
                        answer = process.ask(f"{request} {counts.get((column, request), 1)}")
                    except ContenderError as error:
                        found[column]["failed"] = str(error)
                        continue
                    counts[column, request] = min(10_000, math.ceil(seconds / answer[0]))
                    if turn:
                        answers.setdefault((column, request), []).append(answer)
        for process in processes.values():
            process.end()
    for (column, request), given in answers.items():
        times, faults = zip(*given, strict=True)
        found[column][request] = statistics.median(times)
        found[column][f"{request}, faults"] = statistics.median(faults)
    return found


def describe_machine() -> str:
    """Return the processor, its instructions, and the versions of the libraries."""
    import torch

    path = Path("/proc/cpuinfo")
    info = path.read_text() if path.exists() else ""
    name = re.search("model name\\s*: (.*)", info)
    wanted = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
    flags = ", ".join(each for each in wanted if f" {each} " in info.replace("\n", " "))
    names = ("torch", "keras", "jax", "tensorflow", "tensorflow_cpu", "lightning")
    installed = {each.metadata["Name"]: each.version for each in importlib.metadata.distributions()}
    versions = [f"{each} {installed[each]}" for each in names if each in installed]
    limits = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")
    return "; ".join(
        (
            f"{name[1] if name else platform.processor()}, {os.cpu_count()} cores ({flags})",
            f"{torch.get_num_threads()} threads",
            f"torch uses {torch.backends.cpu.get_cpu_capability()}",
            *versions,
            *(f"{each}={os.environ[each]}" for each in limits if each in os.environ),
        )
    )


# -- tables ------------------------------------------------------------------------------------


def best(found: Found, columns: Iterable[str], name: str) -> float:
    """Return the least number of these columns; infinite if there is none."""
    return min((found.get(column, {}).get(name, math.inf) for column in columns), default=math.inf)


def show(value: float, target: float = math.inf, digits: int = 2) -> str:
    """Return a number, in bold where it misses the target; nothing for one that was not measured."""
    if not math.isfinite(value):
        return ""
    text = f"{value:.{digits}f}"
    return text if float(text) <= target else f"**{text}**"


def print_table(title: str, header: list[str], rows: list[list[str]]) -> None:
    """Print a table in Markdown, without columns that are empty; nothing if all of them are."""
    if not any(any(row[1:]) for row in rows):
        return
    print(f"{title}\n")
    kept = [place for place in range(len(header)) if not place or any(row[place] for row in rows)]
    for row in (header, ["---"] * len(header), *rows):
        print("| " + " | ".join(row[place] for place in kept) + " |")
    print()


def print_ratios(title: str, request: str, results: dict[str, Found], unit: str) -> None:
    """Print times of the loop by hand, and the others as multiples of it."""
    others = [column for column in COLUMNS if column != HAND]
    ours = ["kplug eager", "kplug jit", "kplug jit x8"]
    is_fit = request == "fit"

    def row(case: str, found: Found) -> list[str]:
        hand, scale = found.get(HAND, {}).get(request, math.nan), 1e3 if unit == "ms" else 1e6
        small = 0.35 if case == "small MLP" else 0.90
        targets = {"kplug eager": 1.05, "kplug jit": small} if is_fit else {}
        ratios = [
            show(best(found, [column], request) / hand, targets.get(column, math.inf))
            for column in others
        ]
        # Nothing where no Keras was measured: its time is infinite then.
        to_keras = best(found, ours, request) / best(found, KERAS, request) or math.nan
        to_keras_text = show(to_keras, 1.0 if is_fit else math.inf)
        return [case, show(hand * scale, digits=1), *ratios, to_keras_text]

    headers = {"kplug eager": "kplug eager ≤ 1.05", "kplug jit": "kplug jit ≤ 0.90"}
    names = [headers.get(column, column) if is_fit else column for column in others]
    header = ["", f"by hand, {unit}", *names, "kplug / fastest Keras" + " ≤ 1" * is_fit]
    print_table(title, header, [row(case, found) for case, found in results.items()])


def print_numbers(
    title: str, results: dict[str, Found], cell: Callable[[str, Found], str], last: str = ""
) -> None:
    """Print a number of each contender."""
    columns = [*COLUMNS, last] if last else list(COLUMNS)
    rows = [[case, *(cell(column, each) for column in columns)] for case, each in results.items()]
    print_table(title, ["", *columns], rows)


def print_tables(machine: str, results: dict[str, Found]) -> None:
    """Print all tables."""
    auto, auto_to_keras = "kplug auto", "auto / fastest Keras ≤ 1"

    def first(column: str, found: Found) -> str:
        cold, warm = (show(best(found, [column], name), digits=1) for name in ("cold", "warm"))
        return f"{cold} ({warm})".strip() if warm else cold

    def ready(column: str, found: Found) -> str:
        return show(best(found, [column], "ready"), digits=1)

    def ten(column: str, found: Found) -> str:
        if column == auto_to_keras:
            return show(best(found, [auto], "ten") / best(found, KERAS, "ten") or math.nan, 1.0)
        return show(best(found, [column], "ten"), digits=1)

    def memory(column: str, found: Found) -> str:
        target = best(found, [HAND], "peak") + 60 if column.startswith("kplug") else math.inf
        return show(best(found, [column], "peak"), target, digits=0)

    def faults(column: str, found: Found) -> str:
        return show(best(found, [column], "fit, faults"), digits=0)

    print(f"{machine}\n")
    print_ratios("An epoch; other columns as multiples of the loop by hand:", "fit", results, "ms")
    print_numbers("The first epoch, s, cold (warm):", results, first)
    print_numbers("Ten epochs from a cold start, s:", results, ten, auto_to_keras)
    print_ratios("`predict` of an epoch's samples:", "predict", results, "ms")
    print_ratios("`model(x)` of one sample:", "call", results, "µs")
    print_ratios("`predict_on_batch` of one sample:", "one", results, "µs")
    print_ratios("`predict` of one sample:", "predict one", results, "µs")
    print_numbers("Peak memory, MB (kplug ≤ by hand + 60):", results, memory)
    print_numbers("Page faults of an epoch:", results, faults)
    print_numbers("Seconds from the start until the model is made:", results, ready)
    for case, found in results.items():
        for column, numbers in found.items():
            if "failed" in numbers:
                print(f"- {case}, {column}: {numbers['failed']}")


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{len(QUICK)} contenders, 2 rounds")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--columns", nargs="*", choices=list(COLUMNS), metavar="NAME")
    parser.add_argument("--rounds", type=int, help="4, quick 2")
    parser.add_argument("--minutes", type=float, help="25, quick 7.5: no case begins later")
    parser.add_argument("--isa", choices=list(ISAS), help="the newest instructions")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    parser.add_argument("--read", type=Path, help="print the tables of such a file")
    options = parser.parse_args()
    if options.read:
        print_tables(**json.loads(options.read.read_text()))
        return
    if options.isa:
        limit_instructions(options.isa)
    columns = options.columns or (QUICK if options.quick else ALL)
    rounds = options.rounds or (2 if options.quick else 4)
    minutes = options.minutes or (7.5 if options.quick else 25)
    machine, results, end = describe_machine(), {}, time.perf_counter() + 60 * minutes
    for name in CASES:
        if time.perf_counter() > end:
            print(f"{name}: no time is left", file=sys.stderr)
        elif options.only in name and not (options.quick and name in LONG):
            began = time.perf_counter()
            results[name] = measure(name, columns, rounds, is_quick=options.quick)
            print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
            if options.json:
                options.json.write_text(json.dumps({"machine": machine, "results": results}))
    print_tables(machine, results)


if __name__ == "__main__":
    main()
