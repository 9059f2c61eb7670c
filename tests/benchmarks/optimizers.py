"""Benchmark of optimizers: one step of each, as ratios to torch's in the same process.

Run it by path: ``python tests/benchmarks/optimizers.py [threads]``. The contenders take turns, and each
number is a median. Where torch has no optimizer of the rule, the yardstick is the rule written here with
torch's list operations over whole tensors, as torch writes its own foreach versions.
"""

from __future__ import annotations

import importlib.util
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor

from kplug import optimizers

CASES = {"10 of 1000 x 1000": [(1000, 1000)] * 10, "200 of 64": [(64,)] * 200}
ROUNDS = 15
LEAST_SECONDS = 0.004  # a turn repeats its step until it has lasted so long

Step = Callable[[], Any]
Contender = Callable[[Sequence[Tensor]], Step]


def main(threads: int) -> None:
    """Measure every pair and print one table."""
    torch.set_num_threads(threads)
    table = Table(
        title=f"One step, {threads} thread{'s' * (threads > 1)}, torch {torch.__version__}",
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    for column in ("rule", "yardstick", "case", "kplug", "yardstick", "ratio", "target", ""):
        table.add_column(column, justify="left" if column == "rule" else "right")
    for rule, yardstick, ours, theirs, targets in list_pairs():
        for (case, shapes), target in zip(CASES.items(), targets, strict=True):
            mine, other = compare(ours, theirs, shapes)
            ratio = mine / other
            table.add_row(
                rule,
                yardstick,
                case,
                f"{mine * 1e3:.2f} ms",
                f"{other * 1e3:.2f} ms",
                f"{ratio:.2f}",
                f"≤ {target:.2f}",
                "" if ratio <= target else "missed",
            )
    Console(width=130).print(table)


def compare(
    ours: Contender, theirs: Contender, shapes: list[tuple[int, ...]]
) -> tuple[float, float]:
    """Return the median seconds of a step of both, taken in turns."""
    steps = [contender(make_parameters(shapes)) for contender in (ours, theirs)]
    repeats = [max(1, math.ceil(LEAST_SECONDS / time_step(step, 1))) for step in steps]
    found: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for step, count, times in zip(steps, repeats, found, strict=True):
            times.append(time_step(step, count))
    return statistics.median(found[0]), statistics.median(found[1])


def make_parameters(shapes: list[tuple[int, ...]]) -> list[Tensor]:
    """Return parameters with gradients; the same for every contender."""
    generator = torch.Generator().manual_seed(0)
    parameters: list[Tensor] = []
    for shape in shapes:
        parameter = torch.nn.Parameter(torch.randn(shape, generator=generator))
        parameter.grad = torch.randn(shape, generator=generator)
        parameters.append(parameter)
    return parameters


def time_step(step: Step, count: int) -> float:
    """Return the seconds of one step, as the mean of several after one more to get warm."""
    step()
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


def kplug_step(optimizer: optimizers.Optimizer) -> Contender:
    """Return a contender from an unbuilt optimizer class's instance."""
    return lambda parameters: (
        type(optimizer).from_config(optimizer.get_config()).build(parameters).step
    )


def torch_step(name: str, **settings: Any) -> Contender:
    """Return a contender from one of torch's optimizers."""
    return lambda parameters: getattr(torch.optim, name)(parameters, **settings).step


def list_pairs() -> list[tuple[str, str, Contender, Contender, tuple[float, float]]]:
    """Return rule, yardstick, both contenders, and the targets of both cases."""
    fused, foreach = (1.05, 1.05), (0.6, 1.0)
    pairs: list[tuple[str, str, Contender, Contender, tuple[float, float]]] = [
        (
            name + label,
            "torch fused",
            kplug_step(getattr(optimizers, name)(**settings)),
            torch_step(name, fused=True, **{"lr": 0.001, **settings}),
            fused,
        )
        for name, label, settings in [
            ("SGD", "", {}),
            ("SGD", " momentum", {"momentum": 0.9}),
            ("Adagrad", "", {}),
            ("Adam", "", {}),
            ("AdamW", "", {"weight_decay": 0.004}),
        ]
    ]
    pairs += [
        (
            name,
            "torch foreach",
            kplug_step(getattr(optimizers, name)()),
            torch_step(peer, foreach=True),
            foreach,
        )
        for name, peer in [
            ("RMSprop", "RMSprop"),
            ("Adadelta", "Adadelta"),
            ("Nadam", "NAdam"),
            ("Adamax", "Adamax"),
            ("Adafactor", "Adafactor"),
        ]
    ]
    pairs += [
        (name, "written foreach", kplug_step(getattr(optimizers, name)()), rule, foreach)
        for name, rule in [
            ("Lion", lion),
            ("Ftrl", ftrl),
            ("Lamb", lamb),
            ("ScheduleFreeAdamW", schedule_free),
        ]
    ]
    if importlib.util.find_spec("kplug_keras3"):
        import kplug_keras3

        pairs += [
            (
                f"Keras 3's RMSprop{label}",
                "torch foreach",
                kplug_step(kplug_keras3.RMSprop(**settings)),
                torch_step("RMSprop", foreach=True, **settings),
                foreach,
            )
            for label, settings in [
                ("", {}),
                (" momentum, centered", {"momentum": 0.9, "centered": True}),
            ]
        ]
        pairs.append(
            (
                "Keras 3's Adagrad",
                "torch fused",
                kplug_step(kplug_keras3.Adagrad()),
                torch_step("Adagrad", fused=True),
                fused,
            )
        )
    return pairs


def written(rule: Callable[..., None], *starts: float) -> Contender:
    """Return a contender whose rule works on whole lists; ``starts`` are the first state values."""

    def contender(parameters: Sequence[Tensor]) -> Step:
        state = [[torch.full_like(each, start) for each in parameters] for start in starts]

        @torch.no_grad()
        def step() -> None:
            rule(list(parameters), [each.grad for each in parameters], *state)

        return step

    return contender


def _lion(parameters: Any, gradients: Any, averages: Any) -> None:
    directions = torch._foreach_mul(averages, 0.9)
    torch._foreach_add_(directions, gradients, alpha=0.1)
    directions = torch._foreach_sign(directions)
    torch._foreach_add_(parameters, directions, alpha=-1e-3)
    torch._foreach_mul_(averages, 0.99)
    torch._foreach_add_(averages, gradients, alpha=0.01)


def _ftrl(parameters: Any, gradients: Any, sums: Any, linears: Any) -> None:
    following = torch._foreach_addcmul(sums, gradients, gradients)
    roots = torch._foreach_sqrt(following)
    growth = torch._foreach_sub(roots, torch._foreach_sqrt(sums))
    torch._foreach_add_(linears, gradients)
    torch._foreach_addcmul_(linears, growth, parameters, -1e3)
    quadratics = torch._foreach_mul(roots, 1e3)
    torch._foreach_copy_(parameters, torch._foreach_neg(linears))
    torch._foreach_div_(parameters, quadratics)
    torch._foreach_copy_(sums, following)


def _lamb(parameters: Any, gradients: Any, averages: Any, squares: Any) -> None:
    torch._foreach_lerp_(averages, gradients, 0.1)
    torch._foreach_mul_(squares, 0.999)
    torch._foreach_addcmul_(squares, gradients, gradients, 0.001)
    magnitudes = torch._foreach_sqrt(squares)
    torch._foreach_add_(magnitudes, 1e-7)
    updates = torch._foreach_div(averages, magnitudes)
    above, below = torch._foreach_norm(parameters), torch._foreach_norm(updates)
    ratios = [torch.where((a > 0) & (b > 0), a / b, 1.0) for a, b in zip(above, below, strict=True)]
    torch._foreach_mul_(updates, ratios)
    torch._foreach_add_(parameters, updates, alpha=-1e-3)


def _schedule_free(parameters: Any, gradients: Any, sequences: Any, squares: Any) -> None:
    torch._foreach_mul_(squares, 0.999)
    torch._foreach_addcmul_(squares, gradients, gradients, 0.001)
    magnitudes = torch._foreach_sqrt(squares)
    torch._foreach_add_(magnitudes, 1e-8)
    torch._foreach_lerp_(parameters, sequences, 0.01)
    torch._foreach_addcdiv_(parameters, gradients, magnitudes, -1e-4)
    torch._foreach_addcdiv_(sequences, gradients, magnitudes, -1e-3)


lion, ftrl = written(_lion, 0.0), written(_ftrl, 0.1, 0.0)
lamb, schedule_free = written(_lamb, 0.0, 0.0), written(_schedule_free, 1.0, 0.0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else torch.get_num_threads())
