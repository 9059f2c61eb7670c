"""Writes the API reference: a page for each public module, with every name on the list of the public API.

Signatures are read from the imported objects: those of `kplug.ops` and of optimizers are made at run time,
and are not in the source.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kplug import Component
from kplug.display.markdown import docstring_as_markdown, escape, fence
from kplug.inspection import KINDS, list_components, load
from kplug.registry.kinds import BUILT_IN_KINDS

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.public_api import (  # noqa: E402 - found by the line above
    COMPONENTS,
    LIST,
    find_homes,
    find_objects,
    find_owner,
    list_components_here,
    list_members,
    list_modules,
    list_names,
    read_signature,
    read_versions,
)

WIDTH = 88  # of a signature in one line
LARGEST = 24_000  # characters of documentation on a page; a module with more has several


def add_reference(pages: Path) -> None:
    """Write the pages below ``reference`` in the folder of all pages.

    Raises:
        SystemExit: if a public class or function has no documentation.
    """
    reference = Reference()
    folder = pages / "reference"
    folder.mkdir()
    rows = ["| module | what it has | names |", "|---|---|---|"]
    for name in list_modules():
        for file, text in reference.make_pages(name).items():
            (folder / file).write_text(text, encoding="utf-8")
        module = importlib.import_module(name)
        what = escape(first_line(module))
        rows.append(f"| [`{name}`]({file_of(name)}) | {what} | {len(list_names(module))} |")
    head = (
        "# Reference\n\nEvery name that can be imported from kplug without an underscore, with its "
        "parameters, their types and defaults. It is made from the code. What a component computes stands on "
        "[its own page](../components/README.md); what is promised of a name, in [Support](../support.md)."
    )
    (folder / "index.md").write_text("\n".join([head, "", *rows, ""]), encoding="utf-8")
    versions = read_versions(COMPONENTS)
    for line, component in list_components_here():
        page = pages / page_of(component)
        text = f"Since {find_owner(component)} {versions[line]}."
        if component.kind in BUILT_IN_KINDS:  # the tests of contracts run every check of these
            text += " Contract: [silver](../../plugins/contract.md#levels)."
        if name := reference.names_of_pages.get(page_of(component)):
            text += f" In the reference: {reference.link(name, '../../reference/')}."
        with page.open("a", encoding="utf-8") as file:
            file.write(f"\n{text}\n")


class Reference:
    """The public API, and the page on which each of its objects is described."""

    def __init__(self) -> None:
        self.objects = find_objects()
        self.homes = find_homes(self.objects)
        self.components = find_components()
        self.names_of_pages = {
            page: self.homes[key] for key, page in self.components.items() if key in self.homes
        }
        self.versions = read_versions(LIST)
        bare = [name for name in self.homes.values() if not inspect.getdoc(self.objects[name])]
        if bare:
            raise SystemExit(f"public, but without documentation: {', '.join(bare)}")
        self.parts: dict[str, list[list[str]]] = {}  # by module: the names of each page
        for name in self.homes.values():
            module = name.rpartition(".")[0]
            parts = self.parts.setdefault(module, [[]])
            if sum(map(self._measure, [*parts[-1], name])) > LARGEST and parts[-1]:
                parts.append([])
            parts[-1].append(name)
        self.files = {
            name: file_of(module, number if len(parts) > 1 else 0)
            for module, parts in self.parts.items()
            for number, part in enumerate(parts, 1)
            for name in part
        }

    def _measure(self, name: str) -> int:
        """Return about how many characters describe an object."""
        value = self.objects[name]
        described = [] if id(value) in self.components else [value]
        if inspect.isclass(value):
            described += [member for _, member in list_members(value, set(self.homes))]
        return 300 + sum(300 + len(inspect.getdoc(one) or "") for one in described)

    def link(self, name: str, folder: str = "") -> str:
        """Return a link to the section of an object, from a page with this way to the reference."""
        return f"[`{name}`]({folder}{self.files[name]}#{name})"

    def make_pages(self, here: str) -> dict[str, str]:
        """Return the pages of a module by their files."""
        module = importlib.import_module(here)
        parts = self.parts.get(here, [[]])
        found = {name: self.homes.get(id(getattr(module, name))) for name in list_names(module)}
        own = [name for name, home in found.items() if home == f"{here}.{name}"]
        others = {name: home for name, home in found.items() if home and name not in own}
        values = [name for name, home in found.items() if home is None]
        head = [f"# {here}", docstring_as_markdown(inspect.getdoc(module) or "")]
        rows = [
            f"| {self._link_here(here, name)} | {self._summarize(here, name)} |" for name in own
        ]
        head.append("\n".join(["| name | |", "|---|---|", *rows]) if rows else "")
        rows = [f"| `{name}` | {self.link(home)} |" for name, home in others.items()]
        head.append("\n".join(["| also here | described as |", "|---|---|", *rows]) if rows else "")
        if values:
            head.append("Values: " + ", ".join(f"`{name}`" for name in values) + ".")
        if len(parts) == 1:
            return {file_of(here): join([*head, *map(self._describe, parts[0])])}
        pages = {file_of(here): join(head)}
        for number, part in enumerate(parts, 1):
            first, last = (name.rpartition(".")[2] for name in (part[0], part[-1]))
            title = f"# {here}: {first}" + (f" to {last}" if last != first else "")
            pages[file_of(here, number)] = join([title, *map(self._describe, part)])
        return pages

    def _link_here(self, here: str, name: str) -> str:
        return f"[`{name}`]({self.files[f'{here}.{name}']}#{here}.{name})"

    def _summarize(self, here: str, name: str) -> str:
        return escape(first_line(self.objects[f"{here}.{name}"]))

    def _describe(self, name: str) -> str:
        """Return the section of an object; the text about a component stands on its own page."""
        value, short = self.objects[name], name.rpartition(".")[2]
        parts = [f"## {short} {{ #{name} }}", fence(format_signature(short, value), "python")]
        if page := self.components.get(id(value)):
            parts += [escape(first_line(value)), f"[Arguments, formula and examples](../{page})"]
        else:
            parts.append(shift_titles(docstring_as_markdown(inspect.getdoc(value) or "")))
        origin = f"Since {self.versions[name]}. Defined in `{value.__module__}`."
        if inspect.isclass(value):
            bases = [
                self.link(self.homes[id(one)]) for one in value.__mro__[1:] if id(one) in self.homes
            ]
            origin += f" Methods of {', '.join(bases)} too." if bases else ""
        parts.append(origin)
        if inspect.isclass(value):
            for member, found in list_members(value, set(self.homes)):
                parts.append(f"### {short}.{member} {{ #{name}.{member} }}")
                if callable(found):
                    parts.append(fence(format_signature(member, found), "python"))
                parts.append(shift_titles(docstring_as_markdown(inspect.getdoc(found) or "")))
                if (since := self.versions[f"{name}.{member}"]) != self.versions[name]:
                    parts.append(f"Since {since}.")
        return join(parts).rstrip()


def file_of(module: str, number: int = 0) -> str:
    """Return the file of a page of a module; 0 is that with its list."""
    return f"{module.replace('.', '-')}{f'-{number}' if number else ''}.md"


def find_components() -> dict[int, str]:
    """Return the page of each of kplug's components, from the folder of all pages, by its ``id``."""
    found: dict[int, str] = {}
    for kind in KINDS.values():
        for component in list_components(kind):
            if component.origin.distribution == "kplug" and component.location.startswith("kplug."):
                found.setdefault(id(load(component)), page_of(component))
    return found


