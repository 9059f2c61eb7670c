"""What a layer knows of its place in a graph: its nodes, inputs and outputs."""

from __future__ import annotations

from typing import Any

from kplug.errors import GraphError, NotBuiltError
from kplug.graph import Node, SymbolicTensor, copy_connected


def _one_or_all(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


class Connections:
    """The graph side of a layer. Each call on a symbolic tensor has added a node.

    Attributes:
        inbound_nodes: One node a call of this layer.
        outbound_nodes: The nodes in which other layers use its outputs.
    """

    name: str
    inbound_nodes: list[Node]
    outbound_nodes: list[Node]

    @property
    def _inbound_nodes(self) -> list[Node]:
        return self.inbound_nodes

    @property
    def _outbound_nodes(self) -> list[Node]:
        return self.outbound_nodes

    @property
    def input(self) -> Any:
        """The symbolic input, or the list of them.

        Raises:
            NotBuiltError: The layer is in no graph.
            GraphError: It was called more than once; ``get_input_at`` says which is meant.
        """
        return self._of_only_node("input", self.get_input_at)

    @property
    def output(self) -> Any:
        """The symbolic output, or the list of them.

        Raises:
            NotBuiltError: The layer is in no graph.
            GraphError: It was called more than once; ``get_output_at`` says which is meant.
        """
        return self._of_only_node("output", self.get_output_at)

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or the list of shapes; the batch is ``None``.

        Raises:
            NotBuiltError: The layer is in no graph.
            GraphError: It was called on several shapes; ``get_input_shape_at`` says which is meant.
        """
        return self._of_only_node("input_shape", self.get_input_shape_at, may_agree=True)

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or the list of shapes; the batch is ``None``.

        Raises:
            NotBuiltError: The layer is in no graph.
            GraphError: It has outputs of several shapes; ``get_output_shape_at`` says which is meant.
        """
        return self._of_only_node("output_shape", self.get_output_shape_at, may_agree=True)

    def get_input_at(self, node_index: int) -> Any:
        """Return the symbolic input of one call of the layer.

        Args:
            node_index: Which call, from 0.

        Raises:
            GraphError: There was no such call.
        """
        node = self._node_at(node_index)
        return _one_or_all(node.input_tensors or node.output_tensors)

    def get_output_at(self, node_index: int) -> Any:
        """Return the symbolic output of one call of the layer."""
        return _one_or_all(self._node_at(node_index).output_tensors)

    def get_input_shape_at(self, node_index: int) -> Any:
        """Return the input shape of one call of the layer."""
        node = self._node_at(node_index)
        tensors: list[SymbolicTensor] = node.input_tensors or node.output_tensors
        return _one_or_all([tensor.shape for tensor in tensors])

    def get_output_shape_at(self, node_index: int) -> Any:
        """Return the output shape of one call of the layer."""
        return _one_or_all(self._node_at(node_index).output_shapes)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy_connected(self, memo)

    def operate(self, operation: str, args: tuple[Any, ...]) -> SymbolicTensor:
        """Return the result of an operator whose operands include one of the layer's outputs.

        Args:
            operation: Name of the operation, such as ``"add"``.
            args: The operands.

        Raises:
            GraphError: An operand is neither symbolic nor a number.
        """
        from kplug.layers.tensor_operation import connect_operation  # a layer, made of this class

        result: SymbolicTensor = connect_operation(operation, args)
        return result

    def _node_at(self, index: int) -> Node:
        if not -len(self.inbound_nodes) <= index < len(self.inbound_nodes):
            raise GraphError(
                f"layer {self.name!r} has no node {index}: it was called "
                f"{len(self.inbound_nodes)} times on symbolic tensors"
            )
        return self.inbound_nodes[index]

    def _of_only_node(self, what: str, getter: Any, may_agree: bool = False) -> Any:
        # Not AttributeError, as Keras raises: torch's modules would replace its message.
        if not self.inbound_nodes:
            raise NotBuiltError(
                f"layer {self.name!r} has no {what}: it was not called on a symbolic tensor",
                hint="Add it to a model whose input shape is known, or call it on an Input.",
            )
        count = len(self.inbound_nodes)
        is_clear = may_agree and all(getter(index) == getter(0) for index in range(1, count))
        if count > 1 and not is_clear:
            raise GraphError(
                f"layer {self.name!r} has several inbound nodes, so {what} has no single meaning",
                hint=f"Use {getter.__name__}(node_index).",
            )
        return getter(0)
