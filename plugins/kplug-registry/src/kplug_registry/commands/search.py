"""``kplug search``: searches registries for components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from kplug import get_kind
from kplug.commands import JsonOption, print_json
from kplug_registry.client.configured_registries import require_registries
from kplug_registry.client.searching import Results, search as search_registries
from kplug_registry.commands.output import print_lines


def search(
    text: Annotated[str, typer.Argument(help="Words of a name or of what it does.")],
    kind: Annotated[str | None, typer.Option(help="Components of one kind, such as loss.")] = None,
    is_offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody: search what was seen before.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Search the registries of the settings for components.

    Example: kplug search dice --kind loss
    """
    wanted = None if kind is None else get_kind(kind).name
    results = search_registries(
        require_registries(is_offline=is_offline), text, wanted, is_offline=is_offline
    )
    if as_json:
        print_json(
            {
                "components": [
                    {**asdict(each.hit), "registry": each.registry} for each in results.found
                ],
                "refused": list(results.refused),
                "unreachable": list(results.unreachable),
            }
        )
    else:
        print_lines(_write(results, text))
    if not results.found:
        raise typer.Exit(1)


def _write(results: Results, text: str) -> Iterator[str]:
    for sentence in results.unreachable:
        yield f"{sentence}; its copy on this machine is searched"
    for each in results.found:
        hit = each.hit
        yield f"{hit.kind} {hit.written}: {hit.summary}".rstrip(": ")
        place = f"{hit.distribution} {hit.version}, registry {each.registry}"
        yield f"  {place}: kplug install {hit.distribution}"
    if not results.found:
        yield f"Nothing found for {text[:80]!r}."
    for sentence in results.refused:
        yield f"refused: {sentence}"
