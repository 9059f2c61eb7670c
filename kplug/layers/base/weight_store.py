"""Where a layer's weights and component slots live: declared first, filled when needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import Self

from kplug.backend import DTypeLike, to_dtype
from kplug.errors import ArgumentValueError
from kplug.layers.base.component_slots import Slot
from kplug.layers.base.tracked_containers import (
    forget,
    give_way,
    refuse_owner,
    require_initialized,
    track,
)
from kplug.layers.base.weight_entry import WeightEntry


class WeightHolder(nn.Module):
    """A module that adds weights and keeps the slots that they are made with.

    Weights are declared by ``add_weight`` and get their values when they are first needed, so that
    asking for a shape draws no random numbers.
    """

    name: str
    built: bool
    slots: dict[str, Slot]
    _torch_dtype: torch.dtype
    _device: torch.device | None
    _trainable: bool
    _entries: list[WeightEntry]
    _initial_weights: Sequence[Any] | None
    _is_ready: bool = False

    def add_slot(
        self, name: str, kind: str, identifier: object, *, default: str | None = None
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

    def _show_component(self, name: str, component: Any) -> None:
        """Let the attribute hold a component; one that is a module becomes an inner module."""
        self._modules.pop(name, None)
        vars(self).pop(name, None)
        nn.Module.__setattr__(self, name, component)

    def add_weight(
        self,
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
        name = self._free_name() if name is None else name
        sizes = self._check_weight(name, shape)
        default = "glorot_uniform" if len(sizes) > 1 else "zeros"
        entry = WeightEntry(
            name=name,
            attribute=name,
            shape=sizes,
            dtype=self._torch_dtype if dtype is None else to_dtype(dtype),
            initializer=self._slot_for(name, "initializer", initializer, default),
            regularizer=self._slot_for(name, "regularizer", regularizer),
            constraint=self._slot_for(name, "constraint", constraint),
            is_trainable=trainable,
            memory_order=tuple(memory_order or range(len(sizes))),
            fan_axes=fan_axes,
        )
        weight = entry.declare()
        if isinstance(weight, nn.Parameter):
            self.register_parameter(name, weight)
            weight.requires_grad_(weight.requires_grad and self._trainable)
        else:
            self.register_buffer(name, weight)
        self._entries.append(entry)
        self._is_ready = False
        return weight

    def _free_name(self) -> str:
        taken = {entry.name for entry in self._entries}
        names = ("variable", *(f"variable_{number}" for number in range(1, len(taken) + 1)))
        return next(name for name in names if name not in taken)

    def _check_weight(self, name: Any, shape: Sequence[Any]) -> tuple[int, ...]:
        owner = f"{type(self).__name__}.add_weight"
        if isinstance(name, (tuple, list)):  # Keras 3 has the shape first
            error = ArgumentValueError(owner, "name", name, "a text")
            error.hint = f"Give the shape by its keyword: add_weight(shape={tuple(name)})."
            raise error
        if not isinstance(name, str) or not name or "." in name or "/" in name:
            raise ArgumentValueError(owner, "name", name, "a name without '.' and '/'")
        if vars(self).get(name, self) is None:  # a place kept free in the constructor
            del vars(self)[name]
        if any(entry.name == name for entry in self._entries) or hasattr(self, name):
            raise ArgumentValueError(owner, "name", name, "a name that the layer does not have yet")
        if any(not isinstance(size, int) or size < 0 for size in shape):
            error = ArgumentValueError(owner, "shape", shape, "integers >= 0, all known")
            if any(isinstance(size, (tuple, list)) for size in shape):
                error.hint = (
                    f"Layer {self.name!r} was called on several tensors. If it takes one, join them "
                    "first: Concatenate()([…])."
                )
            raise error
        return tuple(shape)

    def _slot_for(
        self, weight_name: str, kind: str, given: object, default: str | None = None
    ) -> Slot:
        if isinstance(given, str) and given in self.slots:
            return self.slots[given]
        name = f"{weight_name}_{kind}"
        known = self.slots.get(name)
        if known is not None and (given is known.identifier or given is known.value):
            return known
        slot = Slot(kind, given, default=default, is_argument=False)
        if not slot.is_empty:
            self.slots[name] = slot
        return slot

    def __setattr__(self, name: str, value: Any) -> None:
        state = vars(self)
        if name in state.get("slots", ()):
            # A component assigned later is looked up before the layer is used again.
            self.slots[name].replace(value)
            self._show_component(name, value)
            self._is_ready = False
            return
        if name in state and state[name] is value:  # as after `self.blocks += [layer]`
            return
        refuse_owner(self, name, value)
        forget(self, name)
        if name in state.get("_modules", ()):
            give_way(self, name)
        if isinstance(value, Tensor):
            self._rename_weight(name, value)
        elif isinstance(value, nn.Module):
            value.train(self.training)
        elif isinstance(value, (list, tuple, dict)):
            value = track(self, name, value)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        forget(self, name)
        super().__delattr__(name)

    def _rename_weight(self, attribute: str, value: Tensor) -> None:
        """Let a weight live in the attribute that its author chose, and nowhere else."""
        for entry in vars(self).get("_entries", ()):
            if entry.attribute != attribute and self._weight_of(entry) is value:
                home = self._parameters if entry.is_trainable else self._buffers
                del home[entry.attribute]
                entry.attribute = attribute
                if not entry.is_trainable:
                    self.register_buffer(attribute, value)

    def _weight_of(self, entry: WeightEntry) -> Tensor:
        home: Any = self._parameters if entry.is_trainable else self._buffers
        weight: Tensor = home[entry.attribute]
        return weight

    def _ensure_values(self) -> None:
        """Build and fill the layer if what is known suffices; the layer class does it."""

    def _save_to_state_dict(self, *args: Any) -> None:
        self._ensure_values()
        super()._save_to_state_dict(*args)

    def _load_from_state_dict(self, *args: Any) -> None:
        self._ensure_values()
        super()._load_from_state_dict(*args)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        if self._entries:
            self._ensure_values()
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        # After `layer.double()` inputs are cast to the new type, and after `layer.to(device)`
        # weights that are still to come are made there.
        probe = fn(torch.empty(0, dtype=self._torch_dtype, device=self._device))
        self._torch_dtype, self._device = probe.dtype, probe.device
        return self
