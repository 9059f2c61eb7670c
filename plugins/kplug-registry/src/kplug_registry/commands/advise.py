"""``kplug advise``: attaches an advisory to releases."""

from __future__ import annotations

from typing import Annotated

import typer
from packaging.requirements import InvalidRequirement, Requirement

from kplug_registry.commands.publish import Keys, Site, find_keys
from kplug_registry.commands.recall import Reason, tell_of_file
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import advise as advise_of
from kplug_registry.site_format import current_time
from kplug_registry.storage import open_storage


def advise(
    releases: Annotated[
        str, typer.Argument(metavar="NAME<VERSION", help="The releases, as a requirement.")
    ],
    to: Site,
    reason: Reason = "",
    keys: Keys = None,
    is_undo: Annotated[bool, typer.Option("--undo", help="Take the advisory back.")] = False,
) -> None:
    """Say what is to be known about releases, which are installed and loaded all the same.

    It is shown where a model with the plugin is loaded, by `kplug audit` and `kplug doctor`, and on the page.

    Example: kplug advise "kplug-waves<1.3" --to site --reason "wrong for empty masks"
    """
    try:
        wanted: Requirement | None = Requirement(releases)
    except InvalidRequirement:
        wanted = None
    if wanted is None or not wanted.specifier or not (reason.strip() or is_undo):
        raise PublishingError(
            "releases and a reason are needed",
            hint='kplug advise "NAME<VERSION" --to SITE --reason WHAT',
        )
    storage = open_storage(to)
    signing, text = find_keys(keys, storage), None if is_undo else reason
    advise_of(storage, wanted.name, str(wanted.specifier), text, current_time(), signing)
    done = "has no advisory any longer" if is_undo else "has an advisory"
    typer.echo(f"{to}: {releases} {done}")
    tell_of_file(to, is_signed=signing is not None)
