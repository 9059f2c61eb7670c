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
from kplug.display.terminal import wrap
from kplug.errors import ContractError, KplugError
from kplug.registry import REGISTRY, Component, Spec, look_up, user_warnings
from kplug.registry.kinds import COMMAND
from kplug.registry.problems import describe_error
from kplug.registry.quoting import make_printable, quote

_OF_COMPLETION = ("install_completion", "show_completion")  # typer's options for completion


def as_command(target: object) -> Any:
    """Return the command of a function or of a ``typer.Typer``.

    Raises:
        ContractError: for anything else, or if typer cannot make a command of it.
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
    """Give a command and its subcommands kplug's help, without the options for completion."""
    command.params = [one for one in command.params if one.name not in _OF_COMPLETION]
    if not isinstance(command, PlainHelp):
        command.format_help = MethodType(PlainHelp.format_help, command)
    for each in getattr(command, "commands", {}).values():
        _write_plainly(each)
    return command


class Command(PlainHelp, TyperCommand):
    """A command made of a function."""


class CommandGroup(PlainHelp, TyperGroup):
    """The program's group of commands, which come from the registry."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = _Commands()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a name; an unknown name is a usage error."""
        try:
            return self.commands[cmd_name]
        except KplugError as error:
            width = find_width(sys.stderr)
            lines = str(error).splitlines()
            ctx.fail("\n".join(piece for line in lines for piece in wrap(line, width)))

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Parse the command line, which may print help."""
        with ending_quietly():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with ending_quietly():
            return super().invoke(ctx)


class _Commands(Mapping[str, Any]):
    """Commands by all accepted names; iteration yields only the names that ``--help`` shows."""

    def __getitem__(self, name: str) -> Any:
        if (component := self._own.get(name)) is not None:
            return _load(component, name)  # loaded at once, for its own help
        with diverting_output():  # this calls all plugins, and stdout may be for JSON
            return _PluginCommand(name, look_up(COMMAND, Spec(name)).component)

    def __iter__(self) -> Iterator[str]:
        with diverting_output():  # a plugin may print, but stdout is for the shell
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
        """The commands of kplug itself, found without asking plugins, which cannot replace them."""
        return REGISTRY.state.discovery.by_name["kplug"].offer(COMMAND)


class _PluginCommand(TyperCommand):
    """A plugin's command before its import, with enough facts for a line of ``--help``."""

    def __init__(self, name: str, component: Component) -> None:
        panel = f"Commands of {make_printable(str(component.origin))}"
        super().__init__(
            name, help=make_printable(REGISTRY.summarize(component)), rich_help_panel=panel
        )
        self._component = component

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        return _load(self._component, self.name).make_context(*arguments, **options)


def _load(component: Component, name: str | None) -> Any:
    if (command_line := user_warnings.command_line) is not None:
        command_line.passed_over.add(component.location.partition(".")[0].partition(":")[0])
    with diverting_output():
        target = REGISTRY.load(component)
    try:
        command = as_command(target)
    except ContractError as error:
        message = f"the command {component.name!r} of {component.origin} ({component.location})"
        raise ContractError(f"{message} cannot run: {error.message}", hint=error.hint) from error
    command.name = name  # typer would use the function's name
    return command
