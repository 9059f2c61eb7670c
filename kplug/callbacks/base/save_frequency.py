"""Save frequency of a callback: every epoch, or every so many steps."""

from __future__ import annotations

from typing import final

from kplug.components.arguments import require_integer

_ALLOWED = "'epoch' or a number of steps >= 1"


@final
class SaveFrequency:
    """Counts steps and decides when to save: every so many steps, or at the end of each ``"epoch"``.

    Raises:
        ArgumentValueError: If the frequency is neither.

    Example:
        >>> frequency = SaveFrequency("ModelCheckpoint", 3)
        >>> [frequency.is_due_after(step) for step in (0, 1, 2, 0, 1, 2)]
        [False, False, True, False, False, True]
    """

    def __init__(self, owner: str, frequency: object) -> None:
        self.steps: int | None = None
        if frequency != "epoch":
            self.steps = require_integer(owner, "save_freq", frequency, _ALLOWED, at_least=1)
        self._waiting = 0
        self._last: int | None = None

    @property
    def is_by_epoch(self) -> bool:
        """Whether saving is due at the end of each epoch."""
        return self.steps is None

    def is_due_after(self, step: int) -> bool:
        """Count a step, numbered from 0 in its epoch, and return whether to save now.

        For steps that ran together, pass the last one.
        """
        if self.steps is None:
            return False
        is_new_epoch = self._last is None or step <= self._last
        self._waiting += step + 1 if is_new_epoch else step - (self._last or 0)
        self._last = step
        if self._waiting < self.steps:
            return False
        self._waiting = 0
        return True
