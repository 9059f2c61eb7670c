"""Symbolic tensors, and the search for them in nested arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, final

import torch

from kplug.backend import NumpyArray, dtype_name
from kplug.errors import GraphError
from kplug.graph.operators import Operators
from kplug.graph.structures import find_leaves

if TYPE_CHECKING:
    from kplug.graph.nodes import Node

Shape: TypeAlias = "tuple[int | None, ...]"


class TensorSpec(NamedTuple):
    """What is known of a tensor before it has values; an unknown size is ``None``."""

    shape: Shape
    dtype: torch.dtype


class KerasHistory(NamedTuple):
    """Where a symbolic tensor comes from."""

    layer: Any
    node_index: int
    tensor_index: int


@final
class SymbolicTensor(Operators):
    """A tensor that will have values when the model runs.

    Args:
        node: The call that makes it.
        index: Its place among the outputs of that call.

    Example:
        >>> from kplug.layers import Dense, Input
        >>> outputs = Dense(3)(Input((4,)))
        >>> outputs.shape, outputs.dtype
        ((None, 3), 'float32')
    """

    is_symbolic = True
    __slots__ = ("__weakref__", "index", "node")

    def __init__(self, node: Node, index: int) -> None:
        self.node = node
        self.index = index

    @property
    def spec(self) -> TensorSpec:
        """Shape and type; found by running the layers before it on tensors without memory."""
        return self.node.output_specs[self.index]

    @property
    def shape(self) -> Shape:
        """The sizes; those that depend on the data, as the batch, are ``None``."""
        return self.spec.shape

    @property
    def dtype(self) -> str:
        """Name of the number type."""
        return dtype_name(self.spec.dtype)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def layer(self) -> Any:
        """The layer that makes the tensor."""
        return self.node.layer

    @property
    def name(self) -> str:
        """Name of that layer, with the place among its outputs if it is not the first."""
        return self.layer.name if self.index == 0 else f"{self.layer.name}:{self.index}"

    @property
    def _keras_history(self) -> KerasHistory:
        return KerasHistory(self.node.layer, self.node.node_index, self.index)

    @property
    def _keras_shape(self) -> Shape:
        return self.shape

    def make_function(
        self, inputs: Sequence[Any], outputs: Sequence[Any]
    ) -> Callable[[Sequence[Any]], list[NumpyArray]]:
        """Return a function from values of ``inputs`` to values of ``outputs``; for ``K.function``."""
        from kplug.graph.functions import GraphFunction  # it is made of what this module defines

        return GraphFunction(inputs, outputs)

    def __iter__(self) -> Iterator[Any]:
        raise GraphError(
            f"a symbolic tensor of layer {self.layer.name!r} cannot be unpacked",
            hint="A layer class with several outputs sets output_count to their number.",
        )

    def __bool__(self) -> bool:
        raise GraphError(
            f"a symbolic tensor of layer {self.layer.name!r} has no truth value: it has no values "
            "until the model runs"
        )

    def __repr__(self) -> str:
        known = self.node.known_specs
        text = "not inferred yet" if known is None else str(known[self.index].shape)
        return f"<SymbolicTensor {self.name!r}, shape {text}>"


def is_symbolic(structure: object) -> bool:
    """Return whether a symbolic tensor occurs in a value, its lists, tuples or dicts."""
    return next(find_leaves(structure, SymbolicTensor), None) is not None
