"""How a layer gets from its constructor to weights: look-up, declaration, first values, shapes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor

from kplug.errors import DataError, KplugError, raise_problems
from kplug.graph import Shape, TensorSpec, find_leaves, sort_nodes
from kplug.layers.base.graph_links import Connections
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.shape_inference import as_shapes, infer_by_running, shapes_of
from kplug.layers.base.shapes import is_shape
from kplug.layers.base.weight_lists import WeightLists

# Kinds of component that change values, never shapes.
_ABOUT_VALUES = ("initializer", "regularizer", "constraint")


class Building(Connections, WeightLists):
    """The part of a layer that builds it.

    Attributes:
        input_spec: What shapes the layer takes, or ``None`` for all.
        batch_input_shape: The input shape that the constructor was given, or ``None``.
        takes_several: Whether a call may be given several tensors in a list, tuple or dict; false
            where ``call`` says that its first argument is a ``Tensor``, unless a class sets it.
        built_shape: What ``build`` was given: a shape, or shapes nested as the inputs are.
        given_arguments: Optional arguments that a user's constructor was given, by name.
    """

    input_spec: InputSpec | None = None
    takes_several: bool = True
    built_shape: Any = None
    given_arguments: tuple[str, ...] = ()
    batch_input_shape: Shape | None

    def build(self, input_shape: Any) -> None:  # noqa: ARG002 - subclasses use it
        """Add the weights; called once, when the input shape is known.

        Args:
            input_shape: Shape with the batch (``None``) in front; a list of shapes if the layer is
                called on a list.
        """
        self.built = True

    def _prepare(self, inputs: Any) -> None:
        if self._is_ready:
            return
        if not self.built:
            self.declare_for(shapes_of(inputs))
        if any(tensor.is_meta for tensor in find_leaves(inputs, Tensor)):
            self._resolve_what_runs()
        else:
            self.materialize()

    def _check_shapes(self, inputs: Any, cause: BaseException | None = None) -> None:
        """Raise an error that names the shapes, if they are why a call failed."""
        shapes = [tuple(tensor.shape) for tensor in find_leaves(inputs, Tensor)]
        if len(shapes) == 1 and self.input_spec is not None:
            self._require_shape(shapes[0], cause)

    def _require_shape(self, shape: Shape, cause: BaseException | None = None) -> None:
        spec = self.input_spec
        if spec is not None and not spec.fits(shape):
            raise DataError(
                f"layer {self.name!r} expects inputs of {spec.describe()}, got shape {shape}"
            ) from cause

    def build_for(self, input_shape: Any) -> None:
        """Build the layer for an input shape: look its components up, add and fill its weights.

        Args:
            input_shape: Shape with the batch (``None``) in front, or a list of shapes.

        Raises:
            KplugError: A component cannot be found; ``SeveralProblemsError`` if several cannot.
            DataError: The layer does not take this shape.
        """
        raise_problems(self.resolve_slots(), f"layer {self.name!r} cannot be built")
        self.declare_for(input_shape)
        self.materialize()

    def declare_for(self, input_shape: Any) -> None:
        """Add the layer's weights without values, unless it has them.

        Raises:
            DataError: The layer does not take this shape.
        """
        is_one = is_shape(input_shape)
        if is_one:
            input_shape = tuple(input_shape)
            self._require_shape(input_shape)
        if not self.built:
            self.build(input_shape)
            self.built = True
            if is_one:
                self._require_shape(input_shape)

    def materialize(self) -> None:
        """Give all declared weights their first values, inner layers included.

        Raises:
            KplugError: A component cannot be found, or an initializer makes a wrong shape.
        """
        layers = [module for module in self.modules() if isinstance(module, Building)]
        if all(layer._is_ready for layer in layers):
            return
        raise_problems(self.resolve_slots(), f"layer {self.name!r} cannot be built")
        for layer in layers:
            if layer.built:
                layer._fill_own_weights()

    def _fill_own_weights(self) -> None:
        """Run the initializers of the weights that have no values yet; slots are resolved."""
        if self._is_ready:
            return
        for entry in self._entries:
            if not entry.has_values:
                entry.fill(
                    self._weight_of(entry), self._device, f"{self.name}.{entry.name}_initializer"
                )
        self._is_ready = True
        if self._initial_weights is not None:
            initial, self._initial_weights = self._initial_weights, None
            self.set_weights(initial)

    def count_declared(self) -> int:
        """Return how many bytes the declared weights take, inner layers included."""
        layers = [module for module in self.modules() if isinstance(module, Building)]
        return sum(
            math.prod(entry.shape) * entry.dtype.itemsize
            for layer in layers
            for entry in layer._entries
        )

    def reserve(self) -> None:
        """Give all declared weights memory without values, inner layers included: a file has them."""
        for layer in self.modules():
            if isinstance(layer, Building):
                for entry in layer._entries:
                    if layer.built and not entry.has_values:
                        entry.reserve(layer._weight_of(entry), layer._device)

    def resolve_slots(self) -> list[KplugError]:
        """Look up the components of all slots, inner layers included.

        Returns:
            What went wrong, one error a slot; each names its slot, as ``dense.kernel_regularizer``.
        """
        problems: list[KplugError] = []
        tried: set[int] = set()
        for module in self.modules():
            if isinstance(module, Building):
                problems += module._resolve_own_slots(tried)
        return problems

    def _resolve_what_runs(self) -> None:
        """Look up the components that a shape may depend on, such as an activation."""
        problems: list[KplugError] = []
        tried: set[int] = set()
        for module in self.modules():
            if isinstance(module, Building):
                problems += module._resolve_own_slots(tried, leaving_out=_ABOUT_VALUES)
        raise_problems(problems, f"layer {self.name!r} cannot be used")

    def _resolve_own_slots(
        self, tried: set[int], leaving_out: Sequence[str] = ()
    ) -> list[KplugError]:
        problems: list[KplugError] = []
        for name, slot in self.slots.items():
            # A slot that a layer shares with one inside it is looked up, and reported, once.
            if slot.is_resolved or slot.kind in leaving_out or id(slot) in tried:
                continue
            tried.add(id(slot))
            try:
                slot.resolve(f"{self.name}.{name}")
            except KplugError as error:
                problems.append(error)
            else:
                if slot.is_argument:
                    self._show_component(name, slot.value)
        return problems

    def _ensure_values(self) -> None:
        if self._is_ready:
            return
        if not self.built:
            self._declare_from_what_is_known()
        if self.built:
            materialize_all(self._upstream())

    def _declare_from_what_is_known(self) -> None:
        if self.inbound_nodes:
            _ = self.inbound_nodes[0].output_specs
        elif self.batch_input_shape is not None:
            self.declare_for(self.batch_input_shape)

    def _upstream(self) -> list[Building]:
        """Return the layers before this one, and itself: their weights are drawn in that order."""
        if not self.inbound_nodes:
            return [self]
        nodes = sort_nodes(self.inbound_nodes[0].output_tensors)
        found: list[Any] = [node.layer for node in nodes]
        return list(dict.fromkeys(found))

    def infer_specs(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[TensorSpec, ...]:
        """Return shapes and types of the outputs for arguments that hold ``TensorSpec``s."""
        shapes = shapes_of(args[0]) if args else None
        self.declare_for(shapes)
        if type(self).compute_output_shape is not Building.compute_output_shape:
            first = next(find_leaves((args, kwargs), TensorSpec))
            dtype = first.dtype if first.dtype.is_floating_point else self._torch_dtype
            made = as_shapes(self.compute_output_shape(shapes))
            return tuple(TensorSpec(shape, dtype) for shape in made)
        return infer_by_running(self, args, kwargs, f"layer {self.name!r}")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output shape for an input shape, both with the batch in front.

        A subclass may write it; it must only if ``call`` needs real data to run.

        Args:
            input_shape: A shape, or a list of shapes.

        Returns:
            A shape, or a list of shapes.
        """
        specs = [TensorSpec(shape, self._torch_dtype) for shape in as_shapes(input_shape)]
        argument = specs[0] if is_shape(input_shape) else specs
        made = [spec.shape for spec in self.infer_specs((argument,), {})]
        return made[0] if len(made) == 1 else made


def materialize_all(layers: Iterable[Any]) -> None:
    """Look up the components of layers, all problems together, then fill weights in their order.

    Args:
        layers: Built layers, in the order in which their weights are to be drawn.
    """
    found = [layer for layer in layers if isinstance(layer, Building)]
    problems = [problem for layer in found for problem in layer.resolve_slots()]
    raise_problems(problems, "the layers cannot be built")
    for layer in found:
        layer.materialize()


def marking_built(build: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Return a ``build`` that marks the layer built, also where its author calls it by hand."""

    @functools.wraps(build)
    def build_and_mark(self: Any, input_shape: Any) -> None:
        build(self, input_shape)
        self.built, self.built_shape = True, input_shape

    return build_and_mark
