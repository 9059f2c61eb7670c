"""``keras.constraints`` of Keras 1 and 2: kplug's constraints, with Keras 1's arguments too."""

from __future__ import annotations

from kplug import constraints
from kplug_keras2.arguments.aliases import alias_classes

_aliases = alias_classes(constraints)
globals().update(_aliases)
__all__ = [*_aliases]
