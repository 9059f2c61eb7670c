"""``keras.callbacks`` of Keras 1 and 2: kplug's callbacks, with the old arguments too."""

from __future__ import annotations

from kplug import callbacks
from kplug.callbacks import Callback
from kplug_keras2.arguments.aliases import alias_classes

_aliases = alias_classes(callbacks)
globals().update(_aliases)
__all__ = [*_aliases, "BaseLogger", "ProgbarLogger"]


class BaseLogger(Callback):
    """Averages metrics over an epoch, which ``fit`` does by itself; so it does nothing.

    Args:
        stateful_metrics: Ignored.
    """

    def __init__(self, stateful_metrics: object = None) -> None:
        super().__init__()
        del stateful_metrics


class ProgbarLogger(Callback):
    """Prints progress, which ``fit(verbose=1)`` does by itself; so it does nothing.

    Args:
        count_mode: Ignored.
        stateful_metrics: Ignored.
    """

    def __init__(self, count_mode: str = "samples", stateful_metrics: object = None) -> None:
        super().__init__()
        del count_mode, stateful_metrics
