"""One contender and one case in a process of its own, which answers requests: what ``table.py`` starts.

``python contenders.py COLUMN CASE EPOCHS`` trains so many epochs and prints what they took. Each line that is
read then names a request and a count, and is answered with the seconds of one.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from cases import CASES, Case, alone

#: The library of each column, and what it is compiled with.
COLUMNS: dict[str, tuple[str, dict[str, Any]]] = {
    "by hand": ("torch", {}),
    "by hand, compiled": ("torch", {}),
    "kplug eager": ("kplug", {}),
    "kplug jit": ("kplug", {"jit_compile": True}),
    "kplug jit x8": ("kplug", {"jit_compile": True, "steps_per_execution": 8}),
    "kplug auto": ("kplug", {"jit_compile": "auto"}),
    "kplug bf16": ("kplug", {"precision": "bf16"}),
    "kplug jit bf16": ("kplug", {"precision": "bf16", "jit_compile": True}),
    "Keras torch": ("keras", {}),
    "Keras jax": ("keras", {}),
    "Keras tensorflow": ("keras", {}),
    "Lightning": ("lightning", {}),
}
Request = Callable[[], object]


class Contender(NamedTuple):
    """A function that trains so many epochs and calls another after each, and further requests."""

    fit: Callable[..., object]
    requests: dict[str, Request]


def make_module(column: str, name: str, case: Case) -> Contender:
    """Return the loop by hand, or Lightning's."""
    import by_hand

    hand = by_hand.HANDS[name]()
    if column == "Lightning":
        fit, predict = by_hand.train_with_lightning(case, hand)
        return Contender(fit, {"predict": predict})
    loop = by_hand.Loop(case, hand, is_compiled=column == "by hand, compiled")
    if column != "by hand":
        return Contender(loop.fit, {})
    one = dict.fromkeys(("call", "one", "predict one"), loop.predict_one)
    return Contender(loop.fit, {"predict": loop.predict, **one})


def make_model(library: Any, column: str, case: Case) -> Contender:
    """Return kplug's model, or Keras's."""
    model, (x, y) = case.compile(library, **COLUMNS[column][1]), case.data
    size = case.batch_size

    def fit(epochs: int, told: Callable[[], object] = lambda: None) -> None:
        class Told(library.callbacks.Callback):  # type: ignore[misc]
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                told()

        options = {"batch_size": size, "epochs": epochs, "verbose": 0, "callbacks": [Told()]}
        model.fit(alone(x), alone(y), **options)

    one = alone([each[:1] for each in x])
    predict = lambda: model.predict(alone(x), batch_size=size, verbose=0)  # noqa: E731
    if column == "kplug jit":  # each further request would be compiled, too
        return Contender(fit, {"predict": predict})
    if "jit_compile" in COLUMNS[column][1]:
        return Contender(fit, {})
    requests: dict[str, Request] = {
        "predict": predict,
        "one": lambda: model.predict_on_batch(one),
        "predict one": lambda: model.predict(one, verbose=0),
    }
    if library.__name__ == "kplug":  # on JAX a call returns before it has computed
        requests["call"] = lambda: model(one)
    return Contender(fit, requests)


def keep_memory() -> None:
    """Let glibc keep what a step frees, as kplug does and unless kplug is told not to."""
    if sys.platform == "linux" and os.environ.get("KPLUG_ALLOCATOR") != "system":
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 64 << 20)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, -1)  # M_TRIM_THRESHOLD


def peak_memory() -> float:
    """Return the most memory that the process had, in MB."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def count_faults() -> int:
    """Return the page faults of the process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def serve(column: str, name: str, epochs: int) -> None:
    """Train; then answer the requests."""
    start, library = time.perf_counter(), COLUMNS.get(column, ("torch", {}))[0]
    module: Any = importlib.import_module(library)
    if library == "kplug":  # a step that fell back to eager would be measured as a compiled one
        warnings.simplefilter("error", module.errors.EagerStepWarning)
    else:
        keep_memory()
    if name not in CASES:
        import sources

        contender = Contender(sources.make_fit(module, column, name), {})
    elif library in ("kplug", "keras"):
        contender = make_model(module, column, CASES[name])
    else:
        contender = make_module(column, name, CASES[name])
    ready, ends = time.perf_counter() - start, []
    start = time.perf_counter()
    contender.fit(epochs, lambda: ends.append(time.perf_counter() - start))
    found = {"ready": ready, "first": ends[0], "all": ends[-1], "peak": peak_memory()}
    print(json.dumps([["fit", *contender.requests], found]), flush=True)
    for line in sys.stdin:
        request, _, rest = line.rpartition(" ")
        count, faults, start = int(rest), count_faults(), time.perf_counter()
        if request == "fit":
            contender.fit(count)
        else:
            for _ in range(count):
                contender.requests[request]()
        seconds = time.perf_counter() - start
        print(json.dumps([seconds / count, (count_faults() - faults) / count]), flush=True)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")  # what libraries print is no answer
    os.dup2(2, 1)
    sys.stdout = answers
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
