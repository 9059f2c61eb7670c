"""Chooses a model's device, and moves models and optimizer state to it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from kplug.arguments import list_words, refusal
from kplug.backend import floatx
from kplug.backend.processes import is_launched
from kplug.errors import ArgumentValueError


class ModelOnDevice(Protocol):
    """What is needed of a model to find its device and to move it."""

    built: bool

    def parameters(self) -> Iterator[nn.Parameter]:
        """Return the parameters."""

    def buffers(self) -> Iterator[Tensor]:
        """Return the buffers."""

    def to(self, device: torch.device, /) -> Any:
        """Move all of them."""


def read_device(device: object, model: ModelOnDevice) -> torch.device | None:
    """Return the device that an argument of ``compile`` names.

    Args:
        device: ``"auto"`` for CUDA, MPS or the CPU, whichever is there, in this order, unless somebody
            has moved the model to a GPU already; a device as torch writes it; None to leave the model
            where it is.
        model: The model.

    Returns:
        None if the model stays where it is.

    Raises:
        ArgumentValueError: If it is no device, or one that this machine does not have.
    """
    if device is None:
        return None
    available = list_devices()
    if device == "auto":
        is_chosen = model.built and find_device(model).type not in ("cpu", "meta")
        return None if is_chosen else _choose(available[0])
    try:
        chosen: torch.device = torch.device(device)  # type: ignore[call-overload]
    except (RuntimeError, TypeError):
        raise _refuse(device, available) from None
    count = torch.cuda.device_count() if chosen.type == "cuda" else 1
    if chosen.type not in available or (chosen.index or 0) >= count:
        raise _refuse(device, available)
    return chosen


def _choose(kind: str) -> torch.device:
    """Return the device of a type; of several GPUs, each process of a machine takes its own."""
    is_one_of_many = kind == "cuda" and is_launched()
    return (
        torch.device(kind, int(os.environ["LOCAL_RANK"])) if is_one_of_many else torch.device(kind)
    )


def list_devices() -> list[str]:
    """Return the types of device that can train here, the fastest first."""
    found = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available() and floatx() != "float64":  # MPS has no float64
        found.append("mps")
    return [*found, "cpu"]


def _refuse(device: object, available: list[str]) -> ArgumentValueError:
    return refusal("compile", "device", device, f"'auto', None, or {list_words(available)}")


def find_device(model: ModelOnDevice) -> torch.device:
    """Return where the model's first weight lies; if none has memory yet, where the first one will."""
    weights = itertools.chain(model.parameters(), model.buffers())
    first = next((one for one in weights if not one.is_meta), None)
    chosen: torch.device | None = getattr(model, "_device", None)
    return (chosen or torch.device("cpu")) if first is None else first.device


def place_model(
    model: ModelOnDevice, device: torch.device | None, optimizer: object = None
) -> None:
    """Move a model that has its weights to a device, if one is given, and its optimizer's state too."""
    current = find_device(model)
    if device is None or (current.type == device.type and device.index in (None, current.index)):
        return
    model.to(device)
    move_state(optimizer)


def move_state(optimizer: Any) -> None:
    """Move the state of an optimizer to where its parameters are, as torch does with what it loads.

    Counts of steps stay on the CPU, unless the kernels that update read them.
    """
    for group in getattr(optimizer, "param_groups", ()):
        takes_counts = bool(group.get("fused") or group.get("capturable"))
        for parameter in group["params"]:
            state = optimizer.state.get(parameter, {})
            for name, value in state.items():
                if isinstance(value, Tensor) and (value.ndim or takes_counts):
                    state[name] = value.to(parameter.device)


def move(tensor: Tensor, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """Return a tensor on a device, cast there if a type is given.

    To CUDA it goes through pinned memory: then the copy runs while Python goes on, and torch orders it
    before the kernels that read it. Other devices give no such promise, so there the copy is waited for.
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
        return tensor.to(device, non_blocking=True).to(dtype or tensor.dtype)
    return tensor.to(device, dtype)