def page_of(component: Component) -> str:
    """Return the page of a component, from the folder of all pages."""
    name = component.qualified_name.replace("/", "-")
    return f"components/{KINDS[component.kind].plural}/{name}.md"


def first_line(value: object) -> str:
    """Return the first line of a documentation, as one sentence."""
    return (inspect.getdoc(value) or "").partition("\n\n")[0].replace("\n", " ")


def join(parts: list[str]) -> str:
    """Return the parts that are not empty, as Markdown."""
    return "\n\n".join(filter(None, parts)) + "\n"


def shift_titles(text: str) -> str:
    """Return Markdown whose own titles stand below those of the page."""
    return re.sub(r"^(#+ )", r"###\1", text, flags=re.MULTILINE)


def format_signature(name: str, value: Callable[..., Any]) -> str:
    """Return a signature with types and defaults, a parameter a line if it is long."""
    try:
        signature = read_signature(value)
    except (TypeError, ValueError):
        return f"{name}(...)"
    if inspect.isclass(value):
        signature = signature.replace(return_annotation=inspect.Signature.empty)
    text = name + clean(str(signature))
    parameters = list(signature.parameters.values())
    if len(text) <= WIDTH or not parameters:
        return text
    written = []
    for one, following in zip(parameters, [*parameters[1:], None], strict=True):
        is_bare = one.kind is one.KEYWORD_ONLY and "*" not in "".join(w[0] for w in written)
        written += ["*", clean(str(one))] if is_bare else [clean(str(one))]
        if one.kind is one.POSITIONAL_ONLY and (
            following is None or following.kind is not one.kind
        ):
            written.append("/")
    result = clean(str(signature.replace(parameters=[]))).removeprefix("()")
    lines = "".join(f"    {one},\n" for one in written)
    return f"{name}(\n{lines}){result}"


def clean(text: str) -> str:
    """Return a signature without quotes around types."""
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)
