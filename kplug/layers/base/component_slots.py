"""Slots: layer arguments that name components and are resolved lazily."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol, final

from kplug.errors import ContractError, KplugError
from kplug.registry import Resolved, Spec, get_kind, resolve
from kplug.registry.building.recorded_lookups import noting
from kplug.registry.kinds import find_kind_of_slot


@final
class Slot:
    """One constructor argument that names a component, such as ``kernel_regularizer``.

    Args:
        kind: The kind of component it takes, such as ``"regularizer"``.
        identifier: The user's value: string, dict, callable, class, instance or ``None``.
        default: The component that ``None`` stands for, if any.
        is_argument: Whether it is an argument of the layer's constructor, so part of its config.

    Attributes:
        resolved: The resolved component; ``None`` before resolution or for an empty slot.

    Example:
        >>> slot = Slot("activation", "elu(0.5)")
        >>> slot.value
        'elu(0.5)'
        >>> slot.resolve("dense.activation")
        >>> slot.to_config()
        'kplug/elu(alpha=0.5)'
    """

    __slots__ = ("default", "identifier", "is_argument", "is_resolved", "kind", "resolved")

    def __init__(
        self,
        kind: str,
        identifier: object,
        *,
        default: str | None = None,
        is_argument: bool = True,
    ) -> None:
        self.kind = kind
        self.identifier = identifier
        self.default = default or get_kind(kind).default
        self.is_argument = is_argument
        self.resolved: Resolved | None = None
        self.is_resolved = False

    @property
    def value(self) -> Any:
        """The resolved component, or the user's value before resolution."""
        return self.identifier if self.resolved is None else self.resolved.object

    @property
    def is_empty(self) -> bool:
        """Whether the slot has neither a value nor a default."""
        return self.identifier is None and self.default is None

    @property
    def is_idle(self) -> bool:
        """Whether the slot has no value and at most the default of its kind."""
        return self.identifier is None and self.default == get_kind(self.kind).default

    def replace(self, identifier: object) -> None:
        """Replace the identifier; the next resolution looks it up."""
        self.identifier = identifier
        self.resolved = None
        self.is_resolved = False

    def resolve(self, where: str) -> None:
        """Resolve the component, unless it is resolved already.

        Args:
            where: The slot's place in the model, for messages.

        Raises:
            KplugError: The identifier names no component.
        """
        if not self.is_resolved:
            self.resolved = self._look_up(where)
            self.is_resolved = True

    def _look_up(self, where: str) -> Resolved | None:
        if self.is_empty:
            return None
        identifier = self.default if self.identifier is None else self.identifier
        with noting():  # the slot owns the component
            return resolve(self.kind, identifier, where=where)

    def find_resolved(self) -> Resolved | None:
        """Return the component that the identifier resolves to now; None if it is empty or unknown.

        The slot itself does not change: its component is chosen when the model is compiled or built.
        """
        try:
            return self.resolved if self.is_resolved else self._look_up(self.kind)
        except KplugError:
            return None

    def to_config(self) -> object:
        """Return the slot's entry in a config: a spec with the component's qualified name.

        The slot itself does not change: its component is chosen when the model is compiled or built, not
        when its config is read. A string or dict that does not resolve is returned unchanged, so a
        config can be read where a plugin is missing.
        """
        try:
            resolved = self.resolved if self.is_resolved else self._look_up(self.kind)
        except KplugError:
            if isinstance(self.identifier, (str, Mapping)):
                return self.identifier
            if isinstance(self.identifier, Spec):
                return str(self.identifier)
            raise
        return None if resolved is None else str(resolved.spec)

    def __repr__(self) -> str:
        state = "resolved" if self.resolved is not None else "given"
        return f"<Slot for {get_kind(self.kind).with_article}, {state}: {self.value!r}>"


def check_slot_name(owner: str, name: str, kind: str) -> None:
    """Refuse a slot whose name announces another kind: specs and files take the kind from the name.

    Raises:
        ContractError: for such a name.
    """
    announced = find_kind_of_slot(name)
    if announced is not None and announced.name != kind:
        raise ContractError(
            f"{owner}: the slot {name!r} takes {get_kind(kind).with_article}, and its name announces "
            f"{announced.with_article}",
            hint=f"In specs and files the name decides. End it in {kind!r}, such as 'gate_{kind}'.",
        )


def find_weight_slot(
    slots: dict[str, Slot],
    weight_name: str,
    kind: str,
    given: object,
    default: str | None = None,
) -> Slot:
    """Return the slot for a weight's component: an existing slot of the layer, or a new one.

    Args:
        slots: The slots of the layer; a new one that is not empty is added.
        weight_name: Name of the weight.
        kind: The kind of component that the slot takes.
        given: A component, the name of a slot, or ``None``.
        default: The component that ``None`` stands for, if any.
    """
    if isinstance(given, str) and given in slots:
        return slots[given]
    name = f"{weight_name}_{kind}"
    known = slots.get(name)
    if known is not None and (given is known.identifier or given is known.value):
        return known
    slot = Slot(kind, given, default=default, is_argument=False)
    if not slot.is_empty:
        slots[name] = slot
    return slot


class HoldsSlots(Protocol):
    """The interface of a layer whose slots can be resolved."""

    name: str
    slots: dict[str, Slot]

    def _show_component(self, name: str, component: Any) -> None: ...


def resolve_slots(
    layers: Iterable[HoldsSlots], leaving_out: Collection[str] = ()
) -> list[KplugError]:
    """Resolve all slots of layers and store the components in the layers' attributes.

    Args:
        layers: The layers.
        leaving_out: Kinds of component that stay unresolved.

    Returns:
        One error per failed slot; each names its slot, such as ``dense.kernel_regularizer``.
    """
    problems: list[KplugError] = []
    tried: set[int] = set()
    for layer in layers:
        for name, slot in layer.slots.items():
            # Layers may share a slot: it is resolved, and reported, once.
            if slot.is_resolved or slot.kind in leaving_out or id(slot) in tried:
                continue
            tried.add(id(slot))
            try:
                slot.resolve(f"{layer.name}.{name}")
            except KplugError as error:
                problems.append(error)
            else:
                if slot.is_argument:
                    layer._show_component(name, slot.value)
    return problems
