"""How a layer gets its components and its weights, once its input shape is known.

Each is a function whose first argument is the layer; ``Layer`` has them as its methods.
"""
# ruff: noqa: D417 - methods: self needs no words

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from kplug.errors import KplugError
from kplug.layers.base import component_slots
from kplug.layers.base.building import fill_layers, list_upstream
from kplug.layers.base.methods.calls import require_shapes_of_inputs
from kplug.layers.base.methods.outermost_call import note_built
from kplug.layers.base.methods.protocol import AnyLayer
from kplug.layers.base.shapes import is_shape
from kplug.layers.base.single_softmax import warn_of_activation
from kplug.layers.base.weight_paths import building
from kplug.nested import find_leaves
from kplug.registry.errors import raise_problems


def build_for(self: AnyLayer, input_shape: Any) -> None:
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


def declare_for(self: AnyLayer, input_shape: Any) -> None:
    """Add the layer's weights without values, unless it has them.

    Raises:
        DataError: The layer does not take this shape.
    """
    if is_shape(input_shape):
        input_shape = tuple(input_shape)
    shapes = list(find_leaves(input_shape, tuple))
    require_shapes_of_inputs(self, shapes)
    if not self.built:
        count = len(self._store.entries)
        try:
            with building(self.name) if self._names_weights else nullcontext():
                self.build(input_shape)
        except BaseException:
            self._store.forget_after(count)
            raise
        self.built = True
        note_built(self)
        require_shapes_of_inputs(self, shapes)
        warn_of_activation(self, input_shape)


def materialize(self: AnyLayer) -> None:
    """Give all declared weights their first values, inner layers included.

    Raises:
        KplugError: A component cannot be found, or an initializer makes a wrong shape.
    """
    fill_layers([self], f"layer {self.name!r}")


def resolve_slots(self: AnyLayer) -> list[KplugError]:
    """Look up the components of all slots, inner layers included.

    Returns:
        What went wrong, one error a slot; each names its slot, as ``dense.kernel_regularizer``.
    """
    return component_slots.resolve_slots(self._flatten_layers())


def fill_own_weights(self: AnyLayer) -> None:
    """Run the initializers of the weights that have no values yet; slots are resolved."""
    if self._is_ready:
        return
    filled = self._store.fill(self._device, self.name)
    self._is_ready = True
    self._adjust_first_values(filled)
    given = self._store.take_given_values()
    if given is not None:
        self.set_weights(given)


def ensure_values(self: AnyLayer) -> None:
    """Build and fill the layer if what is known suffices."""
    if self._is_ready:
        return
    if not self.built:
        self._declare_from_what_is_known()
        for inner in self._flatten_layers():  # graphs inside know their inputs
            if not inner.built:
                inner._declare_from_what_is_known()
    if self.built:
        # The layers before it draw first, so that asking one layer gives no other values.
        layers = list_upstream(self.inbound_nodes) if self.inbound_nodes else [self]
        fill_layers(layers, "the layers")


def declare_from_what_is_known(self: AnyLayer) -> None:
    """Add the weights without values, if the input shape is known."""
    if self.inbound_nodes:
        _ = self.inbound_nodes[0].output_specs
    elif self.batch_input_shape is not None:
        self.declare_for(self.batch_input_shape)
