"""Binds the arguments of a spec to the signature of a component."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kplug.registry.building.former_arguments import translate_arguments
from kplug.registry.building.roles import decide_role
from kplug.registry.component import CUSTOM, Component, Role, find_role
from kplug.registry.errors import ArgumentError
from kplug.registry.kinds import Kind
from kplug.registry.parameters import VARIADIC, find_parameters
from kplug.registry.quoting import quote
from kplug.registry.spec import Spec
from kplug.registry.spec.formatting import is_literal
from kplug.registry.suggestions import unknown_argument


@dataclass(frozen=True, slots=True)
class Call:
    """A component's object with arguments that were checked against its signature.

    Args:
        target: The object.
        role: Its role: the component, a class or a factory.
        arguments: The arguments as written, by name.
        defaults: The signature's defaults of the others.
        order: The names of both, in the order of the signature.
        is_config: Whether the arguments are a configuration, which the class reads itself.
    """

    target: Any
    role: Role
    arguments: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    is_config: bool = False

    @property
    def literal_defaults(self) -> dict[str, Any]:
        """The defaults that a spec can hold."""
        return {name: value for name, value in self.defaults.items() if is_literal(value)}

    def make(self, arguments: Mapping[str, Any]) -> Any:
        """Return the component's object: the call's result, or the function with its arguments bound."""
        if self.role == "function":
            return functools.partial(self.target, **arguments) if arguments else self.target
        return (
            self.target.from_config(dict(arguments)) if self.is_config else self.target(**arguments)
        )


def bind(kind: Kind, target: Any, component: Component, spec: Spec) -> Call:
    """Check the arguments of a spec against the real signature.

    Keras's dict form is left to a class's own ``from_config``: it knows the keys of older versions.

    Raises:
        ArgumentError: for an unknown, missing or repeated argument, with the signature.
    """
    spec = _translate(target, spec)
    is_own = _is_own_function(kind, target, spec)
    role = "function" if is_own else decide_role(kind, target, component)
    readable = find_parameters(target)
    if spec.is_config and role == "class" and hasattr(target, "from_config"):
        order = tuple(dict.fromkeys([*(readable or ()), *spec.kwargs]))
        return Call(target, role, spec.kwargs, order=order, is_config=True)
    if readable is None:
        return Call(target, role, _only_keywords(component, spec))
    parameters = _drop_leading(kind, readable) if role == "function" else readable
    arguments = _place(component, spec, parameters)
    _check_names(component, arguments, parameters)
    _check_missing(component, arguments, parameters)
    defaults = {
        name: parameter.default
        for name, parameter in parameters.items()
        if parameter.default is not parameter.empty and name not in arguments
    }
    order = tuple(dict.fromkeys([*parameters, *arguments]))
    return Call(target, role, arguments, defaults, order)


def _translate(target: Any, spec: Spec) -> Spec:
    """Return the spec with former argument names replaced by the present ones."""
    kwargs = translate_arguments(target, spec.kwargs) if spec.kwargs else spec.kwargs
    return spec if kwargs is spec.kwargs else replace(spec, kwargs=kwargs)


def _is_own_function(kind: Kind, target: Any, spec: Spec) -> bool:
    """Return whether a stored ``custom/`` name without arguments can only be the component itself.

    ``compile`` takes any function for the component itself, whatever the names of its parameters. A file
    then stores ``custom/name``; a factory could not be called without arguments.
    """
    if spec.distribution != CUSTOM or spec.args or spec.kwargs or find_role(target) is not None:
        return False
    required = [
        parameter
        for parameter in (find_parameters(target) or {}).values()
        if parameter.default is parameter.empty and parameter.kind not in VARIADIC
    ]
    return inspect.isroutine(target) and 0 < len(kind.leading) <= len(required)


def describe_signature(kind: Kind, target: Any, component: Component) -> list[tuple[str, str]]:
    """Return the arguments that a spec may give, each with its default as text ('' if required)."""
    return [
        (name, "" if parameter.default is parameter.empty else repr(parameter.default))
        for name, parameter in (find_spec_parameters(kind, target, component) or {}).items()
        if parameter.kind not in VARIADIC
    ]


def find_spec_parameters(
    kind: Kind, target: Any, component: Component
) -> dict[str, inspect.Parameter] | None:
    """Return the parameters that a spec may give, or None where Python cannot read the signature.

    Raises:
        ContractError: if it does not show whether the object is the component or makes it.
    """
    is_function = decide_role(kind, target, component) == "function"
    readable = find_parameters(target)
    return _drop_leading(kind, readable) if is_function and readable is not None else readable


def _drop_leading(
    kind: Kind, parameters: Mapping[str, inspect.Parameter]
) -> dict[str, inspect.Parameter]:
    """Return the parameters that a spec may give: the first ones are for tensors, one at least."""
    return dict(list(parameters.items())[max(len(kind.leading), 1) :])


def _place(
    component: Component, spec: Spec, parameters: Mapping[str, inspect.Parameter]
) -> dict[str, Any]:
    """Give positional arguments their names."""
    takes = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(spec.args) > len(takes):
        raise ArgumentError(
            f"{component.name} takes at most {len(takes)} arguments by position; "
            f"{len(spec.args)} are given in {quote(str(spec))}",
            hint=_usage(component, parameters),
        )
    arguments = dict(zip(takes, spec.args, strict=False))
    for name, value in spec.kwargs.items():
        if name in arguments:
            raise ArgumentError(
                f"{component.name} is given {quote(name)} twice in {quote(str(spec))}: by position and by "
                "name",
                hint=_usage(component, parameters),
            )
        arguments[name] = value
    return arguments


def _check_names(
    component: Component,
    arguments: Mapping[str, Any],
    parameters: Mapping[str, inspect.Parameter],
) -> None:
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    allowed = [name for name, item in parameters.items() if item.kind not in VARIADIC]
    unknown = [name for name in arguments if name not in allowed]
    if unknown:
        usage = _usage(component, parameters)
        raise unknown_argument(component.name, unknown, allowed, usage=usage)


def _check_missing(
    component: Component,
    arguments: Mapping[str, Any],
    parameters: Mapping[str, inspect.Parameter],
) -> None:
    missing = [
        name
        for name, item in parameters.items()
        if item.default is item.empty and item.kind not in VARIADIC and name not in arguments
    ]
    if missing:
        wanted = " and ".join(map(repr, missing))
        example = ", ".join(f"{name}=…" for name in missing)
        raise ArgumentError(
            f"{component.name} needs {wanted}",
            hint=f"Write '{component.name}({example})'. {_usage(component, parameters)}",
        )


def _only_keywords(component: Component, spec: Spec) -> Mapping[str, Any]:
    if spec.args:
        raise ArgumentError(
            f"{component.name} has no signature that Python can read, and {quote(str(spec))} gives "
            "arguments by position",
            hint="Give them by name.",
        )
    return spec.kwargs


def _usage(component: Component, parameters: Mapping[str, inspect.Parameter]) -> str:
    parts = [
        name if item.default is item.empty else f"{name}={quote(item.default)}"
        for name, item in parameters.items()
        if item.kind not in VARIADIC
    ]
    owner = "" if component.origin.is_built_in else f" ({component.origin})"
    return f"Its arguments{owner}: {', '.join(parts) or 'none'}."
