"""The switches of torch and NumPy that hold for a whole process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
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
        "torch.backends.cudnn.enabled": cudnn.enabled,
        "torch.backends.cudnn.benchmark": cudnn.benchmark,
        "torch.backends.cudnn.deterministic": cudnn.deterministic,
        "numpy.seterr": np.geterr(),
    }


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
