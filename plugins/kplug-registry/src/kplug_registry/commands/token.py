"""``kplug token``: manages the tokens of a server, and shows its log of changes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

from kplug.commands import JsonOption, print_json
from kplug_registry.commands.output import print_lines
from kplug_registry.serving.audit_log import AuditLog, LogEntry
from kplug_registry.serving.database import Database
from kplug_registry.serving.tokens import PERMISSIONS, Token, TokenStore

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
    """Say who may change what at `kplug serve`, and list what was changed.

    Example: kplug token add anna

    Example: kplug token log --last 10
    """


@token.command()
def add(
    name: Name,
    database: DatabaseFile = None,
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The owner of distributions in whose name it acts; as it is called by default.",
            show_default=False,
        ),
    ] = None,
    may: Annotated[
        list[str] | None,
        typer.Option(
            metavar="|".join(PERMISSIONS),
            help="What it is for: publish releases, yank them, change who owns a distribution, read a "
            "private site. It may be given several times; everything by default.",
            show_default=False,
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRIBUTION",
            help="The only distribution that it changes. It may be given several times.",
            show_default=False,
        ),
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(min=0.01, max=3650, help="Days until it ends.", show_default=False),
    ] = None,
) -> None:
    """Make a token, and print it. It is shown once; what is stored is its hash.

    Example: kplug token add anna

    Example: kplug token add waves-ci --owner anna --may publish --only kplug-waves --days 90
    """
    store = TokenStore(open_database(database))
    typer.echo(store.add(name, owner, may or PERMISSIONS, only or (), days))


@token.command()
def revoke(name: Name, database: DatabaseFile = None) -> None:
    """Remove a token. A server that is running refuses it from then on.

    Example: kplug token revoke anna
    """
    TokenStore(open_database(database)).revoke(name)


@token.command("list")
def list_tokens(database: DatabaseFile = None) -> None:
    """List all tokens: name, since when, and what each is for if not for everything.

    Example: kplug token list
    """
    found = TokenStore(open_database(database)).list_all()
    print_lines(map(_describe, found))


@token.command()
def log(
    database: DatabaseFile = None,
    last: Annotated[int, typer.Option(min=1, help="How many changes.")] = 50,
    is_json: JsonOption = False,
) -> None:
    """List the last changes and refusals: when, from which address, with which token, what, and the answer.

    Example: kplug token log --last 10
    """
    found = AuditLog(open_database(database)).list_last(last)
    if is_json:
        print_json({"changes": [dataclasses.asdict(entry) for entry in found]})
    else:
        print_lines(map(_format, found))


def open_database(file: Path | None) -> Database:
    """Return the database of a server; the user's own without a file."""
    return Database(file or platformdirs.user_data_path("kplug") / "serve.sqlite")


def _describe(token: Token) -> str:
    facts = [f"{token.name}  since {token.created}"]
    if token.identity is not None:
        facts.append(f"exchanged for one of {token.identity.issuer}")
    elif token.owner != token.name:
        facts.append(f"acts as {token.owner}")
    if token.permissions != PERMISSIONS:
        facts.append(f"may {', '.join(token.permissions)}")
    if token.distributions:
        facts.append(f"only {', '.join(token.distributions)}")
    if token.expires is not None:
        facts.append(f"{'expired' if token.is_expired else 'until'} {token.expires}")
    return "  ".join(facts)


def _format(entry: LogEntry) -> str:
    sender = f"{entry.address} {entry.token or '(no token)'}"
    what = f"{entry.action} {entry.subject}"
    if entry.action == "upload":
        what = f"{entry.subject or '(no wheel)'} sha256={entry.sha256 or '-'}"
    return (
        f"{entry.began}  {sender}  {what}  {entry.status or '-'} {entry.answer or '(unfinished)'}"
    )
