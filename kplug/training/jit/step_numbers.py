"""Splits the numbers of a rule into graph inputs, which vary by step, and constants.

A number that varies must be an input of the graph. A constant is better folded into it: the compiler then
drops a multiplication by 1, and a rule may branch on it with a plain ``if``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_Plan = Callable[[dict[str, Any], int], Any]


class RuleNumbers:
    """The results of a rule's ``_plan`` for one parameter group, step by step."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._changing: list[bool] | None = None
        self._last: list[Any] = []

    def plan(
        self, group: dict[str, Any], step: int, rate: float | None, numbers: list[float]
    ) -> tuple[Any, Any]:
        """Compute the numbers of one step.

        Args:
            group: The parameter group.
            step: The number of the step, from 1.
            rate: The learning rate that the group has during the call; None for its own.
            numbers: Receives the rate and the numbers that change.

        Returns:
            The constants, for comparison; and the structure that ``rebuild`` takes.
        """
        given = group["lr"]
        group["lr"] = rate = float(given if rate is None else rate)
        try:
            rule = self._plan(group, step)
            atoms: list[Any] = []
            _flatten(rule, atoms)
            changing = self._changing
            if changing is None or not _fits(changing, atoms):
                changing = self._changing = self._find_changing(group, step, atoms)
        finally:
            group["lr"] = given
        numbers.append(rate)
        constants: list[Any] = []
        for atom, is_changing in zip(atoms, changing, strict=True):
            (numbers if is_changing else constants).append(atom)
        if constants != self._last:  # at the first step, and when somebody sets a hyperparameter
            constants = self._compare(atoms, constants, numbers)
        return tuple(constants), (rule, self._changing)

    def _find_changing(self, group: dict[str, Any], step: int, atoms: list[Any]) -> list[bool]:
        """Compare with the rule's plan at another step and rate.

        A single step cannot distinguish a bias correction from a constant.
        """
        trial = {**group, "lr": 0.7 * group["lr"] + 1e-3}
        other: list[Any] = []
        _flatten(self._plan(trial, step + 1), other)
        if len(other) != len(atoms):
            return [False] * len(atoms)
        return [
            isinstance(one, float) and one != another
            for one, another in zip(atoms, other, strict=True)
        ]

    def _compare(self, atoms: list[Any], constants: list[Any], numbers: list[float]) -> list[Any]:
        """Turn a supposed constant that has changed into an input.

        A callback may set ``momentum`` at each epoch: that costs one more graph, not one per epoch.
        """
        changing = list(self._changing or ())
        places = [index for index, is_changing in enumerate(changing) if not is_changing]
        if len(self._last) == len(constants):
            for place, one, another in zip(places, constants, self._last, strict=True):
                changing[place] = isinstance(one, float) and one != another
        if changing != self._changing:
            del numbers[len(numbers) - sum(self._changing or ()) :]
            numbers += [atom for atom, moves in zip(atoms, changing, strict=True) if moves]
            constants = [atom for atom, moves in zip(atoms, changing, strict=True) if not moves]
            self._changing = changing
        self._last = constants
        return constants

    def rebuild(self, structure: Any, numbers: Iterator[Any]) -> tuple[Any, Any]:
        """Return the rate and the rule's plan with tensors where the numbers change."""
        rule, changing = structure
        rate = next(numbers)
        return rate, _rebuild(rule, iter(changing), numbers)


def _fits(changing: list[bool], atoms: list[Any]) -> bool:
    """Whether what changed in earlier steps is a number now too: a rule may branch on its rate."""
    return len(atoms) == len(changing) and None not in itertools.compress(atoms, changing)


def holds_values(rule: Any) -> bool:
    """Return whether a plan consists of numbers, texts and None, in tuples, lists and dicts.

    A tensor or another object may change undetected from step to step.
    """
    atoms: list[Any] = []
    _flatten(rule, atoms)
    return all(atom is None or isinstance(atom, (float, int, str)) for atom in atoms)


_ATOMS = frozenset({float, int, bool, str, type(None)})


def _flatten(value: Any, atoms: list[Any]) -> None:
    if isinstance(value, (tuple, list)):
        atoms.append(f"{len(value)} values")
        parts: Iterable[Any] = value
    elif isinstance(value, dict):
        atoms.append(repr(list(value)))
        parts = value.values()
    else:
        atoms.append(value)
        return
    for part in parts:
        if type(part) in _ATOMS:  # without a call: this runs before every step
            atoms.append(part)
        else:
            _flatten(part, atoms)


def _rebuild(value: Any, changing: Iterator[bool], numbers: Iterator[Any]) -> Any:
    is_changing = next(changing)
    if isinstance(value, (tuple, list)):
        parts = [_rebuild(part, changing, numbers) for part in value]
        return value._make(parts) if hasattr(value, "_make") else type(value)(parts)
    if isinstance(value, dict):
        return {key: _rebuild(part, changing, numbers) for key, part in value.items()}
    return next(numbers) if is_changing else value
