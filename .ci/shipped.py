"""Adds the README of each plugin of this repository to the site, and the table of all of them."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import importlib_metadata
from marks import fill

from kplug.inspection import COMMAND, KINDS, list_components

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]


def add_plugins(pages: Path) -> None:
    """Write the pages below ``plugins/shipped`` in the folder of all pages."""
    folder = pages / "plugins" / "shipped"
    rows = ["| plugin | what it is | it brings |", "|---|---|---|"]
    for path in sorted(ROOT.glob("plugins/*/pyproject.toml")):
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        name = project["name"]
        page = (path.parent / "README.md").read_text(encoding="utf-8").rstrip()
        page += f"\n\n## Install\n\n```sh\npip install . ./plugins/{name}\n```\n"
        if extras := project.get("optional-dependencies"):
            page += "\nExtras: " + ", ".join(f"`{name}[{extra}]`" for extra in extras) + ".\n"
        (folder / f"{name}.md").write_text(page, encoding="utf-8")
        what = project["description"].rstrip(".")
        rows.append(f"| [`{name}`]({name}.md) | {what} | {', '.join(list_contents(name))} |")
    fill(folder / "index.md", plugins="\n".join(rows))


def list_contents(name: str) -> list[str]:
    """Return what an installed distribution brings: numbers of components, commands, modules, fixtures."""
    kinds: list[Any] = [kind for kind in KINDS.values() if kind.name != COMMAND.name]
    counts = Counter(
        kind
        for kind in kinds
        for component in list_components(kind)
        if component.origin.distribution == name
    )
    contents = [
        f"{count} {kind.name if count == 1 else kind.plural}" for kind, count in counts.items()
    ]
    commands = [one.name for one in list_components(COMMAND) if one.origin.distribution == name]
    contents += [f"`kplug {command}`" for command in sorted(commands)]
    points = importlib_metadata.distribution(name).entry_points
    lent = [one.name for one in points if one.group == "kplug.modules" and "." not in one.name]
    contents += [f"the module `kplug.{module}`" for module in lent]
    if any(one.group == "pytest11" for one in points):
        contents.append("fixtures for pytest")
    return contents or ["a module to import"]
