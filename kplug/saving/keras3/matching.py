"""Which weight of a file in Keras 3's layout goes into which of a model."""

from __future__ import annotations

from collections.abc import Sequence

import h5py

from kplug.errors import WeightsError
from kplug.saving.hdf5 import find_group, get_dataset
from kplug.saving.keras3.places import Place
from kplug.saving.matching import find_mismatch, list_names
from kplug.saving.plan import Plan

_HINT = (
    "Build the model as it was saved: Keras 3 finds a layer by its class and its position. "
    "Or pass skip_mismatch=True to leave what differs as it is."
)


def match_places(places: Sequence[Place], file: h5py.File) -> Plan:
    """Pair the weights at each place of the model with the datasets at the same place of the file.

    Raises:
        WeightsError: The file is unsafe or damaged. What does not fit is a problem of the plan.
    """
    plan = Plan()
    for place in places:
        _match_place(plan, place, find_group(file, f"{place.path}/vars".lstrip("/")))
    _find_surplus(plan, places, file)
    return plan


def _match_place(plan: Plan, place: Place, group: h5py.Group | None) -> None:
    found = 0 if group is None else len(group)
    if found != len(place.weights):
        names = list_names([weight.name for weight in place.weights])
        count = "1 weight" if len(place.weights) == 1 else f"{len(place.weights)} weights"
        plan.problems.append(
            WeightsError(
                f"{place.title} has {count}{names}, the file holds {found} for it, at "
                f"'/{place.path}'",
                hint=_HINT,
            )
        )
        return
    for number, weight in enumerate(place.weights):
        dataset = get_dataset(group, str(number))
        mismatch = find_mismatch(weight.tensor, dataset)
        if mismatch:
            message = f"{place.title}: weight {weight.name!r} {mismatch}"
            plan.problems.append(WeightsError(message, hint=_HINT))
        else:
            plan.assign(weight, dataset)


def _find_surplus(plan: Plan, places: Sequence[Place], file: h5py.File) -> None:
    """Add a problem for layers that only the file has; Keras would not notice them."""
    known = {place.path for place in places}
    lists = {path.rpartition("/")[0] for path in known if "/" in path}
    for path in sorted(lists):
        group = find_group(file, path)
        if group is None:
            continue
        # Looked at one by one, and no further than can be shown: a file may list millions.
        surplus = [
            name
            for name, _ in zip(group, range(len(known) + 100), strict=False)
            if f"{path}/{name}" not in known and _has_weights(group, name)
        ]
        if surplus:
            plan.problems.append(
                WeightsError(
                    f"the file holds layers at '/{path}' that the model does not have"
                    f"{list_names(surplus)}",
                    hint=_HINT,
                )
            )


def _has_weights(group: h5py.Group, name: str) -> bool:
    variables = find_group(group, f"{name}/vars")
    return variables is not None and len(variables) > 0
