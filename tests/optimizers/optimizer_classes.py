"""Every optimizer that is made of a rule, for tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Callable

from kplug import optimizers

CLASSES: list[Callable[..., optimizers.Optimizer]] = [
    optimizers.SGD,
    optimizers.RMSprop,
    optimizers.Adagrad,
    optimizers.Adadelta,
    optimizers.Adam,
    optimizers.Nadam,
    optimizers.Adamax,
    optimizers.AdamW,
    optimizers.Lion,
    optimizers.Lamb,
    optimizers.Ftrl,
    optimizers.Adafactor,
    optimizers.Muon,
    optimizers.ScheduleFreeAdamW,
]
