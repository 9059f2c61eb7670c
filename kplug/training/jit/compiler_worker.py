"""The worker process that compiles one graph at low priority into torch's disk cache.

It reads a pickled ``CompilerRequest`` from its standard input and writes a ``CompilerReport`` as JSON. The
process that compiles in the foreground afterwards finds the code in the cache.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.training.jit.graph_description import GraphDescription

_LARGEST_TRIAL = 1 << 28  # bytes of inputs with which the code is timed
_ROUNDS, _ROUND_SECONDS = 5, 0.02
_LOWEST_PRIORITY = 19


@dataclasses.dataclass(frozen=True)
class CompilerRequest:
    """A graph to compile.

    Args:
        graph: The graph.
        inputs: Shape, strides, type and device of each input.
        threads: The number of torch's threads.
        parent: The id of the parent process; this one ends with it.
    """

    graph: GraphDescription
    inputs: list[tuple[torch.Size, tuple[int, ...], torch.dtype, torch.device]]
    threads: int
    parent: int


@dataclasses.dataclass(frozen=True)
class CompilerReport:
    """The result of a worker.

    Args:
        compile_seconds: How long compiling took.
        is_cached: Whether the code is in torch's cache on disk.
        call_seconds: Processor time of a call; None if it was not timed.
    """

    compile_seconds: float
    is_cached: bool
    call_seconds: float | None


def main() -> None:
    """Compile the request on standard input."""
    request: CompilerRequest = pickle.load(sys.stdin.buffer)  # noqa: S301 - the parent's own file
    threading.Thread(target=_end_with, args=(request.parent,), daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_LOWEST_PRIORITY)
    torch.set_num_threads(request.threads)
    json.dump(dataclasses.asdict(compile_request(request)), sys.stdout)


def _end_with(parent: int) -> None:
    """End this process and its compilers as soon as its parent has ended."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.killpg(0, signal.SIGKILL)


def compile_request(request: CompilerRequest) -> CompilerReport:
    """Compile a graph and time a call."""
    from kplug.layers.recurrent.base import jit_gru, jit_lstm  # noqa: F401 - operations
    from kplug.training.jit.torch_compiler import compile_graph

    inputs = _make_inputs(request)
    started = time.perf_counter()
    run = compile_graph(request.graph.make(), inputs)
    seconds = time.perf_counter() - started
    return CompilerReport(seconds, _is_cached(), _try_out(run, inputs))


def _make_inputs(request: CompilerRequest) -> list[Tensor]:
    """Return inputs to compile for; those that are used for timing hold numbers from 0 to 1."""
    # Untouched memory is not allocated yet, so large inputs cost nothing here.
    inputs = [
        torch.empty_strided(shape, stride, dtype=dtype, device=device)
        for shape, stride, dtype, device in request.inputs
    ]
    if _can_try_out(inputs):
        for each in inputs:
            _ = each.uniform_() if each.is_floating_point() else each.zero_()  # ids and flags
    return inputs


def _can_try_out(inputs: Sequence[Tensor]) -> bool:
    is_on_cpu = all(each.device.type == "cpu" for each in inputs)
    return is_on_cpu and sum(each.nbytes for each in inputs) <= _LARGEST_TRIAL


def _is_cached() -> bool:
    from torch._dynamo.utils import counters

    found = counters["inductor"]
    return not found["fxgraph_cache_bypass"] and bool(
        found["fxgraph_cache_miss"] + found["fxgraph_cache_hit"]
    )


def _try_out(run: Callable[..., Any], inputs: Sequence[Tensor]) -> float | None:
    """Return the processor time of a call, on the CPU.

    Wall-clock time would include other programs, which run at a higher priority. The least of the rounds
    counts: while one of torch's threads is kept from running, the others wait actively.
    """
    if not _can_try_out(inputs):
        return None
    with torch.no_grad():
        run(*inputs)
        started = time.process_time()
        run(*inputs)
        count = max(1, int(_ROUND_SECONDS / max(time.process_time() - started, 1e-6)))
        return min(_time_calls(run, inputs, count) for _ in range(_ROUNDS))


def _time_calls(run: Callable[..., Any], inputs: Sequence[Tensor], count: int) -> float:
    started = time.process_time()
    for _ in range(count):
        run(*inputs)
    return (time.process_time() - started) / count


if __name__ == "__main__":
    main()
