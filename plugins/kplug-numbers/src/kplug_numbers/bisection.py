"""Finds the version of a plugin from which on a model or a component computes other numbers than expected."""

from __future__ import annotations

import bisect
import functools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from kplug import PublishedVersion
from kplug.commands import find_versions
from kplug.display.messages import quote
from kplug_numbers.comparison import compare
from kplug_numbers.errors import ReadingError
from kplug_numbers.numbers_file import NumbersFile
from kplug_numbers.reading import Reading
from kplug_numbers.wheel_process import run_with_wheel

Outcome = Literal["same", "differs", "cannot be compared", "cannot be loaded"]

# Loads a model, notes what is said of the numbers of a distribution's components, and which plugins it uses.
_LOAD = """
import kplug
from kplug_numbers import model_files
path, distribution = sys.argv[1:]
judge, outcomes = model_files.judge, set()
def note(kind, spec, data):
    verdict = judge(kind, spec, data)
    if spec.startswith(distribution + "/"):
        outcomes.add(verdict.outcome)
    return verdict
model_files.judge = note
def load(verify):
    try:
        kplug.load_model(path, verify=verify)
        return ""
    except kplug.KplugError as error:
        return str(error)
told = load("numbers")
outcome = "same"
if told and outcomes != {"same"}:
    outcome = "differs" if "differs" in outcomes else "cannot be compared"
    fault = load("off")
    outcome, told = ("cannot be loaded", fault) if fault else (outcome, told)
answer([outcome, told, sorted({row.distribution for row in kplug.audit() if row.objects})])
"""
_READ = """
from kplug import KplugError
from kplug_numbers import make_reading
try:
    *key, recipe = sys.argv[1:]
    answer(["", make_reading(*key, recipe=int(recipe)).to_json()])
except KplugError as error:
    answer([str(error), ""])
"""
_BUILT_IN = ("kplug", "torch")


class Attempt(NamedTuple):
    """What is found with one version.

    Args:
        outcome: In few words.
        message: What differs, or why nothing can be said.
        used: The distributions of the model's components, as far as it can be loaded.
    """

    outcome: Outcome
    message: str = ""
    used: Sequence[str] = ()


@dataclass(frozen=True)
class Change:
    """The first version that is not the same.

    Args:
        distribution: The plugin.
        version: The version.
        message: What differs with it.
        before: The version before it, with which nothing differs; empty if it is the first one.
        outcome: Whether it differs, or cannot be compared or loaded.
    """

    distribution: str
    version: str
    message: str
    before: str = ""
    outcome: Outcome = "differs"


def find_change_of_model(
    model: Path, wheels: Sequence[Path], distribution: str = ""
) -> Change | None:
    """Return the first version with which a model computes other numbers than its file says, or None.

    Args:
        model: The file of the model.
        wheels: Wheels of versions of one plugin; without any, those of the registries are tried.
        distribution: The plugin, if the registries are asked; by default the only one that the model uses.

    Raises:
        ReadingError: if there are no versions of one plugin, the model uses nothing of it, or nothing can be
            said with the first version.
    """
    if not model.is_file():
        raise ReadingError(f"there is no file {quote(str(model))}")
    place = model.resolve()
    if not wheels and not distribution:
        distribution = _choose(Attempt(*run_with_wheel(None, _LOAD, place, "")))
    name, versions = _list_versions(wheels, distribution)

    def attempt(version: PublishedVersion) -> Attempt:
        found = Attempt(*_run(version, _LOAD, place, name))
        if found.outcome != "cannot be loaded" and name not in found.used:
            raise ReadingError(
                f"{model.name} uses no component of {name}, so no version changes it"
            )
        return found

    return _find_change(name, versions, attempt)


def find_change_of_component(
    expected: Reading, wheels: Sequence[Path], distribution: str
) -> Change | None:
    """Return the first version in which a component computes other numbers than expected, or None.

    A version in a registry that has recorded the component with these arguments, by the same recipe, is not
    run.

    Args:
        expected: What it is expected to compute.
        wheels: Wheels of versions of its plugin; without any, those of the registries are tried.
        distribution: The plugin.

    Raises:
        ReadingError: if there are no versions of the plugin, or nothing can be said with the first one.
    """
    name, versions = _list_versions(wheels, distribution)
    if name != distribution:
        raise ReadingError(f"{expected.spec} is of {distribution}, and the wheels are of {name}")
    key = expected.kind, expected.spec

    def attempt(version: PublishedVersion) -> Attempt:
        found = None
        if version.read_numbers is not None:
            content = version.read_numbers()
            found = NumbersFile.from_json(content, f"{name} {version.version}").readings.get(key)
        if found is None or found.recipe != expected.recipe:
            fault, text = _run(version, _READ, *key, str(expected.recipe))
            if fault:
                return Attempt("cannot be compared", fault)
            found = Reading.from_json(text)
        comparison = compare(expected, found)
        return Attempt(comparison.outcome, str(comparison).partition(": ")[2])

    return _find_change(name, versions, attempt)


def _find_change(
    name: str, versions: Sequence[PublishedVersion], attempt: Callable[[PublishedVersion], Attempt]
) -> Change | None:
    tried = functools.cache(attempt)
    if tried(versions[-1]).outcome == "same":
        return None
    place = bisect.bisect_left(versions, True, key=lambda one: tried(one).outcome != "same")
    version, found = versions[place].version, tried(versions[place])
    if not place and found.outcome != "differs":
        raise ReadingError(f"with {name} {version} it {found.outcome}: {found.message}")
    before = versions[place - 1].version if place else ""
    return Change(name, version, found.message, before, found.outcome)


def _list_versions(wheels: Sequence[Path], distribution: str) -> tuple[str, list[PublishedVersion]]:
    """Return the plugin and its versions, the oldest first: those of the wheels, or of the registries."""
    if wheels:
        read = [_read_name(wheel) for wheel in wheels]
        if len({name for name, _ in read}) != 1:
            raise ReadingError("bisect needs the wheels of one plugin, two or more versions of it")
        distribution, found = read[0][0], [version for _, version in read]
    else:
        found = find_versions(distribution)
    if not found:
        raise ReadingError(
            f"no registry that answers here has a version of {quote(distribution)}",
            hint="Give wheels: kplug numbers bisect MODEL A.whl B.whl",
        )
    return distribution, sorted(found, key=lambda one: Version(one.version))


def _read_name(wheel: Path) -> tuple[str, PublishedVersion]:
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename:
        raise ReadingError(f"{quote(wheel.name)} is no name of a wheel") from None
    return name, PublishedVersion(str(version), lambda _: wheel)


def _choose(found: Attempt) -> str:
    """Return the plugin that a model uses."""
    if found.outcome == "cannot be loaded":
        raise ReadingError(
            f"the model cannot be loaded here: {found.message}",
            hint="Name its plugin: --plugin NAME",
        )
    plugins = [name for name in found.used if name not in _BUILT_IN]
    if len(plugins) != 1:
        used = f"components of {', '.join(plugins)}" if plugins else "no component of a plugin"
        raise ReadingError(f"the model uses {used}", hint="Name the plugin: --plugin NAME")
    return plugins[0]


def _run(version: PublishedVersion, program: str, *arguments: str | Path) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return run_with_wheel(version.download(Path(folder)), program, *arguments)
