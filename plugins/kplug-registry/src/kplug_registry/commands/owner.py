"""``kplug owner``: says who may publish a distribution."""

from __future__ import annotations

from typing import Annotated

import typer

from kplug_registry.commands.output import print_lines
from kplug_registry.commands.publish import Keys, Site, find_keys
from kplug_registry.publishing import add_owner, list_owners, remove_owner
from kplug_registry.site_format import DistributionFile, current_time
from kplug_registry.storage import open_storage

owner = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The distribution.")]
Owner = Annotated[
    str, typer.Argument(help="The owner: as `kplug token list` and --publisher have it.")
]


@owner.callback()
def options() -> None:
    """Say who may publish a distribution. Whoever published it first owns it.

    Example: kplug owner add kplug-waves bert --to site

    Example: kplug owner list kplug-waves --to site
    """


@owner.command()
def add(name: Name, owner: Owner, to: Site, keys: Keys = None) -> None:
    """Add an owner, as whoever runs the registry.

    Example: kplug owner add kplug-waves bert --to site
    """
    storage = open_storage(to)
    found = add_owner(storage, name, owner, current_time(), find_keys(keys, storage))
    _print_owners(found)


@owner.command()
def remove(name: Name, owner: Owner, to: Site, keys: Keys = None) -> None:
    """Remove an owner, but not the last. What was published stays.

    Example: kplug owner remove kplug-waves anna --to site
    """
    storage = open_storage(to)
    found = remove_owner(storage, name, owner, current_time(), find_keys(keys, storage))
    _print_owners(found)


@owner.command("list")
def list_all(name: Name, to: Site) -> None:
    """List the owners of a distribution, and how they became so.

    Example: kplug owner list kplug-waves --to site
    """
    found = list_owners(open_storage(to), name)
    _print_owners(found)
    print_lines(
        f"  {each.date}  {each.owner} {'added' if each.is_added else 'removed'} by {each.by}"
        for each in found.owner_changes
    )


def _print_owners(file: DistributionFile) -> None:
    print_lines([f"{file.name} belongs to {', '.join(file.owners)}"])
