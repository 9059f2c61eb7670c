"""The weights of a layer and the components that they are made with.

Each is a function whose first argument is the layer; ``Layer`` has them as its methods.
"""
# ruff: noqa: D417 - methods: self needs no words

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor

from kplug.arguments import require_choice
from kplug.backend import DTypeLike, NumpyArray, get_value, to_dtype
from kplug.errors import ArgumentValueError, NotBuiltError, WeightsError
from kplug.layers.base.component_slots import Slot, find_weight_slot
from kplug.layers.base.methods.protocol import AnyLayer
from kplug.layers.base.tracked_containers import require_initialized
from kplug.layers.base.weight_entry import WeightEntry
from kplug.layers.base.weight_lists import assign_weights, count_elements
from kplug.layers.base.weight_paths import make_path
from kplug.layers.base.weight_store import check_name, check_sizes


def add_slot(
    self: AnyLayer, name: str, kind: str, identifier: object, *, default: str | None = None
) -> None:
    """Keep a constructor argument that names a component, to be looked up later.

    Afterwards the attribute ``name`` holds what was given, and the component itself once the
    layer's slots are resolved.

    Args:
        name: Name of the argument, such as ``kernel_initializer``.
        kind: What may stand in it, such as ``"initializer"``.
        identifier: What was given.
        default: What ``None`` means, where it does not mean nothing.
    """
    require_initialized(self)
    self.slots[name] = Slot(kind, identifier, default=default)
    self._show_component(name, identifier)


def add_weight(
    self: AnyLayer,
    name: str | None = None,
    shape: Sequence[int] = (),
    initializer: object = None,
    regularizer: object = None,
    constraint: object = None,
    trainable: bool = True,
    dtype: DTypeLike = None,
    memory_order: Sequence[int] | None = None,
    fan_axes: tuple[Sequence[int], Sequence[int]] | None = None,
) -> Any:
    """Add a weight; call it in ``build``.

    Args:
        name: Its name, unique in the layer; also the attribute that holds it, unless the result
            is assigned to another one. ``None`` is ``variable``, then ``variable_1``.
        shape: Its shape, as Keras has it.
        initializer: A component, or the name of a slot such as ``"kernel_initializer"``;
            ``None`` is ``glorot_uniform`` (``zeros`` for a single axis and below).
        regularizer: A component, the name of a slot, or ``None``.
        constraint: A component, the name of a slot, or ``None``.
        trainable: Whether training changes it.
        dtype: Its type; ``None`` is the layer's.
        memory_order: The axes in the order in which they lie in memory, slowest first;
            ``None`` is as they are.
        fan_axes: The axes that count as input and those that count as output, for initializers
            whose spread depends on them; ``None``: the last two, as of a kernel.

    Returns:
        The weight. It has its values once the layer is used or ``weights`` is asked for.

    Raises:
        ArgumentValueError: The name is taken or no name, or a size is unknown.
    """
    require_initialized(self)
    owner = f"{type(self).__name__}.add_weight"
    name = self._store.find_free_name() if name is None else check_name(owner, name)
    if vars(self).get(name, self) is None:  # a place kept free in the constructor
        del vars(self)[name]
    if name in self._store or hasattr(self, name):
        raise ArgumentValueError(owner, "name", name, "a name that the layer does not have yet")
    sizes = check_sizes(owner, self.name, shape)
    default = "kplug/glorot_uniform" if len(sizes) > 1 else "kplug/zeros"
    entry = WeightEntry(
        name=name,
        attribute=name,
        path=make_path(self.name, name),
        shape=sizes,
        dtype=self._torch_dtype if dtype is None else to_dtype(dtype),
        initializer=find_weight_slot(self.slots, name, "initializer", initializer, default),
        regularizer=find_weight_slot(self.slots, name, "regularizer", regularizer),
        constraint=find_weight_slot(self.slots, name, "constraint", constraint),
        is_trainable=trainable,
        memory_order=tuple(memory_order or range(len(sizes))),
        fan_axes=fan_axes,
    )
    return _declare(self, entry)


def set_weight_component(
    self: AnyLayer,
    weight: Tensor,
    kind: Literal["regularizer", "constraint"],
    component: object,
) -> None:
    """Give a weight another regularizer or constraint than ``add_weight`` did; call it in ``build``.

    Args:
        weight: What ``add_weight`` returned.
        kind: Which of the two it is.
        component: The component, or what names one; ``None`` for none.

    Raises:
        ArgumentValueError: There is no such kind.
        WeightsError: The tensor is no weight that the layer has added.
    """
    require_choice(
        f"{type(self).__name__}.set_weight_component", "kind", kind, ("regularizer", "constraint")
    )
    entry = self._store.find_entry(weight)
    if entry is None:
        raise WeightsError(
            f"layer {self.name!r}: set_weight_component was given a tensor of shape "
            f"{tuple(weight.shape)}, which is no weight that the layer has added",
            hint="Give it what add_weight returned.",
        )
    slot = entry.regularizer if kind == "regularizer" else entry.constraint
    slot.replace(component)
    self.slots[f"{entry.name}_{kind}"] = slot
    self._is_ready = False  # the component is looked up before the layer is used


def _declare(self: AnyLayer, entry: WeightEntry) -> Any:
    """Add a weight without memory to the parameters or buffers."""
    weight: Any = entry.declare()
    if entry.is_trainable:
        self.register_parameter(entry.name, weight)
        weight.requires_grad_(weight.requires_grad and self._trainable)
    else:
        self.register_buffer(entry.name, weight)
    self._store.entries.append(entry)
    self._is_ready = False
    return weight


def named_weights(self: AnyLayer) -> list[tuple[str, Tensor]]:
    """Return names and weights in Keras's order.

    Own weights come first, those that training changes before the others, then those of the
    layers and modules inside, in the order in which they were set.

    Returns:
        Pairs; the name of an inner layer's weight is ``attribute/name``.
    """
    self._ensure_values()
    # Of several names of one weight the first counts.
    unique: dict[int, tuple[str, Tensor]] = {}
    for name, weight in self._walk():
        unique.setdefault(id(weight), (name, weight))
    return list(unique.values())


def count_params(self: AnyLayer) -> int:
    """Return how many numbers the weights hold.

    Raises:
        NotBuiltError: The layer has no weights yet, since its input shape is unknown.
    """
    weights = self.weights
    if not self.built:
        raise NotBuiltError(
            f"layer {self.name!r} has no weights yet: its input shape is unknown",
            hint="Give it an input_shape, or call it on data once.",
        )
    return count_elements(weights)


def get_weights(self: AnyLayer) -> list[NumpyArray]:
    """Return copies of all weights in NumPy; empty while the input shape is unknown."""
    return [get_value(weight) for weight in self.weights]


def set_weights(self: AnyLayer, weights: Sequence[Any]) -> None:
    """Set all weights.

    Args:
        weights: Arrays with the shapes and in the order of ``get_weights()``.

    Raises:
        WeightsError: The number or a shape differs; nothing was assigned.
    """
    assign_weights(f"layer {self.name!r}", self.named_weights(), weights)
