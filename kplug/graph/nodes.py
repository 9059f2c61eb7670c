"""Symbolic tensors and nodes, and the topological order of nodes.

Tensors and nodes reference each other, so one module defines both.

Ownership: a tensor references its node and its layer, a layer the nodes of its calls, and a node its input
tensors. So the predecessors of a tensor or layer live as long as it does. References in the other direction
are weak: an unreferenced model is freed at once, without the garbage collector.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn, Protocol, final

from torch import nn
from torch.overrides import resolve_name

from kplug.backend import dtype_name
from kplug.errors import GraphError, SymbolicValueError
from kplug.graph.operators import Operators
from kplug.graph.specs import Shape, TensorSpec
from kplug.support.nested import find_leaves, map_leaves, sort_keys
from kplug.support.weak_links import WeakLink


class Operation(Protocol):
    """The interface of a layer in a graph."""

    name: str
    inbound_nodes: list[Node]

    def note_user(self, node: Node) -> None:
        """Record a call of another layer that uses a symbolic output of this one."""

    def infer_specs(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[TensorSpec, ...]:
        """Infer the specs of the outputs for arguments that contain ``TensorSpec``s."""

    def is_given_mask(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        """Return whether Keras's graph passes the mask of the first argument to a call."""

    def trace_masks(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the operations that compute the outputs' masks in Keras's graph."""

    def modules(self) -> Iterator[nn.Module]:
        """Return the layer and its submodules."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute with tensors."""


class KerasHistory(NamedTuple):
    """The origin of a symbolic tensor."""

    layer: Any
    node_index: int
    tensor_index: int


@final
class SymbolicTensor(Operators):
    """A tensor that gets values when the model runs.

    Args:
        node: The call that produces it.
        index: Its index among the outputs of that call.

    Attributes:
        layer: The layer that produces the tensor.

    Example:
        >>> from kplug.layers import Dense, Input
        >>> outputs = Dense(3)(Input((4,)))
        >>> outputs.shape, outputs.dtype
        ((None, 3), 'float32')
    """

    is_symbolic = True
    __slots__ = ("__weakref__", "index", "layer", "node")

    def __init__(self, node: Node, index: int) -> None:
        self.node = node
        self.layer: Any = node.layer
        self.index = index

    @property
    def spec(self) -> TensorSpec:
        """Shape and type, inferred by running the preceding layers on meta tensors."""
        return self.node.output_specs[self.index]

    @property
    def shape(self) -> Shape:
        """The sizes; data-dependent ones, such as the batch, are ``None``."""
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
    def name(self) -> str:
        """Name of its layer, with the output index if it is not the first."""
        return self.layer.name if self.index == 0 else f"{self.layer.name}:{self.index}"

    @property
    def _keras_history(self) -> KerasHistory:
        return KerasHistory(self.layer, self.node.node_index, self.index)

    @property
    def _keras_shape(self) -> Shape:
        return self.shape

    def __iter__(self) -> Iterator[Any]:
        raise GraphError(
            f"a symbolic tensor of layer {self.layer.name!r} cannot be unpacked",
            hint="A layer class with several outputs sets output_count to their number.",
        )

    def __bool__(self) -> bool:
        raise SymbolicValueError(
            f"a symbolic tensor of layer {self.layer.name!r} has no truth value: it has no values "
            "until the model runs"
        )

    # Python, NumPy and torch read an operand's values through these methods.

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise self._refusal("Python and NumPy")

    __len__ = __float__ = __int__ = __index__ = __complex__ = __round__ = __array__ = _refuse

    def __format__(self, form: str) -> str:
        if form:
            raise self._refusal(f"the format {form!r}")
        return str(self)

    @classmethod
    def __torch_function__(
        cls, func: Any, types: object, args: Any = (), kwargs: Any = None
    ) -> NoReturn:
        raise next(find_leaves((args, kwargs), SymbolicTensor))._refusal(resolve_name(func))

    def _refusal(self, function: str | None) -> SymbolicValueError:
        return SymbolicValueError(
            f"a symbolic tensor of layer {self.layer.name!r} has no values until the model runs, so "
            f"{function} cannot compute with it",
            hint="Functions of kplug.ops take symbolic tensors, such as kplug.ops.mean(x); what they lack, "
            "a layer computes: kplug.layers.Lambda(lambda x: torch.cumsum(x, 1))(x).",
        )

    def __getattr__(self, name: str) -> NoReturn:
        """Raise an error that names the alternative to a tensor's method."""
        if name.startswith("_") or name in SymbolicTensor.__slots__:  # the slot is not set yet
            raise AttributeError(name)
        raise AttributeError(
            f"a symbolic tensor of layer {self.layer.name!r} has no attribute {name!r}: it has no values "
            "until the model runs. Functions of kplug.ops take symbolic tensors, such as "
            "kplug.ops.reshape(x, (-1, 4)); what they lack, a layer computes: kplug.layers.Lambda(…)(x)."
        )

    def __repr__(self) -> str:
        known = self.node.known_specs
        text = "not inferred yet" if known is None else str(known[self.index].shape)
        return f"<SymbolicTensor {self.name!r}, shape {text}>"


@final
class Node:
    """One call of a layer on symbolic tensors; the call creates it.

    Args:
        layer: The layer that was called.
        args: Its positional arguments, which may nest symbolic tensors.
        kwargs: Its keyword arguments.
        output_count: The number of output tensors.
        specs: Their specs, if known in advance, as for an input.
    """

    def __init__(
        self,
        layer: Operation,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        output_count: int = 1,
        specs: tuple[TensorSpec, ...] | None = None,
    ) -> None:
        self._layer = WeakLink(layer)
        # Copies: the caller may change the passed list later.
        copied: tuple[tuple[Any, ...], dict[str, Any]] = map_leaves(
            (tuple(args), dict(kwargs or {})), SymbolicTensor, lambda tensor: tensor
        )
        self.args, self.kwargs = copied
        self.known_specs = specs
        self.input_tensors = list(find_leaves(sort_keys((self.args, self.kwargs)), SymbolicTensor))
        self._output_tensors: list[WeakLink[SymbolicTensor]] = [WeakLink()] * output_count
        self.node_index = len(layer.inbound_nodes)
        layer.inbound_nodes.append(self)
        for producer in dict.fromkeys(tensor.layer for tensor in self.input_tensors):
            producer.note_user(self)

    @property
    def layer(self) -> Any:
        """The called layer; None if only the node is still alive."""
        return self._layer()

    @property
    def output_tensors(self) -> list[SymbolicTensor]:
        """The output tensors of the call. Unreferenced ones are recreated."""
        known = [link() for link in self._output_tensors]
        tensors = [
            SymbolicTensor(self, place) if tensor is None else tensor
            for place, tensor in enumerate(known)
        ]
        self._output_tensors = [WeakLink(tensor) for tensor in tensors]
        return tensors

    @property
    def is_input(self) -> bool:
        """Whether the node is an input of the graph, without predecessors."""
        return not self.input_tensors

    @property
    def parent_nodes(self) -> list[Node]:
        """The nodes that produce this one's inputs, each once."""
        return list(dict.fromkeys(tensor.node for tensor in self.input_tensors))

    @property
    def output_specs(self) -> tuple[TensorSpec, ...]:
        """Shapes and types of the outputs, inferred on first access.

        Raises:
            GraphError: The layer returns another number of tensors than its class declares.
        """
        if self.known_specs is None:
            # Iterative: recursion would limit the depth of models.
            for node in sort_nodes(
                self.output_tensors, is_known=lambda one: one.known_specs is not None
            ):
                node.infer()
        assert self.known_specs is not None  # noqa: S101 - infer() sets it or raises
        return self.known_specs

    def infer(self) -> None:
        """Infer the output specs from the known input specs."""
        if self.known_specs is not None:
            return
        args, kwargs = map_leaves((self.args, self.kwargs), SymbolicTensor, lambda one: one.spec)
        specs = self.layer.infer_specs(args, kwargs)
        if len(specs) != len(self._output_tensors):
            raise GraphError(
                f"layer {self.layer.name!r} makes {len(specs)} tensors, its class says "
                f"{len(self._output_tensors)}",
                hint="A layer class with several outputs sets output_count to their number.",
            )
        self.known_specs = specs

    # Keras 2's names, and Keras 3's for the layer.

    @property
    def outbound_layer(self) -> Any:
        """The layer that was called."""
        return self.layer

    operation = outbound_layer

    @property
    def inbound_layers(self) -> list[Any]:
        """The layer of each input tensor."""
        return [tensor.layer for tensor in self.input_tensors]

    @property
    def node_indices(self) -> list[int]:
        """For each input tensor, the index of the call of its layer."""
        return [tensor.node.node_index for tensor in self.input_tensors]

    @property
    def tensor_indices(self) -> list[int]:
        """For each input tensor, its index among the outputs of that call."""
        return [tensor.index for tensor in self.input_tensors]

    @property
    def input_shapes(self) -> list[Shape]:
        """Shape of each input tensor."""
        return [tensor.shape for tensor in self.input_tensors]

    @property
    def output_shapes(self) -> list[Shape]:
        """Shape of each output tensor."""
        return [spec.shape for spec in self.output_specs]

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of the call."""
        return self.kwargs

    def __repr__(self) -> str:
        return f"<Node {self.node_index} of layer {self.layer.name!r}>"


def sort_nodes(
    tensors: Iterable[SymbolicTensor],
    is_known: Callable[[Node], bool] | None = None,
    given: Collection[SymbolicTensor] = (),
) -> list[Node]:
    """Return the nodes that the tensors depend on, in topological order.

    Args:
        tensors: The results.
        is_known: Nodes for which it is true are omitted, with their exclusive dependencies.
        given: Tensors whose values are known, in a set if they are many; their nodes are omitted.

    Returns:
        The nodes in depth-first post-order, from left to right.
    """
    finished: dict[Node, None] = {}
    pending = [(node, False) for node in _nodes_before(tensors, given)]
    while pending:
        node, is_expanded = pending.pop()
        if node in finished or (is_known is not None and is_known(node)):
            continue
        if is_expanded:
            finished[node] = None
        else:
            pending.append((node, True))
            pending.extend((other, False) for other in _nodes_before(node.input_tensors, given))
    return list(finished)


def _nodes_before(
    tensors: Iterable[SymbolicTensor], given: Collection[SymbolicTensor]
) -> list[Node]:
    """Return the nodes that produce tensors, in reverse, so that a stack pops the first one."""
    nodes = dict.fromkeys(tensor.node for tensor in tensors if tensor not in given)
    return list(reversed(nodes))


def is_symbolic(structure: object) -> bool:
    """Return whether a nested value contains a symbolic tensor."""
    if isinstance(structure, (list, tuple)):
        return any(map(is_symbolic, structure))
    if isinstance(structure, dict):
        return any(map(is_symbolic, structure.values()))
    return isinstance(structure, SymbolicTensor)
