"""``kplug compare``: components of one kind side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kplug import get_kind
from kplug.commands import (
    JsonOption,
    complete_component,
    complete_kind,
    diverting_output,
    find_width,
    print_json,
)
from kplug.display.messages import make_printable
from kplug.display.terminal import TextTable, wrap

if TYPE_CHECKING:
    from rich.text import Text

    from kplug_numbers.candidates import Candidate
    from kplug_numbers.side_by_side import SideBySide

_COLOURS = ("cyan", "yellow", "magenta", "green", "blue", "red", "bright_cyan", "bright_yellow")
_WIDEST = 60  # of a curve


def compare(
    kind: Annotated[
        str, typer.Argument(help="The kind, such as loss.", autocompletion=complete_kind)
    ],
    specs: Annotated[
        list[str],
        typer.Argument(
            help="Components with arguments; the others are compared with the first.",
            autocompletion=complete_component,
        ),
    ],
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="Write the curves into this PNG or SVG.", show_default=False),
    ] = None,
    has_all: Annotated[bool, typer.Option("--all", help="Show all parts of the readings.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Put components of one kind side by side: how they differ, what they compute, what they cost.

    They are imported and run on known inputs. One that needs arguments and has none gets those of its
    author's example. The cost is counted in operations of torch, for one call and its gradient.

    Exit status: 0 if at least two could be compared, else 1; 2 if a name or an argument is wrong.

    Example: kplug compare loss "kplug/huber(delta=1.0)" kplug/log_cosh kplug/mse
    """
    name = get_kind(kind).name
    from kplug_numbers.side_by_side import compare_components  # imports torch

    with diverting_output():
        found = compare_components(name, *specs)
        if plot is not None:
            found.plot(plot)
    if as_json:
        print_json({"kind": name, "candidates": [_as_data(one) for one in found.candidates]})
    else:
        _print(found, has_all)
    raise typer.Exit(sum(one.reading is not None for one in found.candidates) < 2)


def _as_data(one: Candidate) -> dict[str, Any]:
    differences = one.comparison.differences if one.comparison else ()
    return {
        "label": one.label,
        "spec": one.spec,
        "says": one.says,
        "operations": one.operations,
        "cost": one.cost,
        "why": one.why,
        "outcome": one.comparison and one.comparison.outcome,
        "differences": list(map(str, differences)),
        "reading": one.reading and one.reading.as_data(),
    }


def _print(found: SideBySide, has_all: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, emoji=False)
    width = find_width()
    for title, says in found.list_sentences():
        console.print(_colour(Text(make_printable(title)), found, 0, 1), soft_wrap=True)
        for line in wrap(f"   {make_printable(says)}", width, hanging=0):
            console.print(Text(line), soft_wrap=True)
    if rows := found.list_rows(has_all=has_all):
        table = TextTable(found.titles, [tuple(map(make_printable, row)) for row in rows])
        console.print(table, soft_wrap=True)
    for number, line in enumerate(found.draw(min(width or _WIDEST, _WIDEST))):
        place = line.find("|") + 1
        text = Text(line)
        console.print(
            _colour(text, found, place, len(line)) if number and place else text, soft_wrap=True
        )


def _colour(text: Text, found: SideBySide, first: int, last: int) -> Text:
    """Give the letters of components in a part of a line their colours."""
    for one, colour in zip(found.candidates, _COLOURS, strict=False):
        for place in range(first, last):
            if text.plain[place] == one.label:
                text.stylize(colour, place, place + 1)
    return text
