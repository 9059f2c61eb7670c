"""``kplug attest``: enters results of the contract suite that a registry got itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kplug_registry.checking import NotStartedError, Sandbox, check_release, list_unchecked
from kplug_registry.checking.sandbox import SECONDS
from kplug_registry.commands.index import load_results
from kplug_registry.commands.publish import Keys, Site, find_keys
from kplug_registry.publishing import attest as attest_results
from kplug_registry.storage import open_storage

SandboxCommand = Annotated[
    str | None,
    typer.Option(
        "--sandbox",
        metavar="COMMAND",
        help="What runs a check, with {folder} for the unpacked wheels and {name} for the distribution, such "
        "as a container. By default, namespaces of Linux.",
        show_default=False,
    ),
]
Seconds = Annotated[float, typer.Option("--seconds", min=1, help="How long a check may take.")]


def attest(
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILES",
            help="What `kplug check NAME --json` printed in your job.",
            show_default=False,
        ),
    ] = None,
    *,
    to: Site,
    keys: Keys = None,
    is_checking: Annotated[
        bool,
        typer.Option("--check", help="Check the releases that you have not checked, in a sandbox."),
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME==VERSION",
            help="Check this release, also once more. May be repeated.",
            show_default=False,
        ),
    ] = None,
    sandbox: SandboxCommand = None,
    seconds: Seconds = SECONDS,
) -> None:
    """Enter results of the contract suite that you got yourself, in place of those of the publisher.

    The level in them counts for the order of searches. Check plugins of others in a sandbox alone.

    Example: kplug attest check.json --to site --keys keys

    Example: kplug attest --check --to site --keys keys
    """
    if bool(results) == (is_checking or bool(only)):
        raise typer.BadParameter("give either files with results, or --check")
    storage = open_storage(to)
    found = find_keys(keys, storage)
    if results:
        for release in attest_results(storage, load_results(results), found):
            typer.echo(f"{release}: attested")
        return
    box = Sandbox(sandbox, seconds)
    named = [(name, version) for name, _, version in (one.partition("==") for one in only or ())]
    has_failed = False
    for name, version in named or list_unchecked(storage):
        try:
            typer.echo(check_release(storage, name, version, box, found))
        except (
            NotStartedError
        ) as error:  # a container's status, which hostile code can give as well
            typer.echo(f"{name} {version} was not checked: {error}", err=True)
            has_failed = True
    if has_failed:
        raise typer.Exit(1)
