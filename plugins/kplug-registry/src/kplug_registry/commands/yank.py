"""``kplug yank``: withdraws a release."""

from __future__ import annotations

from typing import Annotated

import typer

from kplug_registry.commands.publish import Keys, Site, find_keys
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import yank as yank_release
from kplug_registry.storage import open_storage


def yank(
    release: Annotated[str, typer.Argument(metavar="NAME==VERSION", help="The release.")],
    to: Site,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; shown where it is installed all the same.")
    ] = "withdrawn by its publisher",
    keys: Keys = None,
    is_undo: Annotated[bool, typer.Option("--undo", help="Take the withdrawal back.")] = False,
) -> None:
    """Withdraw a release: it is installed only where somebody asks for exactly this version.

    Example: kplug yank kplug-waves==1.0 --to site --reason "wrong sign"
    """
    name, separator, version = release.partition("==")
    if not separator or not reason.strip():
        raise PublishingError(
            "a release and a reason are needed",
            hint="kplug yank NAME==VERSION --to SITE --reason WHY",
        )
    storage = open_storage(to)
    written = yank_release(
        storage, name, version, None if is_undo else reason, find_keys(keys, storage)
    )
    typer.echo(
        f"{to}: {release} is {'offered again' if is_undo else 'yanked'} ({len(written)} files written)"
    )
