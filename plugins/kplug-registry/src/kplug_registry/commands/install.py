"""``kplug install``: installs a component or distribution from the registry that owns it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from kplug.commands import print_json
from kplug_registry.client.configured_registries import require_registries
from kplug_registry.client.dependency_resolution import Installation, plan_installation
from kplug_registry.client.installing import check_policy, make_install_command, run_installer
from kplug_registry.commands.output import print_lines

Agreed = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Show what would be done.")]


def install(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="NAME|DISTRIBUTION/NAME|DISTRIBUTION[==VERSION]", help="What to install."
        ),
    ],
    options: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- OPTIONS", help="Options for pip or uv.", show_default=False),
    ] = None,
    is_agreed: Agreed = False,
    is_dry: Dry = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; with --dry-run alone.")
    ] = False,
) -> None:
    """Install a component's distribution from the registries, after showing what comes from where.

    It uses the pip or uv of this environment, which check each wheel by the hash in the signed index.
    What the settings would not let load is not installed.

    Example: kplug install dice_loss
    """
    if as_json and not is_dry:
        raise typer.BadParameter("--json prints what would be done: add --dry-run")
    plan = plan_installation(require_registries(), wanted)
    command = make_install_command(plan, options or [])
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
