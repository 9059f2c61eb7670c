"""Compares facts across processes before training, and refuses differences."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from kplug.errors import ProcessMismatchError
from kplug.training.distribution.world import World

Facts = Mapping[str, str]
"""Facts of a process by name: a text for each, equal in all processes if the thing is."""

_SHOWN = 8
_NOTHING = "nothing"
_WHAT_TO_DO = (
    "Let every process run the same script with the same settings and the whole data: fit takes each "
    "process's part of every batch itself, so no DistributedSampler or slice of your own is needed. Where "
    "random numbers make data or models, call kplug.utils.set_random_seed first."
)


def require_agreement(method: str, facts: Facts, world: World) -> None:
    """Compare the facts of all processes; a collective operation.

    Digests are exchanged first. Only if they differ, the facts follow, to report the difference.

    Raises:
        ProcessMismatchError: In every process, if the facts differ.
    """
    digest = hashlib.blake2b(repr(sorted(facts.items())).encode()).hexdigest()
    told = set(world.gather((method, digest)))
    if len(told) == 1:
        return
    is_one_method = len({name for name, _ in told}) == 1
    differences = list_differences(world.gather(facts if is_one_method else {"method": method}))
    lines = [f"\n    {line}" for line in differences[:_SHOWN]]
    if len(differences) > _SHOWN:
        lines.append(f"\n    and {len(differences) - _SHOWN} more")
    raise ProcessMismatchError(
        f"{method}: {world.size} processes train together, and were not given the same:{''.join(lines)}",
        hint=_WHAT_TO_DO,
    )


def list_differences(given: Sequence[Facts]) -> list[str]:
    """Return a line for each fact that differs; ``given`` has each process's facts in order of ranks.

    Parts of a thing that differs are left out, such as ``optimizer.lr`` of ``optimizer``.

    Example:
        >>> list_differences([{"epochs": "2", "steps": "5"}, {"epochs": "3", "steps": "5"}])
        ['epochs: 2 in process 0; 3 in process 1']
    """
    names = dict.fromkeys(name for facts in given for name in facts)
    lines: dict[str, str] = {}
    for name in names:
        if any(name.startswith(f"{owner}.") for owner in lines):
            continue
        ranks: dict[str, list[int]] = {}
        for rank, facts in enumerate(given):
            ranks.setdefault(facts.get(name, _NOTHING), []).append(rank)
        if len(ranks) > 1:
            found = (f"{text} in {name_processes(which)}" for text, which in ranks.items())
            lines[name] = f"{name}: {'; '.join(found)}"
    return list(lines.values())


def name_processes(ranks: Sequence[int]) -> str:
    """Return the names of processes for messages.

    Example:
        >>> name_processes([2]), name_processes([0, 1])
        ('process 2', 'processes 0, 1')
    """
    noun = "process" if len(ranks) == 1 else "processes"
    return f"{noun} {', '.join(map(str, ranks))}"
