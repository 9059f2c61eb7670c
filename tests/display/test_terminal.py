"""Durations, lines and tables for terminals of any width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from kplug.display.terminal import TextTable, format_seconds, wrap

NAMES = ["kplug-segmentation/dice_loss", "kernel_initializer", "very_long_name_of_a_component"]
TABLE = TextTable(
    ("slot", "component", "package"),
    [
        ("loss", "dice_loss(smooth=1e-05, thresh=0.5)", "kplug-segmentation 0.1.0"),
        ("metrics[0]", "[b]mse", ""),
    ],
    wrapped=1,
    title="Components",
    caption="kplug-segmentation 0.2.0 is installed by now.",
)


def show(table: TextTable, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as captured:
        console.print(table, soft_wrap=True)
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [1, 8, 24, 40])
def test_no_name_is_broken(name: str, width: int) -> None:
    pieces = wrap(f"  chosen: {name} is the one that several plugins offer", width)
    assert sum(name in piece.split() for piece in pieces) == 1
    assert all(len(piece) <= width or len(piece.split()) == 1 for piece in pieces)


def test_a_name_that_is_too_long_keeps_its_indent() -> None:
    assert wrap("  my.very.long.module:Name", 20) == ["  my.very.long.module:Name"]


def test_a_table_breaks_one_column_between_words_where_it_has_to() -> None:
    assert [line.split() for line in show(TABLE, 68)][3:] == [
        ["\u2500" * 66],
        ["loss", "dice_loss(smooth=1e-05,", "kplug-segmentation", "0.1.0"],
        ["thresh=0.5)"],
        ["metrics[0]", "[b]mse"],
        [],
        ["kplug-segmentation", "0.2.0", "is", "installed", "by", "now."],
    ]


def test_a_table_becomes_a_list_where_a_name_would_be_broken() -> None:
    assert show(TABLE, 24) == [
        "Components",
        "loss",
        "  component:",
        "    dice_loss(smooth=1e-05,",
        "    thresh=0.5)",
        "  package:",
        "    kplug-segmentation",
        "    0.1.0",
        "metrics[0]",
        "  component: [b]mse",
        "kplug-segmentation 0.2.0",
        "  is installed by now.",
    ]


@pytest.mark.parametrize("width", [24, 40, 60, 80, 120])
def test_names_in_a_table_stay_whole_at_every_width(width: int) -> None:
    words = [word for line in show(TABLE, width) for word in line.split()]
    for row in TABLE.rows:
        assert set(" ".join(row).split()) <= set(words)


@pytest.mark.parametrize(
    ("seconds", "text"), [(2e-5, "20us"), (0.25, "250ms"), (2.5, "2.5s"), (125.0, "2m05s")]
)
def test_durations_have_the_unit_that_suits_them(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text
