"""Regularizers and constraints of the weights of any ``nn.Module``, by patterns over their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from kplug.components.name_patterns import assign_names
from kplug.components.types import ConstraintLike, RegularizerLike
from kplug.errors import ArgumentValueError, ContractError
from kplug.registry import Resolved, resolve
from kplug.registry.quoting import name_type
from kplug.regularizers.adapt import require_penalty

Role: TypeAlias = Literal["regularizer", "constraint"]

_HOME = "_kplug_weight_rules"  # the attribute of a module that has rules


class WeightRules:
    """The regularizers and constraints that `penalize` gave a module: their penalty, and their application.

    Attributes:
        module: The module.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __call__(self) -> Tensor:
        """Return the sum of all penalties of the present weights, a scalar to add to the loss."""
        penalties = [
            torch.as_tensor(require_penalty(regularizer(weight), regularizer))
            for regularizer, weight in find_weight_rules(self.module, "regularizer")
        ]
        return torch.stack(penalties).sum() if penalties else torch.zeros(())

    def constrain(self, *_: object) -> None:
        """Apply the constraints to the weights; call it after each update.

        ``optimizer.register_step_post_hook(rules.constrain)`` does so where the loop is another library's.
        """
        from kplug.constraints.adapt import apply_constraints  # for constraints only

        apply_constraints(find_weight_rules(self.module, "constraint"))

    def __repr__(self) -> str:
        rules = list_weight_rules(self.module).items()
        return f"WeightRules({', '.join(f'{place}={found.spec}' for place, found in rules)})"


def penalize(
    module: nn.Module,
    regularizers: Mapping[str, RegularizerLike] | None = None,
    constraints: Mapping[str, ConstraintLike] | None = None,
) -> WeightRules:
    """Give the weights of a module regularizers and constraints, by patterns over their names.

    In a loop of your own, add the value of what is returned to the loss, and call its ``constrain`` after
    each update. ``fit`` does both for every module inside a model. A frozen weight has no rules.

    Args:
        module: Any module. A table replaces that of an earlier call for the same module.
        regularizers: Regularizers by pattern, as in a shell: ``*`` is any text, dots too. The names are those
            of ``module.named_parameters()``. A weight has torch's shape: (outputs, inputs) of a ``Linear``.
        constraints: Constraints likewise.

    Returns:
        The rules: called, they return the penalty.

    Raises:
        ContractError: If a pattern fits no weight, or several fit one; or if it is no module.
        ResolutionError: If nothing has one of the names.

    Example:
        >>> layer = nn.Linear(2, 1)
        >>> rules = penalize(layer, {"weight": "l1(0.5)"}, constraints={"*": "non_neg"})
        >>> _ = nn.init.constant_(layer.weight, -1.0)
        >>> rules().item()
        1.0
        >>> rules.constrain()
        >>> layer.weight.tolist()
        [[0.0, 0.0]]
    """
    if not isinstance(module, nn.Module):
        raise ContractError(
            f"penalize: {name_type(module)} is no torch.nn.Module", hint="Give the network itself."
        )
    tables: dict[Role, Any] = {"regularizer": regularizers, "constraint": constraints}
    list(module.parameters())  # makes the weights of a model of kplug
    names = [name for name, _ in module.named_parameters()]
    made = {role: _resolve(role, table or {}, names) for role, table in tables.items()}
    setattr(module, _HOME, made)
    return WeightRules(module)


def _resolve(role: Role, table: object, names: list[str]) -> dict[str, Resolved]:
    """Return the component of each weight that a pattern fits."""
    if not isinstance(table, Mapping) or not all(isinstance(each, str) for each in table):
        raise ArgumentValueError("penalize", f"{role}s", table, f"a dict of {role}s by pattern")
    found = {pattern: resolve(role, each, where=pattern) for pattern, each in table.items()}
    patterns = assign_names(
        "penalize", names, table, lambda pattern, name: fnmatchcase(name, pattern)
    )
    return {name: found[pattern] for name, pattern in patterns.items()}


def find_weight_rules(
    module: nn.Module, role: Role
) -> Iterator[tuple[Callable[[Tensor], Tensor], Tensor]]:
    """Yield the components of one role that `penalize` gave a module, each with its weight."""
    rules = vars(module).get(_HOME, {}).get(role)
    weights = dict(module.named_parameters()) if rules else {}
    for name, resolved in (rules or {}).items():
        weight = weights.get(name)  # gone if it has a low-rank adapter, which freezes it
        if weight is not None and weight.requires_grad:
            yield resolved.object, weight


def list_weight_rules(module: nn.Module) -> dict[str, Resolved]:
    """Return the components that `penalize` gave a module, by slot, such as ``0.weight_regularizer``."""
    return {
        f"{name}_{role}": resolved
        for role, table in vars(module).get(_HOME, {}).items()
        for name, resolved in table.items()
    }
