"""Where boxes go: in ranks from top to bottom, ordered so that few arrows cross.

Arrows over several ranks get a point in each rank that they pass. Within a rank the order is that of
the neighbours' mean places, and the places are the nearest to those means that leave room for all.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_SWEEPS = 12


class Size(NamedTuple):
    """Width and height of a box, across and along the ranks."""

    width: float
    height: float


class Point(NamedTuple):
    """A place: x across the ranks, y along them, from the first rank on."""

    x: float
    y: float


@dataclass
class Layout:
    """Where everything is.

    Args:
        centres: Of the boxes.
        bands: Where the rank of each box begins and ends, which may be higher than the box.
        bends: The points that arrows pass, by the boxes at their ends.
        size: Of the whole.
    """

    centres: list[Point]
    bands: list[tuple[float, float]]
    bends: dict[tuple[int, int], list[Point]]
    size: Size


@dataclass
class _Slot:
    """A place in a rank: a box, or the point where an arrow passes."""

    width: float
    rank: int
    weight: float
    x: float = 0.0
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)


def place(
    sizes: Sequence[Size],
    links: Sequence[tuple[int, int]],
    gap: float,
    rank_gap: float,
) -> Layout:
    """Return a layout of boxes.

    Args:
        sizes: Of the boxes; an arrow usually goes from an earlier one to a later one.
        links: Pairs of indices. An arrow that goes back has no part in the layout.
        gap: Room between neighbours in a rank.
        rank_gap: Room between ranks.
    """
    forward = [(start, end) for start, end in dict.fromkeys(links) if start < end]
    slots, passed = _make_slots(sizes, forward)
    ranks = _order(slots)
    _place_across(slots, ranks, gap)
    tops, heights = _place_along(sizes, ranks, rank_gap)
    left = min(slot.x - slot.width / 2 for slot in slots)
    for slot in slots:
        slot.x -= left
    own = slots[: len(sizes)]
    bands = [(tops[slot.rank], tops[slot.rank] + heights[slot.rank]) for slot in own]
    centres = [
        Point(slot.x, (top + bottom) / 2) for slot, (top, bottom) in zip(own, bands, strict=True)
    ]
    bends = {
        link: [
            Point(slots[index].x, tops[slots[index].rank] + share * heights[slots[index].rank])
            for index in through
            for share in (0.0, 1.0)
        ]
        for link, through in passed.items()
    }
    width = max(slot.x + slot.width / 2 for slot in slots)
    return Layout(centres, bands, bends, Size(width, tops[-1] + heights[-1]))


def _make_slots(
    sizes: Sequence[Size], links: Sequence[tuple[int, int]]
) -> tuple[list[_Slot], dict[tuple[int, int], list[int]]]:
    """Return the slots, those of boxes first, and for each arrow the points that it passes."""
    ranks = [0] * len(sizes)
    for start, end in sorted(links, key=lambda link: link[1]):
        ranks[end] = max(ranks[end], ranks[start] + 1)
    _lower_sources(ranks, links)
    slots = [_Slot(size.width, rank, 1.0) for size, rank in zip(sizes, ranks, strict=True)]
    passed: dict[tuple[int, int], list[int]] = {}
    for start, end in links:
        through = list(range(len(slots), len(slots) + ranks[end] - ranks[start] - 1))
        slots += [_Slot(0.0, ranks[start] + 1 + step, 4.0) for step in range(len(through))]
        chain = [start, *through, end]
        for upper, lower in itertools.pairwise(chain):
            slots[upper].below.append(lower)
            slots[lower].above.append(upper)
        passed[(start, end)] = through
    return slots, passed


def _lower_sources(ranks: list[int], links: Sequence[tuple[int, int]]) -> None:
    """Move what nothing comes before down to just above the first box that uses it."""
    targets = {end for _, end in links}
    for index in range(len(ranks)):
        uses = [ranks[end] for start, end in links if start == index]
        if index not in targets and uses:
            ranks[index] = min(uses) - 1


def _order(slots: list[_Slot]) -> list[list[int]]:
    """Return the slots of each rank from left to right."""
    ranks: list[list[int]] = [[] for _ in range(max(slot.rank for slot in slots) + 1)]
    for index, slot in enumerate(slots):
        ranks[slot.rank].append(index)
    best, fewest = ranks, _count_crossings(slots, ranks)
    for sweep in range(_SWEEPS):
        is_down = sweep % 2 == 0
        ranks = [list(rank) for rank in ranks]
        places = {index: place for rank in ranks for place, index in enumerate(rank)}
        for rank in ranks if is_down else reversed(ranks):
            rank.sort(key=lambda index: _mean_place(slots[index], places, index, is_down))
            places.update((index, place) for place, index in enumerate(rank))
        crossings = _count_crossings(slots, ranks)
        if crossings < fewest:
            best, fewest = ranks, crossings
    return best


def _mean_place(slot: _Slot, places: dict[int, int], index: int, is_down: bool) -> float:
    neighbours = slot.above if is_down else slot.below
    if not neighbours:
        return places[index]
    return sum(places[one] for one in neighbours) / len(neighbours)


def _count_crossings(slots: list[_Slot], ranks: list[list[int]]) -> int:
    count = 0
    for upper, lower in itertools.pairwise(ranks):
        places = {index: place for place, index in enumerate(lower)}
        ends = [end for index in upper for end in sorted(places[one] for one in slots[index].below)]
        count += sum(a > b for number, b in enumerate(ends) for a in ends[:number])
    return count


def _place_across(slots: list[_Slot], ranks: list[list[int]], gap: float) -> None:
    for rank in ranks:
        _spread(slots, rank, [0.0] * len(rank), gap)
    for sweep in range(_SWEEPS):
        is_down = sweep % 2 == 0
        for rank in ranks if is_down else reversed(ranks):
            wanted = [_wanted_place(slots, index, is_down) for index in rank]
            _spread(slots, rank, wanted, gap)


def _wanted_place(slots: list[_Slot], index: int, is_down: bool) -> float:
    slot = slots[index]
    neighbours = (slot.above if is_down else slot.below) or slot.below or slot.above
    if not neighbours:
        return slot.x
    return sum(slots[one].x for one in neighbours) / len(neighbours)


def _spread(slots: list[_Slot], rank: list[int], wanted: Sequence[float], gap: float) -> None:
    """Place a rank as near to what is wanted as room allows (least squares, order kept)."""
    offsets = [0.0]
    for left, right in itertools.pairwise(rank):
        offsets.append(offsets[-1] + (slots[left].width + slots[right].width) / 2 + gap)
    # What is left after the least distances must not fall: neighbours that want to are pooled.
    pools: list[tuple[float, float, int]] = []
    for index, want, offset in zip(rank, wanted, offsets, strict=True):
        value, weight, count = want - offset, slots[index].weight, 1
        while pools and pools[-1][0] > value:
            before, its_weight, its_count = pools.pop()
            value = (value * weight + before * its_weight) / (weight + its_weight)
            weight, count = weight + its_weight, count + its_count
        pools.append((value, weight, count))
    values = [value for value, _, count in pools for _ in range(count)]
    for index, value, offset in zip(rank, values, offsets, strict=True):
        slots[index].x = value + offset


def _place_along(
    sizes: Sequence[Size], ranks: list[list[int]], rank_gap: float
) -> tuple[list[float], list[float]]:
    heights = [
        max((sizes[index].height for index in rank if index < len(sizes)), default=0.0)
        for rank in ranks
    ]
    tops = [0.0]
    for height in heights[:-1]:
        tops.append(tops[-1] + height + rank_gap)
    return tops, heights
