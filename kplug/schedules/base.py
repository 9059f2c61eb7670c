"""What a learning-rate schedule is."""

from __future__ import annotations

from kplug.configurable import Configurable


class LearningRateSchedule(Configurable):
    """A learning rate that depends on how many steps the optimizer has made.

    A subclass writes ``__call__``. If it keeps its constructor's arguments as attributes of the same
    names, ``get_config`` and ``from_config`` work without more.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __init__(self, start):
        ...         self.start = start
        ...
        ...     def __call__(self, step):
        ...         return self.start * 0.5**step
        >>> Halving(0.1)(1), Halving(0.1).get_config()
        (0.05, {'start': 0.1})
    """

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step; the first one is step 0."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(step)")
