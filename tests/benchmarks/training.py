"""Time of training as a multiple of a hand-written PyTorch loop's and of other libraries'.

Run it by path: ``python tests/benchmarks/training.py``; ``--quick`` takes fewer rows and rounds,
``--only TEXT`` the cases whose name contains it, ``--libraries`` Keras 3 (torch backend), Poutyne and
skorch as well, which must be installed (extra ``bench``). All contenders alternate in one process; the
table holds medians of ratios. Nothing is asserted about time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from training_cases import Case, list_cases

import kplug

BY_HAND, LOADER = "by hand", "DataLoader"
KERAS, POUTYNE, SKORCH = "Keras 3", "Poutyne", "skorch"
MODES: dict[str, dict[str, Any]] = {
    "eager": {},
    "jit": {"jit_compile": True},
    "jit x8": {"jit_compile": True, "steps_per_execution": 8},
}
Contenders = dict[str, Callable[[], object]]


def train_step(
    case: Case, model: nn.Module, optimizer: Any, x: Tensor, y: Tensor, sums: Tensor
) -> None:
    """Train on one batch as a good engineer writes it, and add loss and metrics up."""
    y_pred = model(x)
    loss = case.torch_loss(y_pred, y)
    if case.penalty is not None:
        loss = loss + case.penalty(model)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        sums[0] += loss.detach() * len(x)
        for index, metric in enumerate(case.metrics.values()):
            sums[index + 1] += metric(y_pred, y) * len(x)


def make_loops(case: Case) -> Contenders:
    """Return the loops that are written by hand."""
    model = case.make_theirs()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    x, y, size = case.torch_x, case.y, case.batch_size

    def index_rows() -> None:
        model.train()
        order, sums = torch.randperm(len(x)), torch.zeros(1 + len(case.metrics))
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            train_step(case, model, optimizer, x[rows], y[rows], sums)
        (sums / len(x)).tolist()

    def load_rows() -> None:
        model.train()
        sums = torch.zeros(1 + len(case.metrics))
        for inputs, targets in DataLoader(TensorDataset(x, y), size, shuffle=True):
            train_step(case, model, optimizer, inputs, targets, sums)
        (sums / len(x)).tolist()

    return {BY_HAND: index_rows, LOADER: load_rows}


def make_inference_loops(case: Case) -> Contenders:
    """Return the loops without gradients that are written by hand, and ours."""
    model, x, y, size = case.make_theirs().eval(), case.torch_x, case.y, case.batch_size
    ours = case.make(kplug)
    ours.compile("adam", _kplug_loss(case))

    @torch.no_grad()
    def predict() -> None:
        torch.cat([model(x[start : start + size]) for start in range(0, len(x), size)]).numpy()

    @torch.no_grad()
    def evaluate() -> None:
        total = torch.zeros(())
        for start in range(0, len(x), size):
            rows = y[start : start + size]
            loss = case.torch_loss(model(x[start : start + size]), rows)
            if case.penalty is not None:
                loss = loss + case.penalty(model)
            total += loss * len(rows)
        float(total / len(x))

    return {
        "predict by hand": predict,
        "predict": lambda: ours.predict(case.x, batch_size=size, verbose=0),
        "evaluate by hand": evaluate,
        "evaluate": lambda: ours.evaluate(case.x, case.y, batch_size=size, verbose=0),
    }


def _kplug_loss(case: Case) -> str:
    return f"{case.loss}(from_logits=True)" if "crossentropy" in case.loss else case.loss


def make_ours(case: Case, models: dict[str, Any]) -> Contenders:
    """Return ``fit`` in all modes; the models are kept for their compile times."""
    made: Contenders = {}
    for mode, options in MODES.items():
        if mode == "jit x8" and case.steps < 100:
            continue  # it is for many quick steps
        model = models[mode] = case.make(kplug)
        model.compile("adam", _kplug_loss(case), metrics=list(case.metrics), **options)
        made[mode] = lambda model=model: model.fit(
            case.x, case.y, batch_size=case.batch_size, verbose=0
        )
    return made


def make_libraries(case: Case) -> Contenders:
    """Return the same training in other libraries."""
    if not case.is_in_keras:
        return {}
    import keras
    import poutyne
    import skorch

    is_classes = "crossentropy" in case.loss
    model = case.make(keras)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if is_classes else case.loss
    model.compile("adam", loss)
    x, y, size = case.x.numpy(), case.y.numpy(), case.batch_size
    theirs = poutyne.Model(case.make_theirs(), "adam", case.torch_loss)
    kind = skorch.NeuralNetClassifier if is_classes else skorch.NeuralNetRegressor
    net = kind(
        case.make_theirs(),
        criterion=type(case.torch_loss),
        optimizer=torch.optim.Adam,
        batch_size=size,
        max_epochs=1,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    ).initialize()
    inputs = case.torch_x.numpy()
    return {
        KERAS: lambda: model.fit(x, y, batch_size=size, verbose=0),
        POUTYNE: lambda: theirs.fit(inputs, y, batch_size=size, epochs=1, verbose=False),
        SKORCH: lambda: net.partial_fit(inputs, y),
    }


def measure(contenders: Contenders, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each contender in each round; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 2):
        for name, run in contenders.items():
            started = time.perf_counter()
            run()
            if turn > 1:  # the first turns warm up and compile
                times[name].append(time.perf_counter() - started)
    return times


def ratio(times: dict[str, list[float]], one: str, other: str) -> float | None:
    """Return the median of one's time as a multiple of the other's."""
    if one not in times or other not in times:
        return None
    return statistics.median(a / b for a, b in zip(times[one], times[other], strict=True))


def _format(value: float | None, target: float | None = None) -> str:
    if value is None:
        return ""
    color = "" if target is None else "green" if value <= target else "red"
    return f"[{color}]{value:.3f}[/]" if color else f"{value:.3f}"


def add_rows(table: Table, case: Case, rounds: int, *, with_libraries: bool) -> None:
    """Measure a case and add a row for each mode."""
    models: dict[str, Any] = {}
    contenders = {**make_loops(case), **make_ours(case, models)}
    if with_libraries:
        contenders |= make_libraries(case)
    times = measure(contenders, rounds)
    micro = {name: statistics.median(each) / case.steps * 1e6 for name, each in times.items()}
    table.add_row(case.name, BY_HAND, f"{micro[BY_HAND]:.0f}")
    for mode, model in models.items():
        by_hand, by_keras = case.targets.get(mode, (None, None))
        table.add_row(
            "",
            mode,
            f"{micro[mode]:.0f}",
            _format(ratio(times, mode, BY_HAND), by_hand),
            "" if by_hand is None else f"≤ {by_hand:g}",
            *(_format(ratio(times, mode, other)) for other in (LOADER,)),
            _format(ratio(times, mode, KERAS), by_keras),
            "" if by_keras is None else f"≤ {by_keras:g}",
            *(_format(ratio(times, mode, other)) for other in (POUTYNE, SKORCH)),
            f"{model.compile_time:.1f}" if model.compile_time else "",
        )
    quiet = measure(make_inference_loops(case), rounds)
    for method in ("predict", "evaluate"):
        value = ratio(quiet, method, f"{method} by hand")
        took = statistics.median(quiet[method]) / case.steps * 1e6
        table.add_row("", method, f"{took:.0f}", _format(value, 1.0), "≤ 1")
    table.add_section()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a quarter of the rows, 3 rounds")
    parser.add_argument("--rounds", type=int, default=7, help="rounds per case (default 7)")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--libraries", action="store_true", help="Keras 3, Poutyne and skorch too")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    # What earlier runs have compiled would make compile times look small.
    code = tempfile.TemporaryDirectory()
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = code.name
    rounds = 3 if options.quick else options.rounds
    threads = torch.get_num_threads()
    title = f"Training, {threads} thread{'s'[: threads - 1]}: ratios of time, medians of {rounds} rounds"
    table = Table(title=title, title_justify="left")
    for index, name in enumerate(
        (
            "Case",
            "",
            "µs/step",
            "/ by hand",
            "",
            "/ DataLoader",
            "/ Keras 3",
            "",
            "/ Poutyne",
            "/ skorch",
        )
    ):
        table.add_column(name, justify="left" if index < 2 else "right", no_wrap=True)
    table.add_column("compile, s", justify="right")
    for make in list_cases(is_quick=options.quick):
        torch.manual_seed(0)
        case = make()
        if options.only in case.name:
            add_rows(table, case, rounds, with_libraries=options.libraries)
    Console(width=max(Console().width, 170)).print(table)


if __name__ == "__main__":
    main()
