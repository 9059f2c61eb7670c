"""The `LearningRateSchedule` base class."""

from __future__ import annotations

from typing import Any, Final

from kplug.components.configurable import Configurable
from kplug.components.documentation import fill_documentation

# Descriptions of the arguments that all schedules share, added to their docstrings.
_SHARED_WORDS: Final = {
    "initial_learning_rate": "lr, the rate at step 0.",
    "staircase": "Whether step / decay_steps is rounded down.",
    "name": "Kept for the configuration; nothing else uses it.",
}


class LearningRateSchedule(Configurable):
    """A learning rate that depends on how many steps the optimizer has made.

    A subclass defines ``__call__``. If it stores its constructor's arguments as attributes of the same
    names, it inherits working ``get_config`` and ``from_config``.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __init__(self, start):
        ...         self.start = start
        ...
        ...     def __call__(self, step):
        ...         return self.start * 0.5**step
        >>> Halving(0.1)(1), Halving(0.1).get_config()
        (0.05, {'start': 0.1})

    Raises:
        ArgumentValueError: If a number is outside its range.
    """

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Add the descriptions of shared arguments to the class's docstring."""
        super().__init_subclass__(**keywords)
        fill_documentation(cls, _SHARED_WORDS)

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step; the first one is step 0."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(step)")
