"""``Sequential`` models that begin with Keras 1's ``Merge``."""

from __future__ import annotations

from typing import Any

import kplug
from kplug.models import Functional

_add = kplug.Sequential.add


class BranchedModel(Functional):
    """A model with several inputs, to which layers are added one by one."""

    def add(self, layer: Any) -> None:
        """Append a layer."""
        Functional.__init__(self, self.inputs, layer(self.output), name=self.name)

    def pop(self) -> None:
        """Refuse: merged inputs cannot be removed.

        Raises:
            KplugError: Always.
        """
        raise kplug.KplugError(
            f"model {self.name!r} begins with Merge, and loses no layer",
            hint="Make the model again without the layer.",
        )


def add(self: Any, layer: Any) -> None:
    """Append a layer; a first layer with several inputs makes the chain a ``BranchedModel``."""
    if isinstance(layer, Functional) and not self.layers and len(layer.inputs) > 1:
        name = self.name
        self.__class__ = BranchedModel
        Functional.__init__(self, layer.inputs, layer.outputs[0], name=name)
    else:
        _add(self, layer)
