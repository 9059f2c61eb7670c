"""What a layer says of itself, so that it can be made again.

Each is a function whose first argument is the layer; ``Layer`` has them as its methods.
"""

from __future__ import annotations

from typing import Any

from kplug.layers.base.constructor_arguments import list_kept_arguments
from kplug.layers.base.methods.protocol import AnyLayer


def get_config(self: AnyLayer) -> dict[str, Any]:
    """Return what ``from_config`` needs to make the layer again, without its weights.

    Components are specs with qualified names, such as ``kplug/l2(l2=0.01)``. Other arguments of the
    constructor are in it if the layer keeps them as attributes of the same names, with values that
    JSON can hold; a class that keeps them in another form writes ``get_config``.
    """
    config: dict[str, Any] = {
        "name": self.name,
        "trainable": self.trainable,
        "dtype": self.dtype,
    }
    if self.batch_input_shape is not None:
        config["batch_input_shape"] = self.batch_input_shape
    for name, slot in self.slots.items():
        if slot.is_argument:
            config[name] = slot.to_config()
    for name, value in list_kept_arguments(self).items():
        config.setdefault(name, value)
    return config
