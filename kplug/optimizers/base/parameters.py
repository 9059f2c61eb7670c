"""Checks the parameters passed to an optimizer, and splits off their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from kplug.errors import ContractError
from kplug.registry.quoting import name_type, quote


def split_names(params: Iterable[Any]) -> tuple[dict[torch.Tensor, str], list[Any]]:
    """Split parameters and (name, parameter) pairs into names by parameter, and parameters."""
    if not isinstance(params, Iterable):
        raise ContractError(
            f"an optimizer is built with a list of parameters, got {quote(params)}",
            hint="Give model.parameters().",
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
