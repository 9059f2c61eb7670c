"""Commands of ``kplug`` and of plugins: listed by name, imported only to run."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from types import MethodType
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from kplug.cli.exit_status import ending_quietly
from kplug.cli.help import PlainHelp
from kplug.commands.output import diverting_output, find_width
from kplug.errors import ContractError, KplugError
from kplug.registry import REGISTRY, Component, Spec, look_up
from kplug.registry.kinds import COMMAND
from kplug.registry.problems import describe_error
from kplug.registry.quoting import make_printable, quote
from kplug.terminal import wrap

_OF_COMPLETION = ("install_completion", "show_completion")  # typer's options of a program


def as_command(target: object) -> Any:
    """Return the command of a function or of a ``typer.Typer``.

    Raises:
        ContractError: for anything else, and for what typer makes no command of.
    """
    app = target
    if inspect.iscoroutinefunction(target):
        raise ContractError(
            "it is async", hint="It is called and not awaited: write def instead of async def."
        )
    if inspect.isroutine(target):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(cls=Command)(target)
    if not isinstance(app, typer.Typer):
        raise ContractError(
            f"{quote(target)} is none",
            hint="A command is a function with typer's annotations, or a typer.Typer.",
        )
    try:
        return _write_plainly(typer.main.get_command(app))
    except Exception as error:
        raise ContractError(f"typer makes no command of it: {describe_error(error)}") from error


def _write_plainly(command: Any) -> Any:
    """Let a command and those below it write help as kplug's own do; the program alone completes."""
    command.params = [one for one in command.params if one.name not in _OF_COMPLETION]
    if not isinstance(command, PlainHelp):
        command.format_help = MethodType(PlainHelp.format_help, command)
    for each in getattr(command, "commands", {}).values():
        _write_plainly(each)
    return command


class Command(PlainHelp, TyperCommand):
    """What typer makes of a function."""


class CommandGroup(PlainHelp, TyperGroup):
    """What typer makes of the program: the commands come from the registry."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = _Commands()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a name; a name that leads nowhere is a mistake in the command line."""
        try:
            return self.commands[cmd_name]
        except KplugError as error:
            width = find_width(sys.stderr)
            lines = str(error).splitlines()
            ctx.fail("\n".join(piece for line in lines for piece in wrap(line, width)))

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the command line, which prints help."""
        with ending_quietly():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with ending_quietly():
            return super().invoke(ctx)


class _Commands(Mapping[str, Any]):
    """Commands by the names that a person may write; iterated, by those that ``--help`` shows."""

    def __getitem__(self, name: str) -> Any:
        if (component := self._own.get(name)) is not None:
            return _load(component, name)  # at once: a line of help in a table would be a copy
        with diverting_output():  # every plugin is asked, and the command of one may print JSON
            return _PluginCommand(name, look_up(COMMAND, Spec(name)).component)

    def __iter__(self) -> Iterator[str]:
        with diverting_output():  # a plugin may print; a shell completes what it reads
            index = REGISTRY.index(COMMAND)
        yield from self._own
        for component in index.components:
            if not component.origin.is_built_in:
                is_bare = index.candidates(component.name) == (component,)
                name = component.name.replace("_", "-")
                yield name if is_bare else f"{component.origin.distribution}/{name}"

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def _own(self) -> dict[str, Component]:
        """Those of kplug itself, which no plugin replaces and for which no plugin is asked."""
        return REGISTRY.state.discovery.by_name["kplug"].offer(COMMAND)


class _PluginCommand(TyperCommand):
    """What is known of a plugin's command before it is imported: enough for a line of ``--help``."""

    def __init__(self, name: str, component: Component) -> None:
        panel = f"Commands of {make_printable(str(component.origin))}"
        super().__init__(
            name, help=make_printable(REGISTRY.summarize(component)), rich_help_panel=panel
        )
        self._component = component

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        return _load(self._component, self.name).make_context(*arguments, **options)


def _load(component: Component, name: str | None) -> Any:
    with diverting_output():
        target = REGISTRY.load(component)
    try:
        command = as_command(target)
    except ContractError as error:
        message = f"the command {component.name!r} of {component.origin} ({component.location})"
        raise ContractError(f"{message} cannot run: {error.message}", hint=error.hint) from error
    command.name = name  # typer's is that of the function
    return command
