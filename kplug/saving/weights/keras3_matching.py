"""Pairs a model's weights with those of a Keras 3 file, before any are read."""

from __future__ import annotations

from collections.abc import Sequence

from kplug.saving.hdf5 import find_group, get_dataset
from kplug.saving.hdf5_library import h5py
from kplug.saving.weights.keras3_layout import WeightGroup
from kplug.saving.weights.load_plan import LoadPlan, WeightSource, count_things, list_names

_HINT = (
    "Build the model as it was saved: Keras 3 finds a layer by its class and its position. "
    "Or pass skip_mismatch=True to leave what differs as it is."
)


def match_weight_groups(groups: Sequence[WeightGroup], file: h5py.File) -> LoadPlan:
    """Pair the weights of each group of the model with the datasets of the same group of the file.

    Raises:
        WeightsError: The file is unsafe or damaged. Misfits become problems of the plan.
    """
    plan = LoadPlan()
    for group in groups:
        _match_group(plan, group, find_group(file, f"{group.path}/vars".lstrip("/")))
    _find_surplus(plan, groups, file)
    return plan


def _match_group(plan: LoadPlan, group: WeightGroup, variables: h5py.Group | None) -> None:
    found = 0 if variables is None else len(variables)
    if found != len(group.weights):
        names = list_names([weight.name for weight in group.weights])
        message = (
            f"{group.title} has {count_things(group.weights, 'weight')}{names}, the file holds "
            f"{found} for it, at '/{group.path}'"
        )
        plan.add_problem(message, _HINT)
        return
    for number, weight in enumerate(group.weights):
        source = WeightSource((get_dataset(variables, str(number)),))
        plan.assign(group.title, weight, source, _HINT)


def _find_surplus(plan: LoadPlan, groups: Sequence[WeightGroup], file: h5py.File) -> None:
    """Add a problem for layers that only the file has, which Keras silently ignores."""
    known = {group.path for group in groups}
    lists = {path.rpartition("/")[0] for path in known if "/" in path}
    for path in sorted(lists):
        listed = find_group(file, path)
        if listed is None:
            continue
        # Checked one by one, and only as many as a message shows: a file may list millions.
        surplus = [
            name
            for name, _ in zip(listed, range(len(known) + 100), strict=False)
            if f"{path}/{name}" not in known and _has_weights(listed, name)
        ]
        if surplus:
            message = f"the file holds layers at '/{path}' that the model does not have"
            plan.add_problem(message + list_names(surplus), _HINT)


def _has_weights(group: h5py.Group, name: str) -> bool:
    variables = find_group(group, f"{name}/vars")
    return variables is not None and len(variables) > 0
