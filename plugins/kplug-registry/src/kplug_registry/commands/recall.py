"""``kplug recall``: takes a release out of use."""

from __future__ import annotations

from typing import Annotated

import typer

from kplug_registry.commands.publish import Keys, Site, find_keys
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import recall as recall_release
from kplug_registry.site_format import RECALLS, current_time
from kplug_registry.storage import open_storage

Reason = Annotated[str, typer.Option("--reason", help="Why, in one line, as users read it.")]


def recall(
    release: Annotated[str, typer.Argument(metavar="NAME==VERSION", help="The release.")],
    to: Site,
    reason: Reason = "",
    keys: Keys = None,
    is_undo: Annotated[bool, typer.Option("--undo", help="Take the recall back.")] = False,
) -> None:
    """Recall a release: it is not installed, not even by ==, and not loaded where it is installed.

    Clients of a signed site hear of it with their next request to it.

    Example: kplug recall kplug-waves==1.0 --to site --reason "published by a thief"
    """
    name, separator, version = release.partition("==")
    if not separator or not (reason.strip() or is_undo):
        raise PublishingError(
            "a release and a reason are needed",
            hint="kplug recall NAME==VERSION --to SITE --reason WHY",
        )
    storage = open_storage(to)
    signing = find_keys(keys, storage)
    recall_release(storage, name, version, None if is_undo else reason, current_time(), signing)
    typer.echo(f"{to}: {release} is {'offered again' if is_undo else 'recalled'}")
    tell_of_file(to, is_signed=signing is not None)


def tell_of_file(site: str, *, is_signed: bool) -> None:
    """Say how clients of an unsigned site get its list."""
    if not is_signed:
        typer.echo(
            f"  the site is not signed: clients read {site}/{RECALLS} where a setting names it"
        )
