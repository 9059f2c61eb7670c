"""The switches and random generators of torch, Python and NumPy that a whole process shares."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch


def read_switches() -> dict[str, Any]:
    """Return each switch by the name of what sets it."""
    cudnn = torch.backends.cudnn
    return {
        "torch.set_grad_enabled": torch.is_grad_enabled(),
        "torch.autograd.set_detect_anomaly": torch.is_anomaly_enabled(),
        "torch.use_deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "torch.set_default_dtype": torch.get_default_dtype(),
        "torch.set_num_threads": torch.get_num_threads(),
        "torch.set_flush_denormal": _flushes_denormals(),
        "torch.set_float32_matmul_precision": torch.get_float32_matmul_precision(),
        "torch.backends.cudnn.enabled": cudnn.enabled,
        "torch.backends.cudnn.benchmark": cudnn.benchmark,
        "torch.backends.cudnn.deterministic": cudnn.deterministic,
        "numpy.seterr": np.geterr(),
    }


def _flushes_denormals() -> bool:
    """Whether denormal numbers are taken for 0; torch has no function that says it."""
    return not bool(torch.full((), 1e-310, dtype=torch.float64) * 1.0)


def find_reseeded(run: Callable[[], object]) -> str | None:
    """Return the generator of the process that is in one state after a run, whichever it was in before.

    Torch's, Python's and NumPy's are put back.
    """
    kept = torch.get_rng_state(), random.getstate(), np.random.get_state()
    after = []
    try:
        for seed in (11, 12):
            torch.default_generator.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed)
            run()
            numpy: Any = np.random.get_state(legacy=True)
            states = torch.get_rng_state().tolist(), random.getstate(), numpy[1].tolist()
            after.append(states)
    finally:
        torch.set_rng_state(kept[0])
        random.setstate(kept[1])
        np.random.set_state(kept[2])
    pairs = zip(("torch's generator", "Python's random", "NumPy's generator"), *after, strict=True)
    return next((name for name, one, other in pairs if one == other), None)


@contextlib.contextmanager
def keep_switches() -> Iterator[None]:
    """Set all switches after a block as they were before it."""
    before = read_switches()
    try:
        yield
    finally:
        changed = [name for name, value in read_switches().items() if value != before[name]]
        for name in changed:
            _set(name, before[name])


def _set(name: str, value: Any) -> None:
    if name == "numpy.seterr":
        np.seterr(**value)
    elif name.startswith("torch.backends"):
        setattr(torch.backends.cudnn, name.rpartition(".")[2], value)
    else:
        module = torch.autograd if "autograd" in name else torch
        getattr(module, name.rpartition(".")[2])(value)
