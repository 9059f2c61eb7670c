"""Checks a saved optimizer state, then fits it to the current parameters and kernels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch

from kplug.components.arguments import is_number
from kplug.errors import KplugError, WeightsError
from kplug.optimizers.base.accumulation import ACCUMULATOR, TOTAL_WEIGHT
from kplug.optimizers.base.hyperparameters import GroupSetting
from kplug.optimizers.base.moving_average import AVERAGE

# Settings of every group, which are never negative.
_NOT_NEGATIVE = ("lr", "eps", "weight_decay", "iterations")

_DAMAGED = "The file is damaged, or of another optimizer."

_KERNEL_CHOICES = ("fused", "foreach", "capturable", "differentiable")


def check_state(
    owner: str,
    groups: Sequence[dict[str, Any]],
    state_dict: dict[str, Any],
    get_shape: Callable[[str, torch.Tensor], tuple[int, ...]],
) -> None:
    """Compare the numbers of groups and parameters, and check the form of each parameter's state.

    Raises:
        WeightsError: At the first difference.
    """
    _check_form(owner, state_dict)
    saved_groups = state_dict["param_groups"]
    counts = [len(group["params"]) for group in groups]
    saved_counts = [len(group["params"]) for group in saved_groups]
    if counts != saved_counts:
        raise WeightsError(
            f"{owner}: the saved state is for groups of {saved_counts} parameters, "
            f"this optimizer has groups of {counts}; nothing was loaded",
            hint="Build the optimizer with the same parameters first.",
        )
    _check_owners(owner, saved_groups, state_dict["state"])
    keys = [key for group in saved_groups for key in group["params"]]
    parameters = [parameter for group in groups for parameter in group["params"]]
    for position, (key, parameter) in enumerate(zip(keys, parameters, strict=True)):
        for name, value in state_dict["state"].get(key, {}).items():
            where = f"{owner}: saved {name!r} of parameter {position}"
            if name == "step":
                _check_counter(where, value)
            elif value is not None or name != "momentum_buffer":  # torch's SGD may store None
                shape = () if name == TOTAL_WEIGHT else get_shape(name, parameter)
                _check_tensor(where, value, parameter, shape)


def check_complete(
    owner: str,
    groups: Sequence[dict[str, Any]],
    state_dict: dict[str, Any],
    list_kept: Callable[[dict[str, Any], Mapping[str, Any]], set[str]],
) -> None:
    """Refuse a state that is incomplete for a parameter.

    Args:
        owner: The optimizer, for messages.
        groups: Its groups.
        state_dict: The saved state.
        list_kept: Returns the keys of a parameter's state for a group with the saved settings, which
            may differ from those of the optimizer at hand.

    Raises:
        WeightsError: At the first part that is missing.
    """
    expected = [
        (key, list_kept(group, saved))
        for group, saved in zip(groups, state_dict["param_groups"], strict=True)
        for key in saved["params"]
    ]
    for position, (key, names) in enumerate(expected):
        held = state_dict["state"].get(key, {}).keys()
        if names - held and held - {AVERAGE, ACCUMULATOR, TOTAL_WEIGHT}:
            raise WeightsError(
                f"{owner}: the saved state of parameter {position} lacks {min(names - held)!r}; "
                "nothing was loaded",
                hint=_DAMAGED,
            )


def _check_form(owner: str, state_dict: object) -> None:
    """Refuse a value without the form of an optimizer's ``state_dict``."""
    given = state_dict if isinstance(state_dict, Mapping) else {}
    state, groups = given.get("state"), given.get("param_groups")
    if (
        not isinstance(state, Mapping)
        or not isinstance(groups, (list, tuple))
        or not all(isinstance(held, Mapping) for held in state.values())
        or not all(isinstance(group, Mapping) and "params" in group for group in groups)
        or not all(isinstance(group["params"], (list, tuple)) for group in groups)
    ):
        raise WeightsError(
            f"{owner}: the saved state is no state_dict of an optimizer, with 'state' and "
            "'param_groups'; nothing was loaded",
            hint=_DAMAGED,
        )


