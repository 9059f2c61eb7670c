"""`Verdict`: whether a component computes what a reading of it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from kplug.registry.errors import RegistrationError
from kplug.registry.quoting import make_printable, quote

Outcome = Literal["same", "differs", "cannot be compared"]
_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a component computes what a reading of it says.

    Args:
        outcome: ``"same"``, ``"differs"`` or ``"cannot be compared"``.
        message: What differs and by how much, or why it cannot be compared. It is shown as one line.

    Raises:
        RegistrationError: for another outcome, or a message that is no text.

    Example:
        >>> Verdict("differs", "value: 0.5, now 0.75").outcome
        'differs'
    """

    outcome: Outcome
    message: str = ""

    def __post_init__(self) -> None:
        given: tuple[object, object] = (self.outcome, self.message)
        if self.outcome not in get_args(Outcome) or not isinstance(given[1], str):
            raise RegistrationError(
                f"{quote(given)} is no verdict on a component",
                hint='Give one of its outcomes and a text: kplug.Verdict("differs", "0.5, now 0.75").',
            )
        line = make_printable(" ".join(self.message.split()))[:_LONGEST_MESSAGE]
        object.__setattr__(self, "message", line)
