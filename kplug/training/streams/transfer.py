"""From the host's memory to the model's device."""

from __future__ import annotations

import torch
from torch import Tensor


def move(tensor: Tensor, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """Return a tensor on a device, cast there if a type is given.

    To CUDA it goes through pinned memory: then the copy runs while Python goes on, and torch orders it
    before the kernels that read it. Other devices give no such promise, so there the copy is waited for.
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
        return tensor.to(device, non_blocking=True).to(dtype or tensor.dtype)
    return tensor.to(device, dtype)
