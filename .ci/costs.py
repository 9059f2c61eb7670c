"""Writes into the pages of components what each costs beside a built-in of its kind."""

from __future__ import annotations

import re
from pathlib import Path

from kplug_numbers import describe_cost

from kplug.inspection import KINDS, list_components


def add_costs(folder: Path) -> None:
    """Add a sentence to each component of the pages that `kplug docs` wrote into a folder."""
    for kind in KINDS.values():
        for component in list_components(kind):
            if note := describe_cost(kind.name, component.qualified_name):
                add_note(folder, kind.name, component.qualified_name, note)


def add_note(folder: Path, kind: str, name: str, note: str) -> None:
    """Write a sentence into a component's page, below the line that says where it is from.

    Args:
        folder: The folder that `kplug docs` wrote into.
        kind: The component's kind.
        name: Its qualified name.
        note: The sentence, in Markdown of a page two folders below those of the site.

    Raises:
        SystemExit: if the page has no place for it.
    """
    page = folder / KINDS[kind].plural / f"{name.replace('/', '-')}.md"
    text, count = re.subn(
        r"^From .*\n",
        lambda found: f"{found[0]}\n{note}\n",
        page.read_text(encoding="utf-8"),
        count=1,
        flags=re.MULTILINE,
    )
    if not count:
        raise SystemExit(f"{page} has no place for: {note}")
    page.write_text(text, encoding="utf-8")
