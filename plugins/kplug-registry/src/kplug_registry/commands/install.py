"""``kplug install``: installs a component or distribution from the registry that owns it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import takewhile
from typing import Annotated

import typer

from kplug import Verdict
from kplug.commands import answer_in_json, find_changes, print_json, write_changes
from kplug_registry.client.configured_registries import require_registries
from kplug_registry.client.installation_plan import Installation, plan_installation
from kplug_registry.client.installing import (
    check_policy,
    list_plugins,
    make_install_command,
    run_installer,
)
from kplug_registry.client.outdated import plan_upgrade
from kplug_registry.client.published_versions import describe_version
from kplug_registry.client.publisher_changes import describe_provenances, describe_publisher
from kplug_registry.commands.output import print_lines
from kplug_registry.site_format import ENDING

Agreed = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Show what would be done.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show what pip or uv prints, also if it succeeds.")
]


def install(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|DISTRIBUTION/NAME|DISTRIBUTION[==VERSION]... [-- OPTIONS]",
            help="What to install, and options for pip or uv.",
            show_default=False,
        ),
    ] = None,
    is_upgrade: Annotated[
        bool,
        typer.Option(
            "--upgrade",
            help="Install the newest versions of these installed plugins, or of all, that break nothing.",
        ),
    ] = False,
    is_agreed: Agreed = False,
    is_dry: Dry = False,
    is_verbose: Verbose = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", callback=answer_in_json, help="Print JSON; with --dry-run alone."),
    ] = False,
) -> None:
    """Install the distributions of components from the registries, after showing what comes from where.

    Of a plugin that is installed in another version, it shows what its components compute otherwise.

    It uses the pip or uv of this environment, which check each wheel by the hash in the signed index.
    What the settings would not let load is not installed.

    Example: kplug install dice_loss

    Example: kplug install --upgrade
    """
    if as_json and not is_dry:
        raise typer.BadParameter("--json prints what would be done: add --dry-run")
    words = wanted or []
    names = list(takewhile(lambda text: not text.startswith("-"), words))
    if not names and not is_upgrade:
        raise typer.BadParameter("name what to install before the options of pip")
    registries = require_registries()
    plan = (plan_upgrade if is_upgrade else plan_installation)(registries, names)
    command = make_install_command(plan, words[len(names) :]) if plan else []
    changes = _find_changes(plan)
    if as_json:
        rows = [_describe(each, changes.get(each.distribution, ())) for each in plan]
        print_json({"install": rows, "command": command})
    else:
        print_lines(_write(plan, command, changes))
    if not plan:
        return
    check_policy(plan)
    if is_dry:
        return
    if is_agreed or typer.confirm("Install this?", abort=True):
        run_installer(command, is_verbose)
        print_lines(
            [f"installed {', '.join(f'{x.distribution} {x.release.version}' for x in plan)}"]
        )


def _find_changes(plan: Sequence[Installation]) -> dict[str, list[Verdict]]:
    """Return what changes in each distribution that is installed in another version."""
    here = {name: plugin.version for name, plugin in list_plugins()} if plan else {}
    return {
        name: find_changes(name, describe_version(each.registry, name, each.release))
        for each in plan
        for name in [each.distribution]
        if here.get(name, each.release.version) != each.release.version
    }


def _write(
    plan: Sequence[Installation], command: Sequence[str], changes: Mapping[str, Sequence[Verdict]]
) -> Iterator[str]:
    if not plan:
        yield "Everything is up to date."
        return
    for each in plan:
        wheel = each.wheel
        yield f"install {each.distribution} {each.release.version} from the registry {each.registry}"
        yield f"  {wheel.filename}, {wheel.size} bytes, sha256:{wheel.sha256}"
        if each.release.publisher:
            yield f"  published by {describe_publisher(each.release)}"
        yield from (f"  attested: {line}" for line in describe_provenances(each.release))
        if each.release.is_library:
            yield "  a library, which offers no components"
        if each.release.yanked is not None:
            yield f"  withdrawn by its publisher: {each.release.yanked}"
        if each.release.lifecycle in ENDING:
            successor = each.release.successor
            yield f"  {each.release.lifecycle} by its author" + f"; use {successor}" * bool(
                successor
            )
        for name in each.refused:
            yield f"  refused: the registry {name!r} has a distribution of that name too"
        yield from (f"  {sentence}" for sentence in each.passed_over)
        yield from (f"  {sentence}" for sentence in each.publisher_changes)
        yield from write_changes(changes.get(each.distribution, ()))
    yield f"  {shlex.join(command)}"


def _describe(each: Installation, changes: Sequence[Verdict]) -> dict[str, object]:
    return {
        "distribution": each.distribution,
        "version": each.release.version,
        "registry": each.registry.name,
        "requirement": each.requirement,
        "yanked": each.release.yanked,
        "lifecycle": each.release.lifecycle,
        "successor": each.release.successor,
        "refused": list(each.refused),
        "passed_over": list(each.passed_over),
        "publisher": each.release.publisher,
        "workflow": None if each.release.workflow is None else asdict(each.release.workflow),
        "provenances": [asdict(one) for one in each.release.provenances],
        "publisher_changes": list(each.publisher_changes),
        "changes": [asdict(verdict) for verdict in changes],
    }
