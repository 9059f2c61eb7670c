"""Makes an author's facts about a wheel, from the plugin that is installed here."""

from __future__ import annotations

import functools
import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from kplug import Component, Kind, Spec
from kplug.inspection import (
    KINDS,
    find_lifecycle,
    find_own_example,
    find_spec_parameters,
    list_components,
    list_problems,
    load,
    summarize,
)
from kplug_registry.drawing.installed_plugins import find_obstacle, read_environment
from kplug_registry.errors import PublishingError
from kplug_registry.site_format import hash_stream
from kplug_registry.wheels import (
    FACTS_FORMAT,
    AuthorFacts,
    StatedComponent,
    StatedPicture,
    WheelContents,
)

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def make_facts(wheel: Path, results: str | None) -> AuthorFacts:
    """Return the facts about a wheel, without pictures. This imports the plugin.

    Args:
        wheel: The file.
        results: What ``kplug check --json`` printed.

    Raises:
        PublishingError: if its plugin is not installed here in this build, or may not load.
        KplugError: if a component does not load.
    """
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
        with wheel.open("rb") as stream:
            sha256 = hash_stream(stream)
    except (OSError, InvalidWheelFilename) as error:
        raise PublishingError(
            f"there is no wheel at {wheel}: {error}", hint="Build one with: python -m build"
        ) from error
    obstacle = find_obstacle(read_environment(), name, str(version), wheel)
    if obstacle is not None:
        raise PublishingError(
            f"nothing can be stated about {wheel.name}: {name} {version} {obstacle}",
            hint=f"Install it where this command runs: pip install {wheel}",
        )
    components = tuple(
        _state(kind, component)
        for kind in KINDS.values()
        for component in list_components(kind)
        if component.origin.distribution == name
    )
    problems = (
        str(each)
        for each in list_problems()
        if each.origin.distribution == name and not each.is_advice
    )
    fault = next(problems, None if components else "it offers no components")
    if fault is not None:
        raise PublishingError(
            f"nothing can be stated about {wheel.name}: {name} {version} is broken here: {fault}",
            hint="`kplug list` shows what is wrong.",
        )
    return AuthorFacts(FACTS_FORMAT, name, str(version), sha256, components, results)


def add_pictures(facts: AuthorFacts, wheel: WheelContents) -> AuthorFacts:
    """Return facts with the pictures of a wheel's components."""
    pictures = {
        (one.kind, one.name): StatedPicture(
            wheel.pictures[one.picture.sha256].decode(), one.picture.text
        )
        for one in wheel.drawn
    }
    components = (
        replace(one, picture=pictures.get((one.kind, one.name))) for one in facts.components
    )
    return replace(facts, components=tuple(components))


def _state(kind: Kind, component: Component) -> StatedComponent:
    target = load(component)
    parameters = (find_spec_parameters(kind, target, component) or {}).values()
    arguments = (_write_argument(one) for one in parameters if one.kind not in _VARIADIC)
    lifecycle = find_lifecycle(component)
    return StatedComponent(
        kind.name,
        component.name,
        component.location,
        component.aliases,
        f"({', '.join(arguments)})",
        summarize(component),
        _find_documentation(target),
        _write_example(component),
        lifecycle.stage if lifecycle else None,
        lifecycle.successor if lifecycle else None,
        component.is_qualified_only,
    )


def _write_argument(parameter: inspect.Parameter) -> str:
    """Return an argument with its type, which may be a text already, and its default."""
    is_typed = parameter.annotation is not parameter.empty
    kind = parameter.annotation
    written = kind if isinstance(kind, str) else inspect.formatannotation(kind)
    text = f"{parameter.name}: {written}" if is_typed else parameter.name
    if parameter.default is parameter.empty:
        return text
    return f"{text}{' = ' if is_typed else '='}{parameter.default!r}"


def _find_documentation(target: Any) -> str:
    while isinstance(target, functools.partial):
        target = target.func
    return inspect.cleandoc(target.__doc__ or "")


def _write_example(component: Component) -> str:
    """Return a component as it is written with the arguments of its example; empty without arguments."""
    arguments = find_own_example(component).arguments
    return str(Spec(component.name, (), dict(arguments))) if arguments else ""
