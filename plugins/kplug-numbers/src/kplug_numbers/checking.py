"""Makes the readings of a distribution."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kplug import Component, Spec, parse_spec
from kplug.commands import diverting_output
from kplug.display.messages import quote
from kplug.errors import KplugError
from kplug.inspection import KINDS, find_component, find_own_example, list_components, load
from kplug_numbers.errors import ReadingError
from kplug_numbers.file_comparison import Result, compare_files
from kplug_numbers.making import RECIPES, make_reading
from kplug_numbers.numbers_file import (
    Key,
    NumbersFile,
    find_numbers,
    find_source,
    recover_file,
    write_file,
    write_line,
)
from kplug_numbers.recipes.recorder import MOST_SECONDS


@dataclass(frozen=True)
class Recorded:
    """What the recording of a distribution's numbers has written.

    Args:
        path: The file.
        content: Its content.
        known: What it had before.
        damage: What was wrong with it before; empty if nothing was.
    """

    path: Path
    content: NumbersFile
    known: NumbersFile
    damage: str = ""

    @property
    def changes(self) -> list[Result]:
        """The readings that it had before and that are others now."""
        results = compare_files(self.known, self.content)
        return [one for one in results if one.key in self.known.readings and one.outcome != "same"]


def record_numbers(
    distribution: str, examples: Iterable[str] = (), tell: Callable[[Key], None] = lambda _: None
) -> Recorded:
    """Write what the components of an editable distribution compute into its source.

    Args:
        distribution: Its name.
        examples: Components with arguments, to be read as well.
        tell: Called before each reading.

    Raises:
        ReadingError: if its source is not known, or an example is for none of its components.
    """
    place = find_source(distribution)
    known, damage = recover_file(place) if place.is_file() else (NumbersFile(), "")
    found = make_all(list_keys(distribution, known, examples), tell)
    write_file(place, found)
    return Recorded(place, found, known, damage)


def find_recorded(component: Component) -> NumbersFile:
    """Return what the distribution of a component has recorded of it; nothing without a file.

    Raises:
        ReadingError: if the file cannot be understood.
    """
    file = find_numbers(component.origin.distribution) or NumbersFile()

    def is_meant(key: Key) -> bool:
        return key[0] == component.kind and parse_spec(key[1]).ref == component.qualified_name

    return NumbersFile(
        {key: reading for key, reading in file.readings.items() if is_meant(key)},
        {key: why for key, why in file.unread.items() if is_meant(key)},
    )


def check_component(component: Component) -> list[Result]:
    """Return the results of comparing a component with what its distribution has recorded of it.

    Raises:
        ReadingError: if the file cannot be understood.
    """
    recorded = find_recorded(component)
    return compare_files(recorded, make_all(recorded.keys, lambda _: None, recorded=recorded))


def list_keys(distribution: str, known: NumbersFile, examples: Iterable[str] = ()) -> list[Key]:
    """Return what is read of a distribution: what its file has, or its authors' examples, and further ones.

    Raises:
        ReadingError: if it offers nothing that has a recipe, or an example is for none of its components.
    """
    offered = {
        (kind, one.qualified_name): one
        for kind in RECIPES
        for one in list_components(KINDS[kind])
        if one.origin.distribution == distribution
    }
    if not offered:
        raise ReadingError(
            f"{quote(distribution)} offers no component that can be read",
            hint="`kplug list` shows what is installed. Callbacks and commands have no numbers.",
        )
    # A key is there as long as its component.
    keys = {key for key in known.keys if (key[0], parse_spec(key[1]).ref) in offered}
    for text in examples:
        keys |= set(_read_example(text, distribution))
    named = {(kind, parse_spec(spec).ref) for kind, spec in keys}
    keys |= {
        (kind, _write_spec(component))
        for (kind, name), component in offered.items()
        if (kind, name) not in named
    }
    return sorted(keys)


def make_all(
    keys: Iterable[Key],
    tell: Callable[[Key], None],
    most_seconds: float = MOST_SECONDS,
    recorded: NumbersFile | None = None,
) -> NumbersFile:
    """Return the readings of components, and the reasons where there are none.

    Args:
        keys: Their kinds and specs.
        tell: Called before each.
        most_seconds: How much processor time each may take; four times as long by the clock.
        recorded: What they are compared with: a reading is made by the recipe that it has there.
    """
    recipes = {} if recorded is None else {k: v.recipe for k, v in recorded.readings.items()}
    readings, unread = {}, {}
    with diverting_output():  # a component may print to stdout
        for key in keys:
            tell(key)
            try:
                recipe = recipes.get(key)
                readings[key] = make_reading(*key, most_seconds=most_seconds, recipe=recipe)
            except KplugError as error:
                unread[key] = write_line(error.message)
    return NumbersFile(readings, unread)


def _read_example(text: str, distribution: str) -> list[Key]:
    """Return the keys that a spec stands for: of each kind that has the name, and takes its arguments."""
    spec = parse_spec(text)
    offered = {
        kind: component
        for kind in RECIPES
        if (component := find_component(KINDS[kind], Spec(f"{distribution}/{spec.name}")))
        and component.origin.distribution == distribution
    }
    found = [
        (kind, str(Spec(component.qualified_name, spec.args, spec.kwargs)))
        for kind, component in offered.items()
        if len(offered) == 1 or _takes(component, spec)
    ]
    if not found:
        raise ReadingError(
            f"{distribution} has no component for the example {quote(text)}",
            hint="`kplug list` shows what it offers.",
        )
    return found


def _takes(component: Component, spec: Spec) -> bool:
    parameters = inspect.signature(load(component)).parameters.values()
    takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters)
    return takes_all or spec.kwargs.keys() <= {one.name for one in parameters}


def _write_spec(component: Component) -> str:
    arguments = dict(find_own_example(component).arguments)
    try:
        return str(Spec(component.qualified_name, kwargs=arguments))
    except KplugError:  # an object that no text stands for
        return component.qualified_name
