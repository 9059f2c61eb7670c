"""Where the time of a step goes, beside a hand-written loop: torch's operations, and all around them.

Run it by path: ``python tests/benchmarks/operations.py "MLP 784"``; the text chooses cases of
``training.py``. ``--method`` is ``fit``, ``predict`` or ``evaluate``. Operations are timed by
torch.profiler, which makes each a little slower; the last line is the time of a step without it. Numbers
are microseconds a step, medians over rounds in which the two take turns.
"""

from __future__ import annotations

import argparse
import collections
import statistics
from collections.abc import Callable, Mapping

import torch
from rich.console import Console
from rich.table import Table
from torch.profiler import ProfilerActivity, profile
from training import BY_HAND, Contenders, make_inference_loops, make_loops, make_ours, measure
from training_cases import Case, list_cases

ROUNDS, SHOWN = 7, 12
Times = Mapping[str, float]


def make_pair(case: Case, method: str) -> Contenders:
    """Return the loop by hand, and kplug's eager one."""
    if method == "fit":
        return {"by hand": make_loops(case)[BY_HAND], "kplug": make_ours(case, {})["eager"]}
    loops = make_inference_loops(case)
    return {"by hand": loops[f"{method} by hand"], "kplug": loops[method]}


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


def make_table(case: Case, method: str) -> Table:
    """Measure a case."""
    pair = make_pair(case, method)
    times = measure(pair, ROUNDS)
    rounds: dict[str, list[Times]] = collections.defaultdict(list)
    for _ in range(ROUNDS):
        for name, run in pair.items():
            rounds[name].append(time_operations(run, case.steps))
    found = {name: join(each) for name, each in rounds.items()}
    total: collections.Counter[str] = collections.Counter()
    for each in found.values():
        total.update(each)
    first = [name for name, _ in total.most_common(SHOWN)]
    table = Table()
    for column in (f"{method}, {case.name}: µs a step", *pair):
        table.add_column(column, justify="right" if column in pair else "left")
    for name in first:
        table.add_row(name, *(f"{each.get(name, 0.0):.1f}" for each in found.values()))
    rest = [
        sum(each.values()) - sum(each.get(name, 0.0) for name in first) for each in found.values()
    ]
    table.add_row("other operations", *(f"{each:.1f}" for each in rest))
    table.add_section()
    whole = [statistics.median(times[name]) / case.steps * 1e6 for name in pair]
    table.add_row("a step, not profiled", *(f"{each:.1f}" for each in whole))
    return table


def main() -> None:
    """Print a table for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="cases whose name contains this")
    parser.add_argument("--method", default="fit", choices=("fit", "predict", "evaluate"))
    options = parser.parse_args()
    for make in list_cases(is_quick=True):
        torch.manual_seed(0)
        case = make()
        if options.only in case.name:
            Console(width=110).print(make_table(case, options.method))


if __name__ == "__main__":
    main()
