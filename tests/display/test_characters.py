"""Curves drawn with characters."""

from __future__ import annotations

import pytest

from kplug.display.characters import draw

X = tuple(range(21))
Y = tuple(abs(each - 10) for each in X)


def test_plain_characters() -> None:
    assert draw([(X, Y)], ("a weight", "penalty"), 24, "*") == [
        "penalty over a weight",
        "10 |*                  *",
        "   | *                *",
        "   |  *              *",
        "   |   *            *",
        "   |    **        **",
        "   |      *      *",
        "   |       *    *",
        "   |        *  *",
        "   |         **",
        " 0 |          *",
        "    0                 20",
    ]


@pytest.mark.parametrize("columns", [24, 60, 100])
@pytest.mark.parametrize("is_plain", [True, False])
def test_no_line_is_wider_than_asked_and_all_rows_have_dots(columns: int, is_plain: bool) -> None:
    lines = draw([(X, Y)], ("a weight", "penalty"), columns, "*" if is_plain else "")
    assert max(map(len, lines)) <= columns
    assert all(line.partition("|" if is_plain else "│")[2].strip() for line in lines[1:-1])
    assert all(line.isascii() for line in lines) == is_plain


def test_braille() -> None:
    lines = draw([((0.0, 1.0), (0.0, 1.0))], ("x", "y"), 7)
    assert (lines[1], lines[-2], lines[-1]) == ("1 │   ⡸", "0 │⡎", "   0  1")


def test_a_path_may_turn_back() -> None:
    lines = draw([((0.0, 2.0, 1.0), (0.0, 1.0, 2.0))], ("x", "y"), 24, "*")
    assert lines[-1].split() == ["0", "2"]
    assert lines[1].rstrip().endswith("*")
    assert len(lines[1]) < len(lines[6])


def test_several_curves_have_a_letter_each_and_one_frame() -> None:
    lower = (X[5:], tuple(each - 15 for each in X[5:]))
    lines = draw([(X, Y), lower], ("x", "y"), 26, "AB")
    assert lines[1] == " 10 |AA                 AA"
    assert lines[-2] == "-10 |     BB"
    assert lines[-1].split() == ["0", "20"]
    assert {mark for line in lines[1:-1] for mark in line if mark.isalpha()} == {"A", "B"}
