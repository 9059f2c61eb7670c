"""Renders the files of a new plugin, or of one component, from the templates beside this module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from string import Template

from packaging.version import parse

from kplug import Kind, __version__
from kplug.errors import KplugError

Files = dict[PurePosixPath, str]

_TEMPLATES = Path(__file__).parent / "template"
_CLASSES = ("callback", "layer", "optimizer")  # kinds whose example is a class
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DENSE_SLOTS = {
    "initializer": "kernel_initializer",
    "regularizer": "kernel_regularizer",
    "constraint": "kernel_constraint",
    "activation": "activation",
}


@dataclass(frozen=True)
class NewComponent:
    """A component to write.

    Args:
        kind: Its kind.
        name: Its declared name, ``snake_case`` or ``CapWords``.
    """

    kind: Kind
    name: str

    @property
    def module(self) -> str:
        """Name of its module: the declared name in snake case."""
        return _WORD_STARTS.sub("_", self.name).lower()

    @property
    def object(self) -> str:
        """Name of its class or function."""
        if self.kind.name not in _CLASSES:
            return self.module
        return "".join(word[:1].upper() + word[1:] for word in self.module.split("_"))

    def target(self, package: str) -> str:
        """Return the target for its entry point."""
        return f"{package}.{self.module}:{self.object}"


def render_project(distribution: str, package: str, components: Sequence[NewComponent]) -> Files:
    """Return the files of a new distribution, by their paths in it.

    Raises:
        KplugError: if two components need the same file, or a name conflicts with an example's code.
    """
    facts = {
        "distribution": distribution,
        "package": package,
        "names": ", ".join(component.name for component in components),
        "entry_points": _write_entry_points(package, components),
        "table": _write_table(components),
        "usage": "\n".join(_write_usage(distribution, components)),
        "first": components[0].name,
        "kplug": f"kplug>={__version__},<{parse(__version__).major + 1}",
    }
    folder, files = _TEMPLATES / "project", Files()
    for path in sorted(folder.rglob("*.template")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        name = re.sub("^git", ".git", name).replace("src/package/", f"src/{package}/")
        files[PurePosixPath(name)] = _fill(path, facts)
    home = PurePosixPath("src", package)
    for component in components:
        for place, text in render_component(component, package, home).items():
            if place in files:
                raise KplugError(
                    f"two of the new files are {str(place)!r}",
                    hint=f"Give the {component.kind.name} {component.name!r} another name.",
                )
            files[place] = text
    return files


def render_component(component: NewComponent, package: str, home: PurePosixPath) -> Files:
    """Return the module of a component and its tests, by their paths in the project.

    Args:
        component: The component.
        package: The package for the module.
        home: The folder of the package, in the project.

    Raises:
        KplugError: if the component's name conflicts with the example's code.
    """
    facts = {"package": package, "module": component.module, "name": component.name}
    texts = []
    for part in ("components", "tests"):
        path = _TEMPLATES / part / f"{component.kind.name}.py.template"
        if component.object in _find_names(_fill(path, {**facts, "object": "_"})):
            raise KplugError(
                f"the name {component.name!r} means something else in the example of "
                f"{component.kind.with_article}",
                hint="Give another name; you can change it when you have replaced the example.",
            )
        texts.append(_fill(path, {**facts, "object": component.object}))
    module, tests = texts
    test_file = PurePosixPath("tests", f"test_{component.module}.py")
    return {home / f"{component.module}.py": module, test_file: tests}


def _fill(path: Path, facts: dict[str, str]) -> str:
    return Template(path.read_text(encoding="utf-8")).substitute(facts)


def _find_names(source: str) -> set[str]:
    """Return every name that a module uses: its imports, its arguments, its variables, Python's own."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
    return names


def _write_entry_points(package: str, components: Sequence[NewComponent]) -> str:
    lines = []
    for group in dict.fromkeys(component.kind.group for component in components):
        lines.append(f'[project.entry-points."{group}"]')
        lines += [
            f'{component.name} = "{component.target(package)}"'
            for component in components
            if component.kind.group == group
        ]
        lines.append("")
    return "\n".join(lines)


def _write_table(components: Sequence[NewComponent]) -> str:
    rows = [f"| `{component.name}` | {component.kind.name} |" for component in components]
    return "\n".join(("| name | kind |", "|---|---|", *rows))


def _write_usage(distribution: str, components: Sequence[NewComponent]) -> Iterator[str]:
    """Yield the lines of a program that uses a component of each kind by its name."""
    names = {
        component.kind.name: f"{distribution}/{component.name}"
        for component in reversed(components)
    }
    yield "dense = Dense(\n    1,\n    input_dim=2,"
    for kind, slot in _DENSE_SLOTS.items():
        if kind in names:
            yield f'    {slot}="{names[kind]}",'
    yield ")\nmodel = kplug.Sequential([dense])"
    yield f'model.compile(\n    loss="{names.get("loss", "mse")}",'
    yield f'    optimizer="{names.get("optimizer", "sgd")}",'
    if "metric" in names:
        yield f'    metrics=["{names["metric"]}"],'
    yield ")\nprint(model.components)"
    for kind in ("layer", "schedule", "callback"):
        if kind in names:
            yield f'print(kplug.resolve("{kind}", "{names[kind]}").object)'
