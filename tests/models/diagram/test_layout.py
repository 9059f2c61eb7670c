"""Where boxes go: whatever the graph, none covers another and arrows point down."""

from __future__ import annotations

from hypothesis import given, strategies as st

from kplug.models.diagram.layout import BoxPlaces, Point, Size, place

GAP, RANK_GAP = 10.0, 20.0


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Size], list[tuple[int, int]]]:
    count = draw(st.integers(1, 9))
    number = st.floats(1, 60)
    sizes = [Size(draw(number), draw(number)) for _ in range(count)]
    place_of = st.integers(0, count - 1)
    links = draw(st.lists(st.tuples(place_of, place_of), max_size=14))
    return sizes, links


@given(graphs())
def test_boxes_do_not_cover_each_other_and_arrows_point_down(
    graph: tuple[list[Size], list[tuple[int, int]]],
) -> None:
    sizes, links = graph
    layout = place(sizes, links, GAP, RANK_GAP)
    for first, one in enumerate(layout.centres):
        for second in range(first):
            other = layout.centres[second]
            beside = abs(one.x - other.x) - (sizes[first].width + sizes[second].width) / 2
            apart = abs(one.y - other.y) - (sizes[first].height + sizes[second].height) / 2
            assert beside > GAP - 1e-6 or apart > RANK_GAP - 1e-6
    for start, end in links:
        if start < end:
            above = layout.centres[start].y + sizes[start].height / 2
            below = layout.centres[end].y - sizes[end].height / 2
            assert below - above > RANK_GAP - 1e-6
    _assert_inside(layout, sizes)


def _assert_inside(layout: BoxPlaces, sizes: list[Size]) -> None:
    for centre, size in zip(layout.centres, sizes, strict=True):
        assert centre.x - size.width / 2 >= -1e-6
        assert centre.x + size.width / 2 <= layout.size.width + 1e-6
        assert centre.y - size.height / 2 >= -1e-6
        assert centre.y + size.height / 2 <= layout.size.height + 1e-6


def test_a_chain_is_a_straight_line() -> None:
    sizes = [Size(10, 4), Size(30, 4), Size(20, 8)]
    layout = place(sizes, [(0, 1), (1, 2)], GAP, RANK_GAP)
    assert layout.centres == [Point(15, 2), Point(15, 26), Point(15, 52)]
    assert layout.size == Size(30, 56)


def test_two_branches_are_beside_each_other_around_their_ends() -> None:
    sizes = [Size(10, 4)] * 4
    layout = place(sizes, [(0, 1), (0, 2), (1, 3), (2, 3)], GAP, RANK_GAP)
    top, left, right, bottom = layout.centres
    assert left.y == right.y
    assert right.x - left.x == 20
    assert top.x == bottom.x == (left.x + right.x) / 2


def test_arrows_do_not_cross_where_that_can_be_avoided() -> None:
    # Listed crosswise: 0 goes to 3, and 1 to 2.
    layout = place([Size(10, 4)] * 4, [(0, 3), (1, 2)], GAP, RANK_GAP)
    assert (layout.centres[0].x < layout.centres[1].x) == (
        layout.centres[3].x < layout.centres[2].x
    )


def test_an_arrow_over_several_ranks_goes_around_what_is_between() -> None:
    sizes = [Size(10, 4)] * 3
    layout = place(sizes, [(0, 1), (1, 2), (0, 2)], GAP, RANK_GAP)
    (above, below) = layout.bends[(0, 2)]
    assert abs(above.x - layout.centres[1].x) >= 5 + GAP
    assert above.x == below.x
