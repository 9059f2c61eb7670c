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
        page = folder / f"{KINDS[kind].plural}.md"
        text = page.read_text(encoding="utf-8")
        unit = find_operations(kind, beside)
        for component in list_components(KINDS[kind]):
            name = component.qualified_name
            count = find_operations(kind, name)
            if count is not None and unit is not None:
                ratio = "" if name == beside else f", {count / unit:.2g} times those of `{beside}`"
                note = f"{USES.get(kind, 'One call with its gradient')} takes {count} operations of torch"
                text = add_note(text, name, f"{note}{ratio}.")
        page.write_text(text, encoding="utf-8")


def add_note(text: str, name: str, note: str) -> str:
    """Return a page with a sentence below the line that says where a component is from."""
    pattern = rf"(^## {re.escape(name)}\n(?:(?!^## ).*\n)*?From .*\n)"
    return re.sub(pattern, lambda found: f"{found[1]}\n{note}\n", text, count=1, flags=re.MULTILINE)
