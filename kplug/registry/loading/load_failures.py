"""Errors for components whose modules cannot be imported, with advice on the repair."""

from __future__ import annotations

import sys

from kplug.registry.component import Component, Origin
from kplug.registry.errors import DisabledComponentError, PluginLoadError
from kplug.registry.loading.importer import DisabledTargetError
from kplug.registry.metadata import find_requirement, is_installed
from kplug.registry.problems import describe_error


def explain_failure(
    component: Component, error: BaseException
) -> PluginLoadError | DisabledComponentError:
    """Return the error for a component whose module fails to import, or may not be imported."""
    return explain(component.kind, component.name, component.location, component.origin, error)


def explain(
    kind: str, name: str, location: str, origin: Origin, error: BaseException
) -> PluginLoadError | DisabledComponentError:
    """Return the error for what is found in a module that fails to import.

    Args:
        kind: What it is, such as ``loss``.
        name: Its name.
        location: Its module, or ``module:name``.
        origin: The distribution that names it.
        error: What was raised.
    """
    own = location.partition(":")[0].partition(".")[0]
    missing = _find_missing_package(error)
    if missing not in ("", own):
        hint = _advise_installation(origin, missing)
    elif origin.is_custom:
        hint = "Mend the module or the target"
    elif origin.is_built_in:
        hint = f"Install {origin.distribution} again"
    else:
        hint = advise_repair(origin)
    if not (origin.is_custom or origin.is_built_in):
        hint += f", or switch the plugin off: KPLUG_DISABLE={origin.distribution}"
    is_disabled = isinstance(error, DisabledTargetError)
    error_type = DisabledComponentError if is_disabled else PluginLoadError
    return error_type(
        f"the {kind} {name!r} of {origin} ({location}) cannot be loaded: {describe_error(error)}",
        kind=kind,
        ref=name,
        hint="Change that setting to use it." if is_disabled else f"{hint}.",
    )


def advise_repair(origin: Origin) -> str:
    """Return what to do about a plugin that does not load, as a sentence without its full stop."""
    name = origin.distribution
    if not is_installed(name):
        return f"{name} was uninstalled while this process ran: restart Python"
    if origin.is_editable:
        return f"{name} is an editable install: mend it if need be, and restart Python"
    return f"Mend or upgrade {name}"


def _advise_installation(origin: Origin, package: str) -> str:
    """Return what to do about a module that a plugin needs, as a sentence without its full stop.

    A package with the name of the module may be unrelated, even malicious. Only a package that the plugin
    declares as a requirement is recommended.
    """
    if is_installed(package):
        return f"{package} is installed, but this process does not see it: restart Python"
    requirement = find_requirement(origin.distribution, package)
    if requirement is None:
        return f"Install the package that has the module {package!r}"
    return f"Install what it requires: pip install {requirement}"


def _find_missing_package(error: BaseException) -> str:
    """Return the missing package; an empty text if the package exists and only a part of it is missing."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    package = error.name.partition(".")[0]
    return "" if package in sys.modules else package
