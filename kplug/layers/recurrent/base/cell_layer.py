"""The layers of one kind of cell: their arguments are the cell's, and its slots stand under their name."""

from __future__ import annotations

from typing import Any

from kplug.arguments import refusal
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.recurrent.rnn import RNN

_OF_LAYER = frozenset({"name", "trainable", "dtype", "batch_input_shape", "activity_regularizer"})


def of_cell(name: str) -> Any:
    """Return a property of a layer that is the attribute of its cell."""

    def read(layer: RNN) -> Any:
        return getattr(layer.cell, name)

    return property(read, doc=f"``{name}`` of the cell.")


class CellLayer(RNN):
    """A layer that makes its cell of its own arguments.

    The cell's slots are the layer's too, so that messages and component tables name the layer.
    """

    units = of_cell("units")
    activation = of_cell("activation")
    use_bias = of_cell("use_bias")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")
    seed = of_cell("seed")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")

    def _adopt_slots(self, use_cudnn: object) -> None:
        """Take over the cell's slots, and the switch of torch's kernels."""
        if use_cudnn not in ("auto", True, False):
            raise refusal(self, "use_cudnn", use_cudnn, "'auto', True or False")
        self._takes_kernel = use_cudnn is not False
        self.input_spec = InputSpec(ndim=3)
        own = {name: slot for name, slot in self.cell.slots.items() if name not in _OF_LAYER}
        self.slots.update(own)

    def _show_component(self, name: str, component: Any) -> None:
        if name in _OF_LAYER:
            super()._show_component(name, component)
        else:
            self.cell._show_component(name, component)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config = super().get_config()
        del config["cell"]
        of_cell = self.cell.get_config()
        config.update({name: value for name, value in of_cell.items() if name not in _OF_LAYER})
        if not self._takes_kernel:
            config["use_cudnn"] = False
        return config
