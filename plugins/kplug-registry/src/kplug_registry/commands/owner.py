"""``kplug owner``: says who may publish a distribution."""

from __future__ import annotations

from typing import Annotated

import typer

from kplug_registry.building.trusted_publishers import make_workflow
from kplug_registry.commands.output import print_lines
from kplug_registry.commands.publish import Keys, Site, find_keys
from kplug_registry.publishing import (
    add_owner,
    distrust_publisher,
    list_owners,
    list_pending,
    remove_owner,
    trust_pending_publisher,
    trust_publisher,
)
from kplug_registry.site_format import DistributionFile, TrustedPublisher, current_time
from kplug_registry.storage import SiteStorage, open_storage

owner = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The distribution.")]
Owner = Annotated[
    str, typer.Argument(help="The owner: as `kplug token list` and --publisher have it.")
]
Publisher = Annotated[
    str, typer.Argument(metavar="PUBLISHER", help="The name of the trusted publisher.")
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


@owner.command()
def trust(
    name: Name,
    publisher: Publisher,
    to: Site,
    issuer: Annotated[
        str, typer.Option(metavar="URL", help="The identity provider: the claim iss of its tokens.")
    ],
    audience: Annotated[
        str, typer.Option(metavar="HOST", help="The host of the registry's server: the claim aud.")
    ],
    claims: Annotated[
        list[str],
        typer.Option(
            "--claim",
            metavar="NAME=VALUE",
            help="A claim that has to be equal. It may be given several times.",
        ),
    ],
    acts_as: Annotated[
        str, typer.Option("--owner", metavar="NAME", help="The owner in whose name it publishes.")
    ],
    keys: Keys = None,
    is_pending: Annotated[
        bool,
        typer.Option(
            "--pending",
            help="The name has no release yet: the workflow may be the first to publish it, within 30 days.",
        ),
    ] = False,
) -> None:
    """Let a CI workflow publish a distribution, with a token of its identity provider.

    Example: kplug owner trust kplug-waves release --to site --owner anna --audience plugins.example.com
    --issuer https://token.actions.githubusercontent.com --claim repository=acme/waves
    --claim workflow_file=acme/waves/.github/workflows/release.yml
    """
    storage, pinned = open_storage(to), {}
    for text in claims:
        claim, sign, value = text.partition("=")
        if not sign or claim in pinned:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE, with each name once")
        pinned[claim] = value
    trusted = TrustedPublisher(publisher, acts_as, audience, make_workflow(issuer, pinned))
    if is_pending:
        trust_pending_publisher(storage, name, trusted, current_time())
        _print_pending(storage, name)
        return
    found = trust_publisher(storage, name, trusted, current_time(), find_keys(keys, storage))
    _print_publishers(found)


@owner.command()
def distrust(name: Name, publisher: Publisher, to: Site, keys: Keys = None) -> None:
    """Let a workflow publish a distribution no longer. What was published stays.

    Example: kplug owner distrust kplug-waves release --to site
    """
    storage = open_storage(to)
    found = distrust_publisher(storage, name, publisher, current_time(), find_keys(keys, storage))
    _print_publishers(found)


@owner.command("list")
def list_all(name: Name, to: Site) -> None:
    """List the owners and trusted publishers of a distribution, and how they became so.

    Example: kplug owner list kplug-waves --to site
    """
    storage = open_storage(to)
    if _print_pending(storage, name):
        return
    found = list_owners(storage, name)
    _print_owners(found)
    _print_publishers(found)
    print_lines(
        f"  {each.date}  {each.owner} {'added' if each.is_added else 'removed'} by {each.by}"
        for each in found.owner_changes
    )


def _print_owners(file: DistributionFile) -> None:
    print_lines([f"{file.name} belongs to {', '.join(file.owners)}"])


def _print_pending(storage: SiteStorage, name: str) -> bool:
    """Print who may be the first to publish a name, and return whether anybody may."""
    found = list_pending(storage, name, current_time())
    print_lines(
        f"{one.publisher.name} may be the first to publish {one.distribution} until {one.expires}, "
        f"as {one.publisher.owner}, for {one.publisher.audience}: {one.publisher.workflow}"
        for one in found
    )
    return bool(found)


def _print_publishers(file: DistributionFile) -> None:
    print_lines(
        f"{each.name} publishes as {each.owner}, for {each.audience}: {each.workflow}"
        for each in file.trusted_publishers
    )
