"""Where the time of a step goes, beside a hand-written loop: torch's operations, and all around them.

Run it by path: ``python tests/benchmarks/operations.py "wide MLP"``; the text chooses cases of
``cases.py``. ``--method`` is ``fit`` or ``predict``. Operations are timed by torch.profiler, which makes each
a little slower; the last line is the time of a step without it. Numbers are microseconds a step, medians over
rounds in which the two take turns.
"""

from __future__ import annotations

import argparse
import collections
import functools
import statistics
import time
from collections.abc import Callable, Mapping

from cases import CASES, Case
from contenders import make_model, make_module
from rich.console import Console
from rich.table import Table
from torch.profiler import ProfilerActivity, profile

import kplug

ROUNDS, SHOWN = 7, 12
Times = Mapping[str, float]


def make_pair(name: str, case: Case, method: str) -> dict[str, Callable[[], object]]:
    """Return the loop by hand, and kplug's eager one."""
    hand, ours = make_module("by hand", name, case), make_model(kplug, "kplug eager", case)
    return {
        title: functools.partial(each.fit, 1) if method == "fit" else each.requests["predict"]
        for title, each in (("by hand", hand), ("kplug", ours))
    }


def measure(pair: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median of the seconds of each; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in pair}
    for _ in range(ROUNDS + 1):
        for name, run in pair.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken[1:]) for name, taken in times.items()}


def time_operations(run: Callable[[], object], steps: int) -> Times:
    """Return the microseconds a step that each of torch's operations takes by itself."""
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        run()
    return {
        event.key: event.self_cpu_time_total / steps
        for event in recorded.key_averages()
        if event.key.startswith("aten::")
    }


def join(rounds: list[Times]) -> Times:
    """Return the median of each operation; one that a round did not have took no time there."""
    names = {name for each in rounds for name in each}
    return {name: statistics.median(each.get(name, 0.0) for each in rounds) for name in names}


def make_table(name: str, case: Case, method: str) -> Table:
    """Measure a case."""
    pair = make_pair(name, case, method)
    times = measure(pair)
    rounds: dict[str, list[Times]] = collections.defaultdict(list)
    for _ in range(ROUNDS):
        for title, run in pair.items():
            rounds[title].append(time_operations(run, case.steps))
    found = {title: join(each) for title, each in rounds.items()}
    total: collections.Counter[str] = collections.Counter()
    for each in found.values():
        total.update(each)
    first = [operation for operation, _ in total.most_common(SHOWN)]
    table = Table()
    for column in (f"{method}, {name}: µs a step", *pair):
        table.add_column(column, justify="right" if column in pair else "left")
    for operation in first:
        table.add_row(operation, *(f"{each.get(operation, 0.0):.1f}" for each in found.values()))
    rest = [
        sum(value for key, value in each.items() if key not in first) for each in found.values()
    ]
    table.add_row("other operations", *(f"{each:.1f}" for each in rest))
    table.add_section()
    whole = [times[title] / case.steps * 1e6 for title in pair]
    table.add_row("a step, not profiled", *(f"{each:.1f}" for each in whole))
    return table


def main() -> None:
    """Print a table for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="cases whose name contains this")
    parser.add_argument("--method", default="fit", choices=("fit", "predict"))
    options = parser.parse_args()
    for name, case in CASES.items():
        if options.only in name:
            Console(width=110).print(make_table(name, case, options.method))


if __name__ == "__main__":
    main()
