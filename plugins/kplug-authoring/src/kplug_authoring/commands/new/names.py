"""Checks whether the name of a new distribution or component can be used."""

from __future__ import annotations

import importlib.util
import keyword
import sys

import importlib_metadata
from packaging.utils import InvalidName, canonicalize_name

from kplug import Component, lookup_key
from kplug.display.messages import quote
from kplug.errors import KplugError
from kplug.inspection import Origin, check_name, keys_of, list_components
from kplug_authoring.commands.new.files import NewComponent


def check_distribution(name: str) -> str:
    """Return the package name of a new distribution.

    Raises:
        KplugError: if the name is invalid for a distribution or package, or is taken.
    """
    try:
        canonical = canonicalize_name(name, validate=True)
    except InvalidName as error:
        raise KplugError(
            f"{quote(name)} is no name of a distribution",
            hint="It has letters, digits, '-', '_' and '.', and begins and ends with a letter or "
            "digit, such as 'kplug-acme'.",
        ) from error
    package = canonical.replace("-", "_")
    if not package.isidentifier() or keyword.iskeyword(package):
        raise KplugError(
            f"the distribution {quote(name)} would have the package {quote(package)}, which Python "
            "cannot import",
            hint=f"Begin with a letter, and use no keyword: 'kplug-{canonical}'.",
        )
    _check_is_free(canonical, package)
    return package


def _check_is_free(canonical: str, package: str) -> None:
    if Origin(canonical).is_built_in or Origin(canonical).is_custom:
        raise KplugError(
            f"the name {canonical!r} is reserved, and a plugin of this name is not read",
            hint="Take another, such as 'kplug-acme'.",
        )
    if any(importlib_metadata.distributions(name=canonical)):
        raise KplugError(
            f"a distribution {canonical!r} is installed here, which the new one would replace",
            hint=f"Take another name; or, if it is yours: `pip uninstall {canonical}` first.",
        )
    if package in sys.stdlib_module_names or _is_importable(package):
        raise KplugError(
            f"the package {package!r} of the distribution {canonical!r} exists here already",
            hint=f"Take another name, such as 'kplug-{canonical}'.",
        )


def _is_importable(package: str) -> bool:
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None  # a folder without code does not conflict


def check_component(new: NewComponent, distribution: str) -> str | None:
    """Return a warning if another plugin offers a component of the same name.

    Args:
        new: The component.
        distribution: The normalised name of the distribution that will offer it.

    Raises:
        KplugError: if the name is outside the grammar, a keyword, or that of a built-in.
    """
    check_name(new.name)
    if keyword.iskeyword(new.module) or keyword.iskeyword(new.object):
        raise KplugError(
            f"{new.name!r} would be a keyword of Python in code",
            hint=f"Take another name, such as '{new.module}_{new.kind.name}'.",
        )
    owners = [one for one in list_components(new.kind) if _may_mean(new.name, one)]
    for owner in owners:
        if owner.origin.is_built_in:
            raise _taken(new, owner, distribution)
    others = [one.qualified_name for one in owners if one.origin.distribution != distribution]
    if not others:
        return None
    have = "has" if len(others) == 1 else "have"
    return (
        f"{', '.join(others)} {have} the same name. Where both are installed, the bare name is an error, and "
        f"users write '{distribution}/{new.name}' or set a preference."
    )


def _may_mean(name: str, component: Component) -> bool:
    is_left_out = component.is_qualified_only or component.origin.is_custom
    return not is_left_out and lookup_key(name) in keys_of(component)


def _taken(new: NewComponent, owner: Component, distribution: str) -> KplugError:
    project = distribution.removeprefix("kplug-").replace("-", "_")
    return KplugError(
        f"the {new.kind.name} {new.name!r} is built in, as {owner.qualified_name}, and the bare name stays "
        "its",
        hint=f"Take another name, such as '{project}_{new.module}'. An author who needs this one declares "
        "kplug.Component(…, is_qualified_only=True) in code.",
    )
