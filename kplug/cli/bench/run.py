"""Times the contenders in turn, and tabulates the results."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from kplug.cli.bench.loading import Workload, load_workload, make_samples
from kplug.constraints.adapt import apply_constraints
from kplug.dialect.training_structure import map_identifiers
from kplug.models import Model
from kplug.optimizers.adapt import find_loss_scaling
from kplug.training.compiled import Compiled
from kplug.training.compiled_model import prepare_optimizer
from kplug.training.data.batch import Batch
from kplug.training.data.samples import Samples
from kplug.training.devices import find_device
from kplug.training.precision import name_precision
from kplug.training.regularization import find_penalties
from kplug.training.reports.logs import reset_metrics
from kplug.training.step.forward import Forward


@dataclass
class Contender:
    """A way to train: ``train`` runs an epoch, and ``seconds`` holds the time of each epoch."""

    name: str
    train: Callable[[], object]
    model: Model
    seconds: list[float] = field(default_factory=list)

    def time(self) -> float:
        """Train for an epoch and return its time, including the work on a GPU."""
        started = time.perf_counter()
        self.train()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter() - started


def run(path: Path, name: str, batch_size: int, steps: int, rounds: int, *, with_jit: bool) -> None:
    """Time all contenders in turn and print the table; the command documents the arguments."""
    workload = load_workload(path, name)
    samples = make_samples(workload, batch_size * steps)
    contenders = [
        make_loop(prepare(workload, jit_compile=False), samples, batch_size),
        make_fit("fit", prepare(load_workload(path, name), jit_compile=False), samples, batch_size),
    ]
    if with_jit:
        compiled = prepare(load_workload(path, name), jit_compile=True)
        contenders.append(make_fit("fit, jit_compile=True", compiled, samples, batch_size))
    for contender in contenders:
        for _ in range(2):  # the first steps allocate, choose kernels, compile
            contender.time()
    for _ in range(rounds):
        for contender in contenders:
            contender.seconds.append(contender.time())
    steps = -(-len(samples) // batch_size)
    Console().print(tabulate(contenders, workload.model, steps, batch_size))


def prepare(workload: Workload, *, jit_compile: bool) -> Model:
    """Return the model of a file, recompiled with the file's arguments and one step per execution."""
    model = workload.model
    compiled = model.compiled
    given = {} if compiled is None else _list_arguments(compiled)
    model.compile(**given, jit_compile=jit_compile, steps_per_execution=1)
    return model


def _list_arguments(compiled: Compiled) -> dict[str, Any]:
    """Return the resolved arguments of ``compile``, for reuse."""
    structure = {
        name: map_identifiers(given, lambda filled: filled.resolved)
        for name, given in compiled.structure.items()
    }
    return {
        **structure,
        "optimizer": compiled.optimizer_slot.resolved,
        "loss_weights": compiled.loss_weights,
        "precision": name_precision(compiled.precision),
        "distribution": compiled.distribution,
    }


def make_fit(name: str, model: Model, samples: Samples, batch_size: int) -> Contender:
    """Return the contender that calls ``fit``."""

    def train() -> object:
        return model.fit(samples.x, samples.y, batch_size=batch_size, verbose=0)

    return Contender(name, train, model)


def make_loop(model: Model, samples: Samples, batch_size: int) -> Contender:
    """Return the contender with a hand-written loop: same model, losses, metrics and optimizer.

    It picks rows by index, never waits for the device, and reads the loss once, at the end.
    """
    compiled, optimizer = model.compiled, prepare_optimizer(model, "kplug bench")
    if compiled is None or optimizer is None:
        raise RuntimeError("the model was not prepared")  # `prepare` compiled it
    forward = Forward(model, compiled, find_penalties(model))
    scale, device = find_loss_scaling(optimizer), find_device(model)
    constraints = model.weight_constraints()

    def train() -> object:
        model.train()
        reset_metrics(model)
        total: Tensor | float = 0.0
        for rows in torch.split(torch.randperm(len(samples)), batch_size):
            batch = Batch(*pick(samples, rows, device).arrays)
            outcome = forward(batch)
            loss = outcome.total
            if loss is None:
                return None
            optimizer.zero_grad()
            (loss if scale is None else scale(loss)).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if constraints:
                apply_constraints(constraints)
            with torch.no_grad():
                forward.update_metrics(batch, outcome.predictions)
            total = total + loss.detach() * batch.size
        return float(total)

    return Contender("a loop by hand", train, model)


def pick(samples: Samples, rows: Tensor, device: torch.device) -> Samples:
    """Return samples by index, on a device."""
    return samples.map(lambda array: array.index_select(0, rows).to(device))


def tabulate(contenders: list[Contender], model: Model, steps: int, batch_size: int) -> Table:
    """Return the table: medians, and the median of the ratios of neighbouring epochs."""
    first = contenders[0]
    table = Table(
        title=f"{model.name}: {steps} steps of {batch_size}, {find_device(model)}, "
        f"{torch.get_num_threads()} threads; medians of {len(first.seconds)}",
        title_justify="left",
    )
    for title in ("", "µs/step", "steps/s", "ratio", "compile time"):
        table.add_column(title, justify="right" if title else "left")
    for contender in contenders:
        seconds = statistics.median(contender.seconds) / steps
        pairs = zip(contender.seconds, first.seconds, strict=True)
        ratio = statistics.median(own / others for own, others in pairs)
        compiling = contender.model.compile_time
        table.add_row(
            contender.name,
            f"{seconds * 1e6:.1f}",
            f"{1 / seconds:.0f}",
            f"{ratio:.2f}",
            f"{compiling:.1f} s" if compiling else "",
        )
    return table
