"""Layered layout of a diagram: ranks from top to bottom with few crossing arrows.

networkx assigns boxes to ranks. Its layouts place points without size, so this module computes the
positions within a rank. An arrow over several ranks gets a point in each rank that it crosses.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple, TypeAlias

from kplug.support.optional_libraries import import_extra

_SWEEPS = 12

# A rank contains boxes, as indices, and points of arrows, as (start, end, rank).
Bend: TypeAlias = "tuple[int, int, int]"
Entry: TypeAlias = "int | Bend"


class Size(NamedTuple):
    """Width and height of a box, across and along the ranks."""

    width: float
    height: float


class Point(NamedTuple):
    """A place: x across the ranks, y along them, from the first rank on."""

    x: float
    y: float


@dataclass(frozen=True)
class BoxPlaces:
    """The computed layout.

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


def place(
    sizes: Sequence[Size],
    links: Sequence[tuple[int, int]],
    gap: float,
    rank_gap: float,
) -> BoxPlaces:
    """Return the places of boxes.

    Args:
        sizes: Of the boxes; an arrow usually goes from an earlier one to a later one.
        links: Pairs of indices. Backward arrows do not affect the layout.
        gap: Room between neighbours in a rank.
        rank_gap: Room between ranks.
    """
    forward = [(start, end) for start, end in dict.fromkeys(links) if start < end]
    graph = import_extra("plot_model", "networkx", "plot").DiGraph(forward)
    graph.add_nodes_from(range(len(sizes)))
    ranks = _make_ranks(graph)
    rank_of = {entry: number for number, rank in enumerate(ranks) for entry in rank}
    passed: dict[tuple[int, int], list[Bend]] = {}
    for start, end in forward:
        between = range(rank_of[start] + 1, rank_of[end])
        passed[start, end] = [(start, end, number) for number in between]
        for number, entry in zip(between, passed[start, end], strict=True):
            ranks[number].append(entry)
        graph.remove_edge(start, end)
        graph.add_edges_from(itertools.pairwise([start, *passed[start, end], end]))
    ranks = _reduce_crossings(graph, ranks)
    across, width = _place_across(ranks, sizes, gap)
    bands = _place_along(ranks, sizes, rank_gap)
    own_bands = [bands[rank_of[index]] for index in range(len(sizes))]
    return BoxPlaces(
        centres=[Point(across[index], sum(band) / 2) for index, band in enumerate(own_bands)],
        bands=own_bands,
        bends={
            link: [Point(across[entry], edge) for entry in entries for edge in bands[entry[2]]]
            for link, entries in passed.items()
        },
        size=Size(width, bands[-1][1]),
    )


def _make_ranks(graph: Any) -> list[list[Entry]]:
    """Return the boxes of each rank: those at the end of an arrow are below those at its start.

    Ranks are counted from the outputs, as Keras counts the depth of layers, so an input is close to
    the layer that uses it.
    """
    networkx = import_extra("plot_model", "networkx", "plot")
    from_outputs = networkx.topological_generations(graph.reverse())
    return [sorted(rank) for rank in reversed(list(from_outputs))]


def _reduce_crossings(graph: Any, ranks: list[list[Entry]]) -> list[list[Entry]]:
    """Sort ranks by the mean places of their neighbours above or below, by turns; return the best."""
    best, fewest = ranks, _count_crossings(graph, ranks)
    for sweep in range(_SWEEPS):
        is_down = sweep % 2 == 0
        neighbours = graph.predecessors if is_down else graph.successors
        ranks = [list(rank) for rank in ranks]
        places = {entry: place for rank in ranks for place, entry in enumerate(rank)}
        for rank in ranks if is_down else reversed(ranks):
            means = {
                entry: fmean([places[one] for one in neighbours(entry)] or [places[entry]])
                for entry in rank
            }
            rank.sort(key=means.__getitem__)
            places.update((entry, place) for place, entry in enumerate(rank))
        crossings = _count_crossings(graph, ranks)
        if crossings < fewest:
            best, fewest = ranks, crossings
    return best


def _count_crossings(graph: Any, ranks: Sequence[Sequence[Entry]]) -> int:
    count = 0
    for upper, lower in itertools.pairwise(ranks):
        ends = [sorted(lower.index(one) for one in graph.successors(entry)) for entry in upper]
        flat = list(itertools.chain.from_iterable(ends))
        count += sum(one > other for one, other in itertools.combinations(flat, 2))
    return count


def _place_across(
    ranks: Sequence[Sequence[Entry]], sizes: Sequence[Size], gap: float
) -> tuple[dict[Entry, float], float]:
    """Return the centre of each entry, with ranks centred, and the width of the widest rank."""
    widths = [
        [sizes[entry].width if isinstance(entry, int) else 0.0 for entry in rank] for rank in ranks
    ]
    whole = max(sum(rank) + gap * (len(rank) - 1) for rank in widths)
    across: dict[Entry, float] = {}
    for rank, own in zip(ranks, widths, strict=True):
        left = (whole - sum(own) - gap * (len(own) - 1)) / 2
        for entry, width in zip(rank, own, strict=True):
            across[entry] = left + width / 2
            left += width + gap
    return across, whole


def _place_along(
    ranks: Sequence[Sequence[Entry]], sizes: Sequence[Size], rank_gap: float
) -> list[tuple[float, float]]:
    """Return the start and end of each rank, which is as high as its highest box."""
    bands = []
    top = 0.0
    for rank in ranks:
        height = max(sizes[entry].height for entry in rank if isinstance(entry, int))
        bands.append((top, top + height))
        top += height + rank_gap
    return bands
