"""Checks the parameters passed to an optimizer, and splits off their names and the settings of groups."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import torch

from kplug.components.name_patterns import assign_names
from kplug.errors import ArgumentValueError, ContractError
from kplug.registry.quoting import name_type, quote

_AS_GROUP = "A group is a dict such as {'params': model.head.parameters(), 'lr': 1e-4}."


class ParameterGroup(NamedTuple):
    """Parameters, and the settings that they have of their own."""

    parameters: list[torch.Tensor]
    settings: dict[str, Any]


def split_names(params: Iterable[Any]) -> tuple[dict[torch.Tensor, str], list[Any]]:
    """Split parameters and (name, parameter) pairs into names by parameter, and parameters."""
    if not isinstance(params, Iterable):
        raise ContractError(
            f"an optimizer is built with a list of parameters, got {quote(params)}",
            hint="Give model.parameters(), or model.named_parameters().",
        )
    given = list(params)
    pairs = [item for item in given if _is_named(item)]
    names = {parameter: name for name, parameter in pairs}
    return names, [item[1] if _is_named(item) else item for item in given]


def _is_named(item: object) -> bool:
    return (
        isinstance(item, tuple)
        and len(item) == 2
        and isinstance(item[0], str)
        and isinstance(item[1], torch.Tensor)
    )


def check_parameters(owner: str, params: Iterable[Any]) -> list[torch.Tensor]:
    """Return the parameters as a list, if an optimizer can train them.

    Raises:
        ContractError: If there are none, or one is no floating-point leaf tensor, or one is repeated.
    """
    parameters = list(params)
    if not parameters:
        raise ContractError(
            f"{owner}: there is nothing to train, the list of parameters is empty",
            hint="Give the model a layer with trainable weights.",
        )
    seen: set[int] = set()
    for position, parameter in enumerate(parameters):
        reason = _find_fault(parameter)
        if reason is None and id(parameter) in seen:
            reason = "stands in the list twice"
        if reason is not None:
            raise ContractError(
                f"{owner}: parameter {position} {reason}",
                hint="Pass model.parameters(), or a list of torch.nn.Parameter.",
            )
        seen.add(id(parameter))
    return parameters


def _find_fault(parameter: object) -> str | None:
    if not isinstance(parameter, torch.Tensor):
        return f"is {name_type(parameter)}, not a tensor"
    if not parameter.is_floating_point():
        return f"has dtype {parameter.dtype}, and only floating-point tensors can be trained"
    if not (parameter.is_leaf or parameter.retains_grad):
        return "is the result of a computation, not a leaf tensor"
    return None


def find_new(
    parameters: Iterable[torch.Tensor], owned: Iterable[torch.Tensor]
) -> list[torch.Tensor]:
    """Return the parameters that are new to an optimizer."""
    known = set(map(id, owned))
    return [parameter for parameter in parameters if id(parameter) not in known]


def require_same(
    optimizer_class: type, owner: str, owned: list[torch.Tensor], given: list[torch.Tensor]
) -> None:
    """Refuse a second ``build`` with other parameters."""
    unknown = len(find_new(given, owned))
    if not unknown and len(given) == len(owned):
        return
    reason = (
        f"{unknown} of the new ones are unknown to it" if unknown else "the new list is shorter"
    )
    raise ContractError(
        f"{owner}: this optimizer already trains {len(owned)} other parameters ({reason}); its state "
        "belongs to them",
        hint=f"Make a new one for this model: {optimizer_class.__name__}.from_config("
        "optimizer.get_config()).",
    )


def read_groups(
    owner: str, params: Iterable[Any]
) -> tuple[dict[torch.Tensor, str], list[ParameterGroup]]:
    """Return the given names of parameters, and their groups: one without settings for a plain list.

    Args:
        owner: The optimizer, for messages.
        params: Parameters, or (name, parameter) pairs; or dicts with ``params``, which are one or the other,
            and the settings of these parameters.

    Raises:
        ContractError: If a group is no such dict, is empty, or shares a parameter with another one; or for a
            parameter that cannot be trained.
    """
    names, members = split_names(params)
    if not any(isinstance(each, Mapping) for each in members):
        return names, [ParameterGroup(check_parameters(owner, members), {})]
    groups: list[ParameterGroup] = []
    owners: dict[int, int] = {}
    for place, given in enumerate(members):
        where = f"{owner}: parameter group {place}"
        if not isinstance(given, Mapping) or "params" not in given:
            raise ContractError(f"{where} is {quote(given)}, no dict with 'params'", hint=_AS_GROUP)
        inside = given["params"]
        known, tensors = split_names([inside] if isinstance(inside, torch.Tensor) else inside)
        if not tensors:
            raise ContractError(f"{where} is empty: it has no parameters", hint="Leave it out.")
        for tensor in tensors:
            first = owners.setdefault(id(tensor), place)
            if first != place:
                which = (
                    quote(known[tensor]) if tensor in known else f"of shape {tuple(tensor.shape)}"
                )
                raise ContractError(
                    f"{where} has the parameter {which}, which group {first} has too",
                    hint="A parameter is in one group, whose settings it follows.",
                )
        names |= known
        settings = {key: value for key, value in given.items() if key != "params"}
        groups.append(ParameterGroup(tensors, settings))
    check_parameters(owner, [each for group in groups for each in group.parameters])
    return names, groups


def divide_by_names(
    owner: str, params: Iterable[Any], expressions: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return parameter groups: the parameters that no expression finds, then those of each expression.

    Args:
        owner: The optimizer, for messages.
        params: (name, parameter) pairs.
        expressions: Settings by the regular expression that is searched for in the names.

    Raises:
        ContractError: If a parameter has no name, an expression finds none, or two find the same one.
        ArgumentValueError: If it is no such dict, or an expression is not valid.
    """
    names, parameters = split_names(params)
    if any(not isinstance(each, torch.Tensor) or each not in names for each in parameters):
        raise ContractError(
            f"{owner}: groups go by the names of parameters, and these have none",
            hint="Give model.named_parameters().",
        )
    if not isinstance(expressions, Mapping):
        raise ArgumentValueError(owner, "groups", expressions, "settings by regular expression")
    for expression, settings in expressions.items():
        _check_expression(owner, expression, settings)
    fitting = assign_names(owner, names.values(), expressions, re.search)
    groups: dict[str | None, dict[str, Any]] = {None: {"params": []}}
    groups |= {each: {"params": [], **settings} for each, settings in expressions.items()}
    for parameter, name in names.items():
        groups[fitting.get(name)]["params"].append((name, parameter))
    return [group for group in groups.values() if group["params"]]


def _check_expression(owner: str, expression: object, settings: object) -> None:
    if not isinstance(settings, Mapping) or "params" in settings:
        allowed = "a dict of settings, such as {'weight_decay': 0.0}"
        raise ArgumentValueError(owner, f"groups[{expression!r}]", settings, allowed)
    try:
        re.compile(expression)  # type: ignore[call-overload]  # which is what is checked
    except (TypeError, re.error) as error:
        allowed = f"a regular expression, such as r'bias$' ({error})"
        raise ArgumentValueError(owner, "groups", expression, allowed) from None
