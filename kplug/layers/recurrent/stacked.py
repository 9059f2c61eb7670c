"""``StackedRNNCells``: chains several cells into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from typing_extensions import Self

from kplug.components.configurable import read_config
from kplug.errors import ArgumentValueError
from kplug.graph import Shape
from kplug.layers.base.layer import Layer
from kplug.layers.recurrent.base.cells import Cell, is_cell, output_size_of, sizes_of, split_states
from kplug.layers.serialization import read_inner, serialize


class StackedRNNCells(Layer):
    """Several cells, each fed with the output of the one before, as one cell.

    Args:
        cells: The cells, layers with a ``state_size``.

    Raises:
        ArgumentValueError: ``cells`` is no list of such layers.

    Example:
        >>> import torch
        >>> from kplug.layers import LSTMCell, RNN
        >>> layer = RNN(StackedRNNCells([LSTMCell(4), LSTMCell(3)]))
        >>> layer(torch.zeros(2, 5, 6)).shape
        torch.Size([2, 3])

    Reference:
        ``keras.layers.StackedRNNCells``. The states are one list, those of the first cell first; Keras
        has a list for each cell.
    """

    def __init__(self, cells: Sequence[Layer], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        is_list = isinstance(cells, (list, tuple)) and bool(cells)
        if not is_list or not all(is_cell(cell) for cell in cells):
            raise ArgumentValueError(
                "StackedRNNCells", "cells", cells, "a list of cells: layers with a state_size"
            )
        self.cells: Any = nn.ModuleList(cells)

    @property
    def state_size(self) -> list[int]:
        """The sizes of the states of all cells."""
        return [size for cell in self.cells for size in sizes_of(cell)]

    @property
    def output_size(self) -> int:
        """Size of the output of the last cell."""
        return output_size_of(self.cells[-1])

    @property
    def chained_cells(self) -> list[Cell] | None:
        """The cells, if each may run over whole sequences; ``None`` if a subclass overrides ``call``."""
        return list(self.cells) if type(self).call is StackedRNNCells.call else None

    def build(self, input_shape: Shape) -> None:
        """Build each cell for the output of the one before."""
        for cell in self.cells:
            cell.declare_for(input_shape)
            input_shape = (input_shape[0], output_size_of(cell))

    def call(self, inputs: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Compute one step.

        Args:
            inputs: Shape (N, in).
            states: The states of all cells, shape (N, size) each.

        Returns:
            The output of the last cell, and the list of new states.
        """
        made: list[Tensor] = []
        for cell, own in zip(self.cells, split_states(self.cells, states), strict=True):
            inputs, new = cell(inputs, own)
            made += [new] if isinstance(new, Tensor) else list(new)
        return inputs, made

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "cells": [serialize(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a layer from the result of ``get_config``, here or in Keras."""
        config = read_config(cls, config)
        if "cells" in config:
            config = {**config, "cells": [read_inner(entry) for entry in config["cells"]]}
        return super().from_config(config)
