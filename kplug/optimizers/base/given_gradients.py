"""Checks and lends the gradients that a caller passes to ``apply``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from torch import Tensor

from kplug.errors import ContractError


def require_gradients(
    owner: str, gradients: Sequence[Tensor | None], variables: Sequence[Tensor]
) -> Sequence[Tensor | None]:
    """Return the gradients, one for each variable.

    Raises:
        ContractError: Their number differs, or all are None.
    """
    if len(gradients) != len(variables):
        raise ContractError(
            f"{owner}.apply got {len(gradients)} gradients for {len(variables)} variables",
            hint="Give one for each, in the same order: [v.value.grad for v in trainable_variables].",
        )
    if all(gradient is None for gradient in gradients):
        raise ContractError(
            f"{owner}.apply got no gradient: all {len(gradients)} are None",
            hint="Call loss.backward() before, on a loss that depends on the variables.",
        )
    return gradients


def require_known(owner: str, owned: Sequence[Tensor], variables: Sequence[Tensor]) -> None:
    """Refuse variables that the optimizer does not train.

    Raises:
        ContractError: With the number of such variables.
    """
    known = set(map(id, owned))
    foreign = sum(id(variable) not in known for variable in variables)
    if foreign:
        raise ContractError(
            f"{owner}.apply: {foreign} of {len(variables)} variables are not among the {len(owned)} that it "
            "was built with",
            hint="Build it with all of them first, or make one optimizer for each part.",
        )


@contextmanager
def lending_gradients(
    owned: Sequence[Tensor], given: Mapping[int, Tensor | None]
) -> Iterator[None]:
    """Replace the parameters' gradients for one step; parameters without an entry have none."""
    # Assigning a gradient takes longer than looking it up, and most callers give the parameters' own.
    kept = [parameter.grad for parameter in owned]
    try:
        _assign(owned, kept, [given.get(id(parameter)) for parameter in owned])
        yield
    finally:
        _assign(owned, [parameter.grad for parameter in owned], kept)


def _assign(
    parameters: Sequence[Tensor],
    present: Sequence[Tensor | None],
    wanted: Sequence[Tensor | None],
) -> None:
    """Replace the gradients that differ."""
    for parameter, have, want in zip(parameters, present, wanted, strict=True):
        if have is not want:
            parameter.grad = want
