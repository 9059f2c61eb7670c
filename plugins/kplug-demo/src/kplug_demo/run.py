"""Runs ``kplug demo``: composes the task, trains, compares, prints and draws."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from kplug.display.terminal import TextTable
from kplug_demo.baseline import mask_with_otsu, score_each
from kplug_demo.comparison import Comparison, choose_examples, compare
from kplug_demo.figure import draw_figure
from kplug_demo.task import Task, make_task
from kplug_demo.training import make_network, predict, train


def run(output: Path, seed: int, epochs: int) -> None:
    """Run the demo, reproducibly for a seed; the command documents the arguments."""
    started, console = time.perf_counter(), Console()
    # One thread fixes the summation order on every machine. For small images, a second thread would gain
    # little, and on a busy machine it would cost more than it gains.
    torch.set_num_threads(1)
    task = make_task(seed)
    console.print(describe_task(task, seed), highlight=False)
    network = make_network(seed)
    console.print(make_component_table(network.components), soft_wrap=True)
    history = train(network, task.training, task.validation, epochs)
    comparison = compare(task.held_out, predict(network, task.held_out))
    console.print(describe(comparison), style="bold", highlight=False)
    console.print(make_result_table(comparison), soft_wrap=True)
    otsu = score_each(task.validation.masks, mask_with_otsu(task.validation.images)).mean()
    examples = choose_examples(comparison)
    draw_figure(output, history, float(otsu), comparison, examples, describe(comparison))
    seconds = time.perf_counter() - started
    console.print(f"Wrote {output} after {seconds:.0f} s.", highlight=False, markup=False)


def describe_task(task: Task, seed: int) -> str:
    """Return the description of the task in one line."""
    training, validation, held_out = (
        len(part.images) for part in (task.training, task.validation, task.held_out)
    )
    return (
        f"Task: find handwritten ink on cluttered canvases; {training} to train on, {validation} to "
        f"watch, {held_out} held out, each from a scan of its own (seed {seed})."
    )


def make_component_table(components: Iterable[Any]) -> TextTable:
    """Return a table of the model's components, with one row for each, however many slots it fills."""
    slots: dict[tuple[str, str, str], list[str]] = {}
    for row in components:
        name = (row.written or row.name).partition("/")[2]  # the package has its own column
        slots.setdefault((row.kind, name, row.package), []).append(row.slot)
    rows = [
        # One slot and a number stand for all of them; model.components has the whole list.
        (name, package, f"{filled[0]} and {len(filled) - 1} more" if filled[1:] else filled[0])
        for (_, name, package), filled in slots.items()
    ]
    return TextTable(("component", "package", "slots"), rows, title="Components of the network")


def make_result_table(comparison: Comparison) -> TextTable:
    """Return a table of both methods' held-out scores."""
    rows = [
        (method, f"{scores.mean():.4f}", f"{scores.min():.4f}", f"{scores.max():.4f}")
        for method, scores in (
            ("network", comparison.network_scores),
            ("Otsu's threshold", comparison.otsu_scores),
        )
    ]
    return TextTable(("on held-out canvases", "mean dice", "lowest", "highest"), rows)


def describe(comparison: Comparison) -> str:
    """Return the result in one line."""
    network, otsu = comparison.network_scores.mean(), comparison.otsu_scores.mean()
    count = len(comparison.network_scores)
    return (
        f"Mean held-out dice: network {network:.3f}, Otsu's threshold {otsu:.3f}; "
        f"the network is better on {comparison.wins} of {count} canvases"
    )
