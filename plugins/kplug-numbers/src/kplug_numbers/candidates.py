"""Puts components of one kind side by side: what each computes, where they agree, what they cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kplug.errors import KplugError
from kplug_numbers.comparison import Comparison, compare
from kplug_numbers.making import make_reading
from kplug_numbers.reading import Part, Reading

_ROUNDS = 3  # of the measurement; the least of each counts


@dataclass(frozen=True)
class Candidate:
    """A component and how it compares with the first one.

    Args:
        spec: The component with its arguments, as written.
        reading: What it computes; None without a reading.
        why: Why there is none.
        comparison: The comparison with the first candidate; None if one of them has no reading.
        cost: How much processor time its recipe takes, as a multiple of the first candidate's.
    """

    spec: str
    reading: Reading | None = None
    why: str = ""
    comparison: Comparison | None = None
    cost: float | None = None


def read_candidates(kind: str, specs: Sequence[str]) -> list[Candidate]:
    """Return the components in the order in which they are given."""
    made = [_read(kind, spec) for spec in specs]
    costs = _measure(kind, made)
    first = made[0].reading
    if first is None:
        return made
    return [
        replace(
            one,
            comparison=compare(first, one.reading),
            cost=costs[one.spec] / costs[made[0].spec],
        )
        if one.reading is not None
        else one
        for one in made
    ]


def _read(kind: str, spec: str) -> Candidate:
    try:
        return Candidate(spec, make_reading(kind, spec))
    except KplugError as error:
        return Candidate(spec, why=error.message)


def _measure(kind: str, made: Sequence[Candidate]) -> dict[str, float]:
    """Return the least processor time of each that has a reading, measured in turns."""
    least: dict[str, float] = {}
    for _ in range(_ROUNDS):
        for one in made:
            if one.reading is not None:
                begun = time.process_time()
                make_reading(kind, one.spec, is_twice=False)
                seconds = time.process_time() - begun
                least[one.spec] = min(seconds, least.get(one.spec, seconds))
    return least


def list_rows(candidates: Sequence[Candidate]) -> list[tuple[str, ...]]:
    """Return a row for each part: its name, and what each candidate has; ``=`` where it is as the first."""
    readings = [one.reading for one in candidates if one.reading is not None]
    names = dict.fromkeys(name for reading in readings for name in reading.parts)
    return [
        (name, *(_write_cell(name, one, one is candidates[0]) for one in candidates))
        for name in names
    ]


def _write_cell(name: str, candidate: Candidate, is_first: bool) -> str:
    part = candidate.reading.parts.get(name) if candidate.reading is not None else None
    if part is None:
        return ""
    comparison = None if is_first else candidate.comparison
    is_same = comparison is not None and name not in {one.part for one in comparison.differences}
    return "=" if is_same else _write_part(part)


def _write_part(part: Part) -> str:
    if part.raises:
        return part.raises
    return f"{part.sample[0]:.5g}" + (" …" if part.count > 1 else "") if part.sample else "none"


def describe(candidate: Candidate) -> str:
    """Return where a candidate agrees with the first one, and its cost."""
    if candidate.reading is None:
        return f"{candidate.spec}: no reading: {candidate.why}"
    if candidate.comparison is None:
        return f"{candidate.spec}: nothing to compare it with"
    count, differing = len(candidate.reading.parts), len(candidate.comparison.differences)
    text = str(candidate.comparison)
    if candidate.comparison.outcome == "differs":
        text = f"same in {max(count - differing, 0)} of {count} parts; {text.partition(' (and')[0]}"
    return f"{candidate.spec}: {text}; {candidate.cost:.2g} times the cost"
