"""``kplug search``: searches registries for components."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from msgspec.structs import asdict

from kplug import get_kind
from kplug.commands import JsonOption, print_json
from kplug.inspection import STAGES
from kplug_registry.client.configured_registries import require_registries
from kplug_registry.client.searching import ORDERS, Filters, Results, search as search_registries
from kplug_registry.commands.output import print_lines
from kplug_registry.site_format import LEVELS, LICENCES


def search(
    text: Annotated[
        str,
        typer.Argument(
            help="Words of a name or of what it does; none for all of a kind.", show_default=False
        ),
    ] = "",
    kind: Annotated[str | None, typer.Option(help="Components of one kind, such as loss.")] = None,
    level: Annotated[
        str,
        typer.Option(
            help=f"Components that reach a level or a better one: {', '.join(LEVELS)}.",
            show_default=False,
        ),
    ] = "",
    lifecycle: Annotated[
        str,
        typer.Option(help=f"Components of a stage: {', '.join(STAGES)}.", show_default=False),
    ] = "",
    licence: Annotated[
        str,
        typer.Option(help="Components with a licence, such as mit; or other.", show_default=False),
    ] = "",
    order: Annotated[str, typer.Option("--sort", help=f"The order: {', '.join(ORDERS)}.")] = ORDERS[
        0
    ],
    is_offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody: search what was seen before.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Search the registries of the settings for components.

    Example: kplug search dice --kind loss

    Example: kplug search --kind loss --level silver --licence mit --sort newest
    """
    wanted = "" if kind is None else get_kind(kind).name
    if not (text.strip() or wanted):
        raise typer.BadParameter("give words, or the --kind of which all are wanted")
    filters = Filters(wanted, level, lifecycle, licence.casefold())
    for option, value, known in (
        ("level", filters.level, LEVELS),
        ("lifecycle", filters.lifecycle, STAGES),
        ("licence", filters.licence, LICENCES),
        ("sort", order, ORDERS),
    ):
        if value not in ("", *known):
            raise typer.BadParameter(f"--{option} {value[:80]!r} is none of {', '.join(known)}")
    results = search_registries(
        require_registries(is_offline=is_offline),
        text.strip(),
        filters,
        order,
        is_offline=is_offline,
    )
    if as_json:
        print_json(
            {
                "components": [
                    {**asdict(each.hit), "registry": each.registry} for each in results.found
                ],
                "suggestion": results.suggestion,
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
        stage = f", {hit.lifecycle}" if hit.lifecycle else ""
        reached = f", level {hit.level}" if hit.level else ""
        place = f"{hit.distribution}{reached}{stage}, registry {each.registry}"
        yield f"  {place}: kplug install {hit.distribution}"
    if not results.found:
        meant = f" Did you mean {results.suggestion!r}?" if results.suggestion else ""
        yield f"Nothing found{f' for {text[:80]!r}' if text else ''}.{meant}"
    for sentence in results.refused:
        yield f"refused: {sentence}"
