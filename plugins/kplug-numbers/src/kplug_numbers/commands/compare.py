"""``kplug compare``: components of one kind side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from kplug import get_kind
from kplug.commands import JsonOption, complete_component, diverting_output, print_json, print_lines
from kplug.display.terminal import TextTable
from kplug_numbers.errors import ReadingError


def compare(
    kind: Annotated[str, typer.Argument(help="The kind, such as loss.")],
    specs: Annotated[
        list[str],
        typer.Argument(
            help="Components with arguments; the others are compared with the first.",
            autocompletion=complete_component,
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Put components of one kind side by side: what they compute, where they agree, what they cost.

    They are imported and run on known inputs. The cost is the ratio of processor times.

    Example: kplug compare loss "kplug/huber(delta=1.0)" kplug/log_cosh kplug/mse
    """
    name = get_kind(kind).name
    if len({*specs}) < max(len(specs), 2):
        raise ReadingError("compare needs two components or more, each once")
    from kplug_numbers.candidates import describe, list_rows, read_candidates  # imports torch

    with diverting_output():
        found = read_candidates(name, specs)
    if as_json:
        rows = [
            {
                "spec": one.spec,
                "cost": one.cost,
                "why": one.why,
                "outcome": one.comparison and one.comparison.outcome,
                "differences": [str(each) for each in one.comparison.differences]
                if one.comparison
                else [],
                "reading": one.reading and one.reading.as_data(),
            }
            for one in found
        ]
        print_json({"kind": name, "candidates": rows})
        return
    from rich.console import Console

    titles = ("part", *map(str, range(1, len(found) + 1)))
    Console(highlight=False, emoji=False).print(TextTable(titles, list_rows(found)), soft_wrap=True)
    print_lines(f"{number}  {describe(one)}" for number, one in enumerate(found, 1))
