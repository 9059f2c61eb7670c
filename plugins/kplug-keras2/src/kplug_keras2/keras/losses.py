"""``keras.losses`` and ``keras.objectives`` of Keras 2: losses that also take symbolic tensors."""

from __future__ import annotations

from typing import Any

from kplug import losses
from kplug_keras2.models.losses import LENIENT
from kplug_keras2.symbolic.connecting import connecting

_NOT_LOSSES = ("as_loss", "deserialize", "get", "serialize")


def _connect_all() -> dict[str, Any]:
    found = {name: getattr(losses, name) for name in vars(losses)["__all__"]} | LENIENT
    return {
        name: value if isinstance(value, type) or name in _NOT_LOSSES else connecting(value)
        for name, value in found.items()
    }


_functions = _connect_all()
globals().update(_functions)
__all__ = [*_functions]
