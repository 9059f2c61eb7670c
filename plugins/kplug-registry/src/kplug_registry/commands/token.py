"""``kplug token``: manages the upload tokens of a server, and shows its log of uploads."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

from kplug.commands import print_json
from kplug_registry.commands.output import print_lines
from kplug_registry.serving.audit_log import AuditLog, UploadEntry
from kplug_registry.serving.database import Database
from kplug_registry.serving.tokens import TokenStore

token = typer.Typer(no_args_is_help=True)

DatabaseFile = Annotated[
    Path | None,
    typer.Option(
        "--database",
        metavar="FILE",
        help="Where the server keeps tokens and its log; by default, in your data folder.",
        show_default=False,
    ),
]
Name = Annotated[str, typer.Argument(help="The name of the token: a person's or a machine's.")]


@token.callback()
def options() -> None:
    """Say who may upload to `kplug serve`, and list what was uploaded.

    Example: kplug token add anna

    Example: kplug token log --last 10
    """


@token.command()
def add(name: Name, database: DatabaseFile = None) -> None:
    """Make a token, and print it. It is shown once; what is stored is its hash.

    Example: kplug token add anna
    """
    typer.echo(TokenStore(open_database(database)).add(name))


@token.command()
def revoke(name: Name, database: DatabaseFile = None) -> None:
    """Remove a token. A server that is running refuses it from then on.

    Example: kplug token revoke anna
    """
    TokenStore(open_database(database)).revoke(name)


@token.command("list")
def list_tokens(database: DatabaseFile = None) -> None:
    """List the names of all tokens.

    Example: kplug token list
    """
    found = TokenStore(open_database(database)).list_all()
    print_lines(f"{each.name}  since {each.created}" for each in found)


@token.command()
def log(
    database: DatabaseFile = None,
    last: Annotated[int, typer.Option(min=1, help="How many uploads.")] = 50,
    is_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the last uploads: when, from which address, with which token, what, and the answer.

    Example: kplug token log --last 10
    """
    found = AuditLog(open_database(database)).list_last(last)
    if is_json:
        print_json({"uploads": [dataclasses.asdict(entry) for entry in found]})
    else:
        print_lines(map(_format, found))


def open_database(file: Path | None) -> Database:
    """Return the database of a server; the user's own without a file."""
    return Database(file or platformdirs.user_data_path("kplug") / "serve.sqlite")


def _format(entry: UploadEntry) -> str:
    sender = f"{entry.address} {entry.token or '(no token)'}"
    what = f"{entry.filename or '(no wheel)'} sha256={entry.sha256 or '-'}"
    return (
        f"{entry.began}  {sender}  {what}  {entry.status or '-'} {entry.answer or '(unfinished)'}"
    )
