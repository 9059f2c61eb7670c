"""Checks modules of hooks against `hookspecs`, and calls each through its own pluggy manager."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import pluggy

from kplug import hookspecs
from kplug.registry.component import Origin
from kplug.registry.errors import RegistrationError
from kplug.registry.problems import Problem, describe_answer, describe_error
from kplug.registry.quoting import quote
from kplug.registry.suggestions import did_you_mean

Item = TypeVar("Item")


@functools.cache
def list_hooks() -> dict[str, tuple[str, ...]]:
    """Return every hook with the names of its arguments, as `hookspecs` states them."""
    functions = [
        one for one in vars(hookspecs).values() if hasattr(one, f"{hookspecs.PROJECT}_spec")
    ]
    return {one.__name__: tuple(inspect.signature(one).parameters) for one in functions}


def check_hooks(module: object) -> tuple[pluggy.PluginManager | None, list[str]]:
    """Return the manager of a module of hooks, and the faults of the module.

    Each module has its own manager, because in a shared one a plugin could affect the others: a hook call
    ends where the first plugin raises, a module that two distributions name is registered once, and plugins
    are compared. The manager has no specifications: reading them is slower than comparing with `list_hooks`.

    Returns:
        The manager; None if a hook does not match its specification and cannot be called.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.register(module)
    callers = manager.get_hookcallers(module) or ()
    found = [(caller.name, one) for caller in callers for one in caller.get_hookimpls()]
    misfits = [text for name, one in found if (text := _explain_misfit(name, one))]
    required = [name for name, one in found if not one.optionalhook]
    unknown = [name for name in dict.fromkeys(required) if name not in list_hooks()]
    unmarked = [
        name
        for name, value in (vars(module) if hasattr(module, "__dict__") else {}).items()
        if name.startswith("kplug_") and callable(value) and not hasattr(value, "kplug_impl")
    ]
    wrong = [
        f"its function {name!r} is not marked. Put @kplug.hookimpl above it" for name in unmarked
    ]
    messages = [*misfits, *map(_explain_unknown_hook, unknown), *wrong]
    return None if misfits else manager, messages


def _explain_unknown_hook(wrong: str) -> str:
    advice = did_you_mean(wrong, list_hooks()) or f"Hooks are {', '.join(list_hooks())}."
    return f"it implements {quote(wrong)}, which is no hook. {advice}"


def _explain_misfit(name: str, hook: pluggy.HookImpl) -> str | None:
    """Return why an implementation of a hook cannot be called, or None if it can."""
    known = list_hooks().get(name)
    if known is None:
        return None
    if (hook.wrapper or hook.hookwrapper) and not inspect.isgeneratorfunction(hook.function):
        return f"its {name} is marked as a wrapper, and is no generator"
    if wrong := ", ".join(repr(each) for each in hook.argnames if each not in known):
        return f"its {name} takes {{{wrong}}}; the hook is called {_describe_call(known)}"
    return None


def _describe_call(arguments: Sequence[str]) -> str:
    *first, last = arguments or ("",)
    together = f"{', '.join(first)} and {last}" if first else last
    return f"with {together}" if last else "without arguments"


def call_hook(manager: pluggy.PluginManager, hook: str, **arguments: object) -> list[object]:
    """Return the results of a module's implementations of a hook; empty if it has none."""
    caller = getattr(manager.hook, hook, None)
    return caller(**arguments) if caller is not None else []


def ask_for(
    read: Callable[[object], Sequence[Item]],
    managers: Sequence[pluggy.PluginManager],
    origin: Origin,
    hook: str,
    **arguments: object,
) -> tuple[list[Item], tuple[Problem, ...]]:
    """Call a hook of one plugin's modules for items; an invalid answer is dropped alone.

    Args:
        read: Returns the items of an answer: `read_list`, or `read_reasons`.
        managers: The managers of the modules.
        origin: The plugin.
        hook: The name of the hook.
        arguments: The arguments of the call.
    """
    found: list[Item] = []
    problems: list[Problem] = []
    for manager in managers:
        try:
            for answer in call_hook(manager, hook, **arguments):
                found += read(answer)
        except KeyboardInterrupt:
            raise
        except RegistrationError as error:
            problems.append(Problem(origin, f"{hook}: {error.message}. {error.hint}", error))
        except BaseException as error:  # noqa: BLE001 - recorded as a problem
            problems.append(Problem(origin, f"{hook} raised {describe_error(error)}", error))
    return found, tuple(problems)


def read_list(item: type[Item], answer: object) -> Sequence[Item]:
    """Return an answer, which must be a list of such items.

    Raises:
        RegistrationError: for anything else.
    """
    if isinstance(answer, (list, tuple)) and all(isinstance(one, item) for one in answer):
        return answer
    prefix = "" if item.__module__ == "builtins" else "kplug."
    hint = f"It must return a list of {prefix}{item.__name__}."
    raise RegistrationError(f"{describe_answer(answer)} was returned", hint=hint)


def read_reasons(answer: object) -> list[tuple[str, str]]:
    """Return an answer, which must be a mapping of texts, as pairs.

    Raises:
        RegistrationError: for anything else.
    """
    if isinstance(answer, Mapping):
        pairs = list(answer.items())
        if all(isinstance(text, str) for pair in pairs for text in pair):
            return pairs
    hint = "It must return a mapping of name to reason, both texts."
    raise RegistrationError(f"{describe_answer(answer)} was returned", hint=hint)
