"""Modules of hooks: each is checked in a pluggy manager of its own before its hooks are called."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import pluggy

from kplug import hookspecs
from kplug.registry.component import Origin
from kplug.registry.errors import RegistrationError
from kplug.registry.kinds import HOOKED
from kplug.registry.problems import Problem, describe_answer, describe_error
from kplug.registry.quoting import quote
from kplug.registry.suggestions import did_you_mean

Item = TypeVar("Item")

# The hooks beside those that offer components of one kind, with what they are called with.
_FURTHER_HOOKS = {
    "kplug_kinds": "without arguments",
    "kplug_components": "with kind",
    "kplug_offers": "with kind, name and distribution",
    "kplug_environment": "without arguments",
    "kplug_findings": "without arguments",
    "kplug_left_out": "with kind",
}


def check_hooks(module: object) -> tuple[pluggy.PluginManager, list[str]]:
    """Return a manager of its own for a module of hooks, and what is wrong with single hooks.

    A registration that fails half-way would leave hooks behind in a manager that modules share.

    Raises:
        pluggy.PluginValidationError: for a hook with other arguments than it is called with.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    callers = manager.get_hookcallers(module) or ()
    unknown = [
        caller.name
        for caller in callers
        if not caller.has_spec() and not all(one.optionalhook for one in caller.get_hookimpls())
    ]
    unmarked = [
        name
        for name, value in (vars(module) if hasattr(module, "__dict__") else {}).items()
        if name.startswith("kplug_") and callable(value) and not hasattr(value, "kplug_impl")
    ]
    wrong = [
        f"its function {name!r} is not marked. Put @kplug.hookimpl above it" for name in unmarked
    ]
    return manager, [*map(_explain_unknown_hook, unknown), *wrong]


# For kplug's own modules, which stay as they are however often the registry is read again.
check_own_hooks = functools.cache(check_hooks)


def _explain_unknown_hook(wrong: str) -> str:
    hooks = [*(kind.hook for kind in HOOKED.values()), *_FURTHER_HOOKS]
    advice = did_you_mean(wrong, hooks) or f"Hooks are {', '.join(hooks)}."
    return f"it implements {quote(wrong)}, which is no hook. {advice}"


def explain_misfit(error: pluggy.PluginValidationError) -> str:
    """Return what its author did wrong, from what pluggy says."""
    text = " ".join(str(error).split())
    if "Argument(s)" in text:
        wrong = text.partition("for hook '")[2].partition("'")[0]
        arguments = text.partition("Argument(s) ")[2].partition(" are declared")[0]
        given = _FURTHER_HOOKS.get(wrong, "without arguments")
        return f"its {wrong} takes {arguments}; the hook is called {given}"
    return f"its hooks do not fit: {text}"


def ask_for(
    read: Callable[[object], Sequence[Item]],
    managers: Sequence[pluggy.PluginManager],
    origin: Origin,
    hook: str,
    **arguments: object,
) -> tuple[list[Item], tuple[Problem, ...]]:
    """Ask one plugin's modules of hooks for items; what is wrong with an answer costs that one.

    Args:
        read: Returns the items of an answer: `read_list`, or `read_reasons`.
        managers: The managers of the modules.
        origin: The plugin.
        hook: The name of the hook.
        arguments: What it is called with.
    """
    found: list[Item] = []
    problems: list[Problem] = []
    for manager in managers:
        try:
            for answer in getattr(manager.hook, hook)(**arguments):
                found += read(answer)
        except KeyboardInterrupt:
            raise
        except RegistrationError as error:
            problems.append(Problem(origin, f"{hook}: {error.message}. {error.hint}", error))
        except BaseException as error:  # noqa: BLE001 - a plugin's failure is kept, never passed on
            problems.append(Problem(origin, f"{hook} raised {describe_error(error)}", error))
    return found, tuple(problems)


def read_list(item: type[Item], answer: object) -> Sequence[Item]:
    """Return an answer that is a list of such items.

    Raises:
        RegistrationError: for anything else.
    """
    if isinstance(answer, (list, tuple)) and all(isinstance(one, item) for one in answer):
        return answer
    hint = f"It must return a list of kplug.{item.__name__}."
    raise RegistrationError(f"{describe_answer(answer)} was returned", hint=hint)


def read_reasons(answer: object) -> list[tuple[str, str]]:
    """Return an answer that is a mapping of texts, as pairs.

    Raises:
        RegistrationError: for anything else.
    """
    if isinstance(answer, Mapping):
        pairs = list(answer.items())
        if all(isinstance(text, str) for pair in pairs for text in pair):
            return pairs
    hint = "It must return a mapping of name to reason, both texts."
    raise RegistrationError(f"{describe_answer(answer)} was returned", hint=hint)
