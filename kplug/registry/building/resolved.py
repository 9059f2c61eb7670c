"""`Resolved`: a built component with its arguments and nested components."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kplug.registry.building.binding import Call
from kplug.registry.building.lost_arguments import find_lost, has_own_scheme
from kplug.registry.building.recorded_lookups import drop_own, find_look_ups
from kplug.registry.candidates.conflicts import Rule
from kplug.registry.component import Component
from kplug.registry.errors import SpecError
from kplug.registry.parameters import has_parameter
from kplug.registry.spec import Spec
from kplug.registry.spec.formatting import is_literal


@dataclass(frozen=True, slots=True, repr=False)
class Resolved:
    """A built component and how it came about.

    Args:
        kind: Name of its kind.
        object: The object, which meets its kind's contract.
        component: The component, with its origin.
        rule: The rule that chose the component.
        given: The arguments as they were written.
        children: Components among the arguments, or nested in one, by place: ``base``, ``parts[0]``.
        call: The checked call that made it; None for an object passed in code.
        source: The object before its kind's adapter wrapped it.
        looked_up: Recorded components that its construction looked up, such as a default, by place.
    """

    kind: str
    object: Any
    component: Component
    rule: Rule
    given: Mapping[str, Any] = field(default_factory=dict)
    children: Mapping[str, Resolved] = field(default_factory=dict)
    call: Call | None = None
    source: Any = None
    looked_up: Mapping[str, Resolved] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the component, its arguments as written, its package and the rule, in a line."""
        origin = self.component.origin
        return f"<{self.kind} {write_briefly(self.written)} of {origin}, {self.rule}>"

    @property
    def parts(self) -> dict[str, Resolved]:
        """The nested components by place, with those of other distributions that it looked up itself."""
        looked_up = {**self.looked_up, **find_look_ups(self.source)}
        found = drop_own(self.component.origin, looked_up)
        given = [child.object for child in self.children.values()]
        own = {k: one for k, one in found.items() if all(one.object is not each for each in given)}
        return {**own, **self.children}

    @property
    def arguments(self) -> Mapping[str, Any]:
        """All arguments, including defaults, as far as they are literals.

        They come from the instance's ``get_config``. Without one, or if it leaves out a written argument,
        they are the written arguments and the signature's defaults. Nested components are `children`.
        """
        plain = {name: value for name, value in self.given.items() if not holds_spec(value)}
        config = config_of(self.source)
        if self.call is None:
            return config or {}
        if config is None or self.call.role != "class" or self._find_lost(config, plain):
            config = {**self.call.literal_defaults, **plain}
        nested = self.given.keys() - plain.keys()
        order = self.call.order or tuple(config)
        if has_own_scheme(type(self.source), config):
            order = tuple(dict.fromkeys([*order, *config]))
        return {name: config[name] for name in order if name in config and name not in nested}

    @property
    def is_of_factory(self) -> bool:
        """Whether a factory made it, whose arguments are not those of the object."""
        return self.call is not None and self.call.role == "factory"

    @property
    def lost(self) -> list[str]:
        """The written arguments that the object's ``get_config`` leaves out.

        For an object passed in code, they include arguments that a file cannot hold.
        """
        config = ask_for_config(self.source)
        if self.call is not None:
            is_class = config is not None and self.call.role == "class"
            # Only `get_config` saves an optimizer, so it has to include the inner components.
            whole = self.kind == "optimizer"
            written = {k: v for k, v in self.given.items() if whole or not holds_spec(v)}
            return self._find_lost(config, written) if is_class and config is not None else []
        if config is None:
            return []
        return find_lost(self.source, {k: v for k, v in config.items() if is_literal(v)})

    def _find_lost(self, config: Mapping[str, Any], written: Mapping[str, Any]) -> list[str]:
        call = self.call
        if call is not None and call.is_config:  # its further keys are those of older versions
            written = {k: v for k, v in written.items() if has_parameter(call.target, k)}
        return find_lost(self.source, config, written)

    @property
    def spec(self) -> Spec:
        """The canonical spec: qualified names, every argument by name."""
        return self._as_spec(self.arguments)

    @property
    def written(self) -> Spec:
        """The qualified name with the arguments as written; former names in a config are translated."""
        is_code = self.call is None or self.call.is_config
        return self._as_spec(self.arguments if is_code else self.given)

    def _as_spec(self, arguments: Mapping[str, Any]) -> Spec:
        nested = {
            name: fill(value, name, self._describe_child)
            for name, value in self.given.items()
            if holds_spec(value)
        }
        return Spec(self.component.qualified_name, kwargs={**arguments, **nested})

    def _describe_child(self, written: Spec, place: str) -> Spec:
        child = self.children.get(place)  # none where no component belongs
        return written if child is None else child.spec


def write_briefly(spec: Spec) -> str:
    """Return a spec as text, or its name alone where an argument is no literal.

    Example:
        >>> write_briefly(Spec("kplug/constant", kwargs={"value": len}))
        'kplug/constant(…)'
    """
    try:
        return str(spec)
    except SpecError:
        return f"{spec.ref}(…)"


def fill(value: Any, place: str, replace: Callable[[Spec, str], Any]) -> Any:
    """Return a copy of a value, with each spec in it replaced."""
    if isinstance(value, Spec):
        return replace(value, place)
    if isinstance(value, dict):
        return {key: fill(item, f"{place}[{key!r}]", replace) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [fill(item, f"{place}[{at}]", replace) for at, item in enumerate(value)]
        return items if isinstance(value, list) else tuple(items)
    return value


def holds_spec(value: Any) -> bool:
    """Whether a value is a spec or has one somewhere inside."""
    if isinstance(value, dict):
        return any(map(holds_spec, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(holds_spec, value))
    return isinstance(value, Spec)


def config_of(instance: object) -> dict[str, Any] | None:
    """Return the constructor arguments that an instance reports.

    Returns:
        Every argument by name. None if it has no configuration, if that leaves out a given argument, or if
        a spec cannot hold one: a part of the arguments would make another object.
    """
    config = ask_for_config(instance)
    is_whole = config is not None and is_literal(config) and not find_lost(instance, config)
    return config if is_whole else None


def ask_for_config(instance: object) -> dict[str, Any] | None:
    """Return an instance's configuration, complete or not; None if it has none."""
    if isinstance(instance, functools.partial):
        return None if instance.args else dict(instance.keywords)
    get_config = getattr(instance, "get_config", None)
    if get_config is None or inspect.isclass(instance):
        return None
    try:
        return dict(get_config())
    except Exception:  # noqa: BLE001 - foreign code; a model trains without this record
        return None
