"""Optimizer state from a file: checked first, then fitted to the parameters and kernels at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from kplug.errors import WeightsError

_KERNEL_CHOICES = ("fused", "foreach", "capturable", "differentiable")


def check_state(
    owner: str,
    groups: Sequence[dict[str, Any]],
    state_dict: dict[str, Any],
    get_shape: Callable[[str, torch.Tensor], tuple[int, ...]],
) -> None:
    """Compare numbers of groups and parameters, and the shape of every saved tensor.

    Args:
        owner: The optimizer's name, for the message.
        groups: Its parameter groups.
        state_dict: What was saved.
        get_shape: Tells the shape of a state tensor from its name and its parameter.

    Raises:
        WeightsError: At the first difference.
    """
    saved_groups = state_dict["param_groups"]
    counts = [len(group["params"]) for group in groups]
    saved_counts = [len(group["params"]) for group in saved_groups]
    if counts != saved_counts:
        raise WeightsError(
            f"{owner}: the saved state is for groups of {saved_counts} parameters, "
            f"this optimizer has groups of {counts}; nothing was loaded",
            hint="Build the optimizer with the same parameters first.",
        )
    keys = [key for group in saved_groups for key in group["params"]]
    parameters = [parameter for group in groups for parameter in group["params"]]
    for position, (key, parameter) in enumerate(zip(keys, parameters, strict=True)):
        for name, value in state_dict["state"].get(key, {}).items():
            if not isinstance(value, torch.Tensor) or not value.ndim:  # 0-d tensors are counters
                continue
            expected = get_shape(name, parameter)
            if tuple(value.shape) != expected:
                mine = (
                    "the parameter has" if expected == tuple(parameter.shape) else "this one needs"
                )
                raise WeightsError(
                    f"{owner}: saved {name!r} of parameter {position} has shape "
                    f"{tuple(value.shape)}, {mine} {expected}; nothing was loaded",
                    hint="The state belongs to another model.",
                )


def merge_groups(groups: Sequence[dict[str, Any]], state_dict: dict[str, Any]) -> dict[str, Any]:
    """Return the state with settings that the file lacks, and with this machine's kernels.

    A file written on a GPU may be read on a machine whose device has no fused kernel, and a torch
    optimizer's file has no ``iterations``.
    """
    merged = []
    for group, saved in zip(groups, state_dict["param_groups"], strict=True):
        ours = {key: value for key, value in group.items() if key != "params"}
        kernels = {key: group[key] for key in _KERNEL_CHOICES if key in group}
        merged.append({**ours, **saved, **kernels})
    if "iterations" not in state_dict["param_groups"][0]:
        merged[0]["iterations"] = _count_steps(state_dict["state"])
    return {**state_dict, "param_groups": merged}


def _count_steps(state: dict[Any, Any]) -> int:
    steps = [
        float(entry["step"])
        for entry in state.values()
        if isinstance(entry, dict) and "step" in entry
    ]
    return int(max(steps, default=0))
