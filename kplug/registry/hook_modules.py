"""Modules of hooks: each is checked in a pluggy manager of its own before its hooks are called."""

from __future__ import annotations

import pluggy

from kplug import hookspecs
from kplug.registry.kinds import HOOKED
from kplug.registry.packages import OFFERS
from kplug.registry.suggestions import did_you_mean


def new_manager() -> pluggy.PluginManager:
    """Return a pluggy manager that knows kplug's hooks and no plugin."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def check_hooks(module: object) -> pluggy.PluginManager:
    """Return a manager of its own for a module of hooks.

    A registration that fails half-way would leave hooks behind in a shared manager.

    Raises:
        pluggy.PluginValidationError: for hooks that do not fit.
    """
    manager = new_manager()
    manager.register(module)
    manager.check_pending()
    for name, value in vars(module).items() if hasattr(module, "__dict__") else ():
        if name.startswith("kplug_") and callable(value) and not hasattr(value, "kplug_impl"):
            raise pluggy.PluginValidationError(
                module, f"function {name!r} is not marked. Put @kplug.hookimpl above it"
            )
    return manager


def explain_misfit(error: pluggy.PluginValidationError) -> str:
    """Return what its author did wrong, from what pluggy says."""
    text = " ".join(str(error).split())
    if "unknown hook" in text:
        wrong = text.split("'")[1]
        hooks = [*(kind.hook for kind in HOOKED.values()), OFFERS]
        advice = did_you_mean(wrong, hooks) or f"Hooks are {', '.join(hooks)}."
        return f"it implements {wrong!r}, which is no hook. {advice}"
    if "Argument(s)" in text:
        wrong = text.partition("for hook '")[2].partition("'")[0]
        arguments = text.partition("Argument(s) ")[2].partition(" are declared")[0]
        given = "with kind, name and distribution" if wrong == OFFERS else "without arguments"
        return f"its {wrong} takes {arguments}; the hook is called {given}"
    return f"its hooks do not fit: {text}"