def _check_owners(
    owner: str, saved_groups: Sequence[dict[str, Any]], state: dict[Any, Any]
) -> None:
    """Refuse the state of a parameter that is in no group: torch would keep it silently."""
    listed = [key for group in saved_groups for key in group["params"]]
    known = {key for key in listed if isinstance(key, (int, str))}
    for key in state:
        if key not in known:
            raise WeightsError(
                f"{owner}: the saved state is of parameter {key!r:.60}, its groups list {listed!r:.60}; "
                "nothing was loaded",
                hint=_DAMAGED,
            )


def _check_counter(where: str, value: object) -> None:
    number: Any = value.item() if isinstance(value, torch.Tensor) and value.numel() == 1 else value
    if not is_number(number) or not 0 <= number < math.inf:
        raise WeightsError(f"{where} is {number!r:.60}, no number of steps; nothing was loaded")


def _check_tensor(
    where: str, value: object, parameter: torch.Tensor, expected: tuple[int, ...]
) -> None:
    if not isinstance(value, torch.Tensor):
        raise WeightsError(f"{where} is {value!r:.60}, no tensor; nothing was loaded")
    if value.is_floating_point() != parameter.is_floating_point():
        raise WeightsError(
            f"{where} is {value.dtype}, the parameter {parameter.dtype}; nothing was loaded"
        )
    if tuple(value.shape) != expected:
        mine = "the parameter has" if expected == tuple(parameter.shape) else "this one needs"
        raise WeightsError(
            f"{where} has shape {tuple(value.shape)}, {mine} {expected}; nothing was loaded",
            hint="The state belongs to another model.",
        )


def list_settings(owner: type) -> list[GroupSetting]:
    """Return the settings of an optimizer class that its parameter groups store."""
    found = {
        name: value
        for one in reversed(owner.__mro__)
        for name, value in vars(one).items()
        if isinstance(value, GroupSetting)
    }
    return list(found.values())


def check_settings(
    owner: str,
    groups: Sequence[dict[str, Any]],
    saved_groups: Sequence[dict[str, Any]],
    find_settings: Callable[[dict[str, Any]], Iterable[GroupSetting]],
) -> None:
    """Check the hyperparameters of every saved group, as their setters do.

    Raises:
        WeightsError: At the first value that the optimizer could not have.
    """
    for group, saved in zip(groups, saved_groups, strict=True):
        settings = list(find_settings(group))
        checked = {setting.key for setting in settings if setting.index is None}
        for key in saved.keys() & group.keys() - {"params", *_KERNEL_CHOICES, *checked}:
            if not _is_like(saved[key], group[key], key):
                raise _refuse_setting(owner, key, saved[key])
        for setting in settings:
            if setting.key in saved:
                _check_setting(owner, setting, saved[setting.key])


def _check_setting(owner: str, setting: GroupSetting, value: Any) -> None:
    try:
        value = value if setting.index is None else value[setting.index]
        kept = setting.check(owner, setting.name, value)
    except KplugError as error:
        raise WeightsError(
            f"the saved state has a setting that cannot be: {error.message}; nothing was loaded",
            hint=error.hint,
        ) from error
    if value is None and kept is not None:  # groups store the number that None stands for
        raise _refuse_setting(owner, setting.name, value)


def _is_like(value: Any, own: Any, key: str) -> bool:
    """Return whether a saved value has the form of the current one."""
    if isinstance(value, torch.Tensor):
        value = value.item() if value.numel() == 1 else math.nan
    if isinstance(own, (tuple, list)):
        if not isinstance(value, (tuple, list)):
            return False
        is_pair = isinstance(own, tuple)
        return not is_pair or (len(value) == len(own) and all(map(_is_finite, value)))
    if isinstance(own, (bool, str)):
        return isinstance(value, type(own))
    if isinstance(own, (int, float, torch.Tensor)) or (own is None and value is not None):
        is_whole = key != "iterations" or isinstance(value, int)
        return _is_finite(value) and is_whole and not (key in _NOT_NEGATIVE and value < 0)
    return True


def _is_finite(value: Any) -> bool:
    return not isinstance(value, bool) and is_number(value) and math.isfinite(value)


def _refuse_setting(owner: str, key: str, value: object) -> WeightsError:
    return WeightsError(
        f"{owner}: the saved state has {key!r} = {value!r:.60}, which it cannot have; nothing was "
        "loaded",
        hint=_DAMAGED,
    )


def merge_groups(groups: Sequence[dict[str, Any]], state_dict: dict[str, Any]) -> dict[str, Any]:
    """Return the state, completed by settings that the file lacks and by this machine's kernels.

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
