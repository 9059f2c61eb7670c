"""The row type of the table of planted defects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kplug_authoring import Example


@dataclass(frozen=True)
class Defect:
    """A component with one small defect.

    Args:
        name: What the author did.
        component: The component; but for the defect it is right.
        check: The check that has to fail.
        why: What a user would see.
        example: How it is made and called.
        also: Other checks that may rightly fail, too.
    """

    name: str
    component: Any
    check: str
    why: str
    example: Example = field(default_factory=Example)
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name.replace(" ", "_")
