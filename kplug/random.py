"""``random``: random tensors, dropout and shuffling, as in ``keras.random``.

Without a seed, numbers come from torch's generator, which ``kplug.utils.set_random_seed`` seeds. An
integer seed repeats the numbers of a call; a ``SeedGenerator`` advances with each call. For symbolic
tensors, numbers are drawn when the model runs.

Example:
    >>> from kplug import random
    >>> random.randint((2, 3), 0, 10, seed=1).shape
    torch.Size([2, 3])
"""

from typing import Any as _Any

from kplug.backend.random import SeedGenerator as SeedGenerator
from kplug.ops.dispatch import make_functions as _make_functions, refuse_name as _refuse_name
from kplug.ops.draws import DRAWS as _DRAWS
from kplug.support.exports import export_names

globals().update(_make_functions(_DRAWS, "random"))
export_names(globals())


def __getattr__(name: str) -> _Any:
    _refuse_name("kplug.random", name, globals()["__all__"])
