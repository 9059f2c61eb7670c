"""``kplug publish``: adds releases to a registry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from kplug_registry.building.owners import OPERATOR
from kplug_registry.client.uploading import upload
from kplug_registry.commands.index import (
    Declared,
    Pictures,
    Results,
    Wheels,
    illustrate,
    list_wheels,
    load_declared,
    load_results,
)
from kplug_registry.commands.output import print_lines
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import publish as publish_wheels
from kplug_registry.site_format import current_time
from kplug_registry.storage import SiteStorage, open_storage
from kplug_registry.trust.keys import ROOT, SigningKeys
from kplug_registry.trust.metadata_paths import metadata_path
from kplug_registry.trust.signer_uris import gather_keys
from kplug_registry.wheels import add_results, read_wheels

_SERVERS = ("https://", "http://")
_TOKEN = "TWINE_PASSWORD"  # noqa: S105 - the name of a variable
Site = Annotated[
    str, typer.Option("--to", metavar="SITE", help="The folder of the site, or s3://BUCKET/PATH.")
]

Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--keys",
        metavar="FOLDER|env:NAME|URI",
        help="The keys of a signed site: a folder of PEM files, a variable with such text, or the "
        "address of a key in a service, such as awskms:KEY. It may be given several times.",
    ),
]

Publisher = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="In whose name: who owns a new distribution, and an owner of one that is there. It is "
        "recorded, and not proved.",
    ),
]


def publish(
    wheels: Wheels,
    to: Site,
    components: Declared = None,
    keys: Keys = None,
    has_pictures: Pictures = False,
    results: Results = None,
    publisher: Publisher = OPERATOR,
    token_variable: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The environment variable with the token, for uploads to a server."
        ),
    ] = _TOKEN,
) -> None:
    """Add wheels to a registry, all or none. A wheel that is there is never replaced.

    A version may have several, for other machines, if all have the same Python files. SITE may also be where
    a server takes uploads: it gets the wheels one by one, each with its facts.

    Example: kplug publish dist/kplug_waves-1.0-py3-none-any.whl --to site

    Example: kplug publish dist/kplug_waves-1.0-py3-none-any.whl --to https://example.org/legacy/
    """
    if to.startswith(_SERVERS):
        if components or keys or has_pictures or results or publisher != OPERATOR:
            raise PublishingError(
                f"{to} is a server, which takes wheels and facts alone",
                hint="`kplug facts WHEEL --results FILE` writes what is sent with a wheel.",
            )
        print_lines(upload(list_wheels(wheels), to, _find_token(token_variable)))
        return
    declared = load_declared(components)
    read = read_wheels(list_wheels(wheels), declared)
    wheels_with_results = add_results(read, load_results(results))
    with illustrate(wheels_with_results, has_pictures) as (illustrated, summary):
        contents = list(illustrated)
    storage = open_storage(to)
    written = publish_wheels(contents, storage, current_time(), find_keys(keys, storage), publisher)
    releases = dict.fromkeys(f"{one.metadata.name} {one.metadata.version}" for one in contents)
    typer.echo(f"{to}: {', '.join(releases)} ({len(written)} files written)")
    print_lines(summary)


def _find_token(variable: str) -> str:
    if token := os.environ.get(variable):
        return token
    raise PublishingError(
        f"uploads need a token, and the environment variable {variable} has none",
        hint="Who runs the server makes one with: kplug token add NAME",
    )


def find_keys(sources: Sequence[str] | None, site: SiteStorage) -> SigningKeys | None:
    """Return the keys of sources for a site; None without sources."""
    return gather_keys(sources, site.read(metadata_path(ROOT))) if sources else None
