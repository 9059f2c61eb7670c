"""``kplug install``: installs a component or distribution from the registry that owns it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Annotated

import typer

from kplug.commands import print_json
from kplug_registry.client.configured_registries import require_registries
from kplug_registry.client.installation_plan import Installation, plan_installation
from kplug_registry.client.installing import check_policy, make_install_command, run_installer
from kplug_registry.commands.output import print_lines

Agreed = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Show what would be done.")]


def install(
    wanted: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME|DISTRIBUTION/NAME|DISTRIBUTION[==VERSION]... [-- OPTIONS]",
            help="What to install, and options for pip or uv.",
            show_default=False,
        ),
    ],
    is_agreed: Agreed = False,
    is_dry: Dry = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; with --dry-run alone.")
    ] = False,
) -> None:
    """Install the distributions of components from the registries, after showing what comes from where.

    It uses the pip or uv of this environment, which check each wheel by the hash in the signed index.
    What the settings would not let load is not installed.

    Example: kplug install dice_loss
    """
    if as_json and not is_dry:
        raise typer.BadParameter("--json prints what would be done: add --dry-run")
    names = list(takewhile(lambda text: not text.startswith("-"), wanted))
    if not names:
        raise typer.BadParameter("name what to install before the options of pip")
    plan = plan_installation(require_registries(), names)
    command = make_install_command(plan, wanted[len(names) :])
    if as_json:
        print_json({"install": [_describe(each) for each in plan], "command": command})
    else:
        print_lines(_write(plan, command))
    check_policy(plan)
    if is_dry:
        return
    if is_agreed or typer.confirm("Install this?", abort=True):
        run_installer(command)


def _write(plan: Sequence[Installation], command: Sequence[str]) -> Iterator[str]:
    for each in plan:
        wheel = each.wheel
        yield f"install {each.distribution} {each.release.version} from the registry {each.registry}"
        yield f"  {wheel.filename}, {wheel.size} bytes, sha256:{wheel.sha256}"
        if each.release.yanked is not None:
            yield f"  withdrawn by its publisher: {each.release.yanked}"
        for name in each.refused:
            yield f"  refused: the registry {name!r} has a distribution of that name too"
    yield f"  {shlex.join(command)}"


def _describe(each: Installation) -> dict[str, object]:
    return {
        "distribution": each.distribution,
        "version": each.release.version,
        "registry": each.registry.name,
        "requirement": each.requirement,
        "yanked": each.release.yanked,
        "refused": list(each.refused),
    }
