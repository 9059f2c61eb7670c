"""Chooses a model's device, and moves models and optimizer state to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from kplug.backend import floatx
from kplug.backend.processes import is_launched
from kplug.components.arguments import list_words, refusal
from kplug.errors import ArgumentValueError
from kplug.graph import list_modules


class ModelOnDevice(Protocol):
    """The methods of a model that find its device and move it."""

    built: bool
    _device: torch.device | None

    def parameters(self) -> Iterator[nn.Parameter]:
        """Return the parameters."""

    def _ensure_values(self) -> None: ...

    def to(self, device: torch.device, /) -> Any:
        """Move parameters and buffers."""


def read_device(device: object, model: ModelOnDevice) -> torch.device | None:
    """Return the device that an argument of ``compile`` names.

    Args:
        device: ``"auto"`` for the first available of CUDA, MPS and CPU, unless the model is on a GPU
            already; a device in torch's notation; None to leave the model where it is.
        model: The model.

    Returns:
        None if the model stays where it is.

    Raises:
        ArgumentValueError: If it is no device, or not available on this machine.
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
    """Return the device of a type; each process of a machine takes its own GPU."""
    is_one_of_many = kind == "cuda" and is_launched()
    return (
        torch.device(kind, int(os.environ["LOCAL_RANK"])) if is_one_of_many else torch.device(kind)
    )


def list_devices() -> list[str]:
    """Return the available device types, the fastest first."""
    found = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available() and floatx() != "float64":  # MPS has no float64
        found.append("mps")
    return [*found, "cpu"]


def _refuse(device: object, available: list[str]) -> ArgumentValueError:
    return refusal("compile", "device", device, f"'auto', None, or {list_words(available)}")


def find_device(model: ModelOnDevice) -> torch.device:
    """Return the device of the model's first weight, or the one it will get if not allocated yet."""
    model._ensure_values()
    for home in ("_parameters", "_buffers"):
        for module in list_modules(model):
            for weight in vars(module)[home].values():
                if weight is not None and not weight.is_meta:
                    return weight.device  # type: ignore[no-any-return]
    return model._device or torch.device("cpu")


def place_model(
    model: ModelOnDevice, device: torch.device | None, optimizer: object = None
) -> None:
    """Move a built model and its optimizer's state to a device, if one is given."""
    current = find_device(model)
    if device is None or (current.type == device.type and device.index in (None, current.index)):
        return
    model.to(device)
    move_state(optimizer)


def move_state(optimizer: Any) -> None:
    """Move an optimizer's state to the devices of its parameters, as torch does on loading.

    Step counters stay on the CPU, unless the update's kernels read them.
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

    Copies to CUDA go through pinned memory and are asynchronous; torch orders them before the kernels that
    read them. Other devices do not guarantee that order, so copies to them are synchronous.
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
        return tensor.to(device, non_blocking=True).to(dtype or tensor.dtype)
    return tensor.to(device, dtype)
