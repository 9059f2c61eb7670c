"""The row type of the table of subtle defects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kplug_authoring import Example


@dataclass(frozen=True)
class Subtle:
    """A component with one defect, and the same without it.

    Args:
        kind: Its kind.
        check: The check that has to fail.
        broken: The component with the defect.
        sound: The component without it.
        found: A pattern of what the check says.
        example: How both are made and called.
    """

    kind: str
    check: str
    broken: Any
    sound: Any
    found: str = ""
    example: Example = field(default_factory=Example)

    def __str__(self) -> str:
        name = getattr(self.broken, "__name__", type(self.broken).__name__)
        return f"{self.kind}-{self.check}-{name}"
