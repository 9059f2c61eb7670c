"""Defects that the authors of the checks did not see, and correct components: how many the kit finds.

Each plant looks like a component that works. The checks were written from the list of classes alone, and
then mended by the plants that are not held back. ``python -m tests.plugins.plants`` measures.
"""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kplug_authoring import Example

from tests.plugins.planted_defects import find_failures

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Plant:
    """A row of a table.

    Args:
        kind: The kind of the component.
        object: Its module here, and its name there.
        what: What it does.
        arguments: What it is made with.
        of_class: The class of its defect; empty for what is right.
        is_held_back: Whether the checks were done before anybody looked at it.
    """

    kind: str
    object: str
    what: str
    arguments: dict[str, Any] = field(default_factory=dict)
    of_class: str = ""
    is_held_back: bool = False

    def __str__(self) -> str:
        return self.object.replace(":", "-")

    def find_failures(self) -> dict[str, str]:
        """Return what the kit finds, by check."""
        module, name = self.object.split(":")
        component = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        return find_failures(self.kind, component, Example(self.arguments))

    @property
    def is_found(self) -> bool:
        """Whether a check fails; that none of the usual inputs suits it says nothing of a defect."""
        return bool(self.find_failures().keys() - {"made"})


def _read(name: str) -> list[Plant]:
    return [Plant(**row) for row in json.loads((_HERE / name).read_text("utf-8"))]


PLANTED = _read("planted.json")
CORRECT = _read("correct.json")
