"""``kplug uninstall``: uninstalls a plugin, by its name or a component's."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from kplug_registry.client.installing import (
    find_installed,
    make_uninstall_command,
    run_installer,
)
from kplug_registry.commands.install import Agreed, Dry, Verbose
from kplug_registry.commands.output import print_lines


def uninstall(
    wanted: Annotated[str, typer.Argument(metavar="NAME|DISTRIBUTION", help="What to uninstall.")],
    is_agreed: Agreed = False,
    is_dry: Dry = False,
    is_verbose: Verbose = False,
) -> None:
    """Uninstall a plugin with the pip or uv of this environment, after showing which it is.

    What it required stays installed.

    Example: kplug uninstall kplug-segmentation
    """
    distribution = find_installed(wanted)
    command = make_uninstall_command(distribution)
    print_lines([f"uninstall {distribution}", f"  {shlex.join(command)}"])
    if is_dry:
        return
    if is_agreed or typer.confirm("Uninstall this?", abort=True):
        run_installer(command, is_verbose)
        print_lines([f"uninstalled {distribution}"])
