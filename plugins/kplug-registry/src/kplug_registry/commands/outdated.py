"""``kplug outdated``: lists installed plugins that have a newer version in a registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import typer

from kplug.commands import JsonOption, print_json, write_changes
from kplug_registry.client.configured_registries import require_registries
from kplug_registry.client.outdated import Outdated, list_outdated
from kplug_registry.commands.output import print_lines


def outdated(as_json: JsonOption = False) -> None:
    """List installed plugins that the registries have in a newer version, or that were withdrawn.

    It says who published each version if that has changed, and what the version computes otherwise, from the
    numbers that both versions have recorded.

    The exit status is 1 if there are any.
    """
    found = list(list_outdated(require_registries()))
    if as_json:
        print_json({"outdated": [asdict(each) for each in found]})
    else:
        print_lines(_write(found))
    if found:
        raise typer.Exit(1)


def _write(found: Sequence[Outdated]) -> Iterator[str]:
    for each in found:
        newest = each.newest or ("no version yet" if each.passed_over else "no version that fits")
        line = f"{each.distribution} {each.installed}: {newest} in the registry {each.registry}"
        yield f"{line}; withdrawn: {each.yanked}" if each.yanked is not None else line
        yield from (f"  {sentence}" for sentence in each.passed_over)
        yield from (f"  {sentence}" for sentence in each.publisher_changes)
        yield from write_changes(each.changes)
    if not found:
        yield "Everything is up to date."
