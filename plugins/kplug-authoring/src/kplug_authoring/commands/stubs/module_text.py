"""Generates ``names.pyi``: a type for the names of each kind, and an object that makes specs."""

from __future__ import annotations

import json
import keyword
from collections import defaultdict
from collections.abc import Iterator, Mapping

from kplug import Component, Kind, Spec
from kplug.commands import showing_progress
from kplug.errors import KplugError
from kplug.inspection import KINDS, find_component, list_components, summarize
from kplug.names import type_of_names
from kplug_authoring.commands.stubs.signatures import ANY_ARGUMENTS, write_arguments

MARK = "# Written by `kplug stubs"
_HEAD = """{mark}{options}`. Run it again when a plugin was installed, upgraded or removed.
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from typing_extensions import Never

from kplug import Spec
"""
# Names that annotations use: a component's name that would shadow one is available as text only.
_USED_WORDS = {
    *("bool", "dict", "float", "int", "list", "object", "str", "tuple"),
    *("Any", "Collection", "Iterable", "Literal", "Mapping", "Sequence", "Spec"),
}


def write_module(is_importing: bool, failures: list[str]) -> str:
    """Return the text of the module, and show on a terminal meanwhile which component is imported.

    Args:
        is_importing: Whether components are imported for their arguments.
        failures: A list to which import failures are added, in words.
    """
    options = "" if is_importing else " --no-import"
    parts = [_HEAD.format(mark=MARK, options=options)]
    names = {kind: find_names(kind) for kind in KINDS.values()}
    wanted = [
        (kind, component)
        for kind, texts in names.items()
        if is_importing and _can_be_attribute(kind.name)
        for component in texts
        if any(map(_can_be_attribute, texts[component]))
    ]
    arguments = {
        component: _write_arguments(kind, component, failures)
        for kind, component in showing_progress(wanted, lambda pair: pair[1].qualified_name)
    }
    for kind, texts in names.items():
        parts += [_write_type(kind, texts), *_write_object(kind, texts, arguments)]
    return "\n".join(parts)


def find_names(kind: Kind) -> dict[Component, list[str]]:
    """Return the installed components of a kind, each with the names that mean it; imports nothing.

    A bare name belongs to the component that it means here; an ambiguous one to none.
    """
    names: dict[Component, list[str]] = defaultdict(list)
    installed = [one for one in list_components(kind) if not one.origin.is_custom]
    for component in installed:
        owner = component.origin.distribution
        for name in dict.fromkeys((component.name, *component.aliases)):
            if find_component(kind, Spec(name)) is component:
                names[component].append(name)
            names[component].append(f"{owner}/{name}")
    return names


def _write_type(kind: Kind, names: dict[Component, list[str]]) -> str:
    ordered = sorted(
        {name for each in names.values() for name in each},
        key=lambda name: ("/" in name, name.casefold(), name),
    )
    lines = "".join(f"    {json.dumps(name)},\n" for name in ordered)
    return (
        f"{type_of_names(kind)}: TypeAlias = {f'Literal[{chr(10)}{lines}]' if lines else 'Never'}\n"
    )


def _write_object(
    kind: Kind, names: dict[Component, list[str]], arguments: Mapping[Component, str]
) -> Iterator[str]:
    """Yield the class of a kind's names, and its instance with the kind's name.

    Components that are missing in ``arguments`` take any.
    """
    if not _can_be_attribute(kind.name):
        return
    type_name = type_of_names(kind)
    call = f"def __call__(self, name: {type_name}, /, {ANY_ARGUMENTS}) -> Spec: ..."
    yield f"class _{type_name}s:\n    {call}"
    for component, texts in names.items():
        bare = [text for text in texts if _can_be_attribute(text)]
        if bare:
            yield _write_method(component, bare, arguments.get(component, ANY_ARGUMENTS))
    yield f"\n{kind.name}: _{type_name}s\n"


def _can_be_attribute(name: str) -> bool:
    return "/" not in name and not keyword.iskeyword(name) and name not in _USED_WORDS


def _write_arguments(kind: Kind, component: Component, failures: list[str]) -> str:
    try:
        return write_arguments(kind, component)
    except KplugError as error:
        failures.append(str(error))
        return ANY_ARGUMENTS


def _write_method(component: Component, names: list[str], arguments: str) -> str:
    name, *aliases = names
    summary = summarize(component)
    body = f"\n        {summary!r}" if summary else " ..."
    method = f"    def {name}({', '.join(filter(None, ('self', '/', arguments)))}) -> Spec:{body}"
    return "\n".join([method, *(f"    {alias} = {name}" for alias in aliases)])
