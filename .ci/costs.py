"""Writes into the pages of components what each costs beside a built-in of its kind."""

from __future__ import annotations

import re
from pathlib import Path

from kplug_numbers import find_operations

from kplug.inspection import KINDS, list_components

# What the others of a kind are compared with: among the cheapest that compute something.
BESIDE = {
    "activation": "kplug/relu",
    "constraint": "kplug/non_neg",
    "initializer": "kplug/random_uniform",
    "loss": "kplug/mean_squared_error",
    "metric": "kplug/mean_squared_error",
    "optimizer": "kplug/sgd",
    "regularizer": "kplug/l2",
}
# What is counted; one call and its gradient of other kinds.
USES = {
    "initializer": "One call",
    "metric": "One batch with its result",
    "optimizer": "One step",
}


def add_costs(folder: Path) -> None:
    """Add a sentence to each component of the pages that `kplug docs` wrote into a folder."""
    for kind, beside in BESIDE.items():
        unit = find_operations(kind, beside)
        for component in list_components(KINDS[kind]):
            name = component.qualified_name
            count = find_operations(kind, name)
            if count is not None and unit is not None:
                ratio = "" if name == beside else f", {count / unit:.2g} times those of `{beside}`"
                note = f"{USES.get(kind, 'One call with its gradient')} takes {count} operations of torch"
                add_note(folder, kind, name, f"{note}{ratio}.")


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
