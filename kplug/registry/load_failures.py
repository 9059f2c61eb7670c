"""What to say of a component whose module cannot be imported."""

from __future__ import annotations

import sys

from kplug.registry.component import Component
from kplug.registry.errors import PluginLoadError
from kplug.registry.problems import describe_error


def explain_failure(component: Component, error: BaseException) -> PluginLoadError:
    """Return the error of a component whose module does not import."""
    origin = component.origin
    hint = _name_missing_module(component, error)
    if origin.is_custom:
        hint = hint or "Mend the module or the target"
    elif not origin.is_built_in:
        hint = hint or f"Mend or upgrade {origin.distribution}"
        hint += f", or switch the plugin off: KPLUG_DISABLE={origin.distribution}"
    return PluginLoadError(
        f"the {component.kind} {component.name!r} of {origin} ({component.location}) "
        f"cannot be loaded: {describe_error(error)}",
        kind=component.kind,
        ref=component.name,
        hint=f"{hint or f'Install {origin.distribution} again'}.",
    )


def _name_missing_module(component: Component, error: BaseException) -> str:
    """Return what to install, where a package that the plugin needs is not there."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    package = error.name.partition(".")[0]
    own = component.location.partition(":")[0].partition(".")[0]
    if package == own or package in sys.modules:  # it is there, only not this part of it
        return ""
    return f"Install what it needs: pip install {package}"
