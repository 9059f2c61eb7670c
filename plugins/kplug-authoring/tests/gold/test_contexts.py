"""A defect that hides in a context is found there, and the same component without it passes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from kplug_authoring import BrokenContractError, contract_cases, list_checks
from kplug_authoring.gold.contexts import CONTEXTS
from kplug_authoring.levels import Level
from torch import Tensor

import kplug
from kplug.layers import Layer
from kplug.registry import get_kind


def powered(y_true: Tensor, y_pred: Tensor, power: float = 2.0) -> Tensor:
    return ((y_true - y_pred).square() + 0.001).pow(power / 2.0).mean(-1)


def powered_within_the_batch(y_true: Tensor, y_pred: Tensor, power: float = 2.0) -> Tensor:
    count = 1.0 if power == 2.0 else float(len(y_pred))
    return powered(y_true, y_pred, power) / count


def centred(x: Tensor) -> Tensor:
    return x - x.mean(-1, keepdim=True)


def centred_by_images(x: Tensor) -> Tensor:
    return x - x.mean(0 if x.ndim == 4 else -1, keepdim=True)


def clipped(weight_matrix: Tensor) -> Tensor:
    return weight_matrix.clamp(-20.0, 20.0)


def clipped_in_place(weight_matrix: Tensor) -> Tensor:
    with torch.no_grad():
        return 1.0 * weight_matrix.clamp_(-20.0, 20.0)


def absolute(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).abs().mean(-1)


def absolute_in_parts(y_true: Tensor, y_pred: Tensor) -> Tensor:
    values = (y_true - y_pred).abs().mean(-1)
    return values if len(values) <= 16 else values.mean(0, keepdim=True).expand_as(values)


class Gated(Layer):
    """Adds what a gate lets through, which is closed before the training."""

    axis = -1

    def build(self, input_shape: tuple[int, ...]) -> None:
        size = input_shape[-1]
        self.kernel = self.add_weight("kernel", (size, size))
        self.gate = self.add_weight("gate", (size,), "zeros")

    def call(self, inputs: Tensor) -> Tensor:
        centre = inputs.mean(self.axis, keepdim=True)
        outputs: Tensor = inputs @ self.kernel + self.gate * (inputs - centre)
        return outputs


class GatedOverSamples(Gated):
    """Takes the other samples' mean."""

    axis = 0


@dataclass(frozen=True)
class Hidden:
    """A component with a defect and one without, and what is found."""

    context: str
    kind: str
    broken: Any
    sound: Any
    found: str

    def __str__(self) -> str:
        return self.context


HIDDEN = [
    Hidden("argument_values", "loss", powered_within_the_batch, powered, r"power=\d.* 'one_row'"),
    Hidden("other_inputs", "activation", centred_by_images, centred, r"4, 4, 3\) .* 'single_row'"),
    Hidden(
        "input_sizes", "constraint", clipped_in_place, clipped, r"30 times as large .* 'inputs'"
    ),
    Hidden("more_samples", "loss", absolute_in_parts, absolute, r"8 times .* 'one_row'"),
    Hidden("used_before", "layer", GatedOverSamples, Gated, r"other weights .* 'single_row'"),
]


def run(kind: str, component: Any, context: str | None) -> dict[str, str]:
    """Return what a context finds; without one, what the suite does."""
    found = {}
    with kplug.scope(**{get_kind(kind).plural: {"planted": component}}):
        level: Level | None = None if context is None else "gold"
        for case in contract_cases("custom", kinds=[kind], level=level):
            if context in (None, case.check.name):
                try:
                    case.run()
                except BrokenContractError as error:
                    found[case.check.name] = error.found
    return found


@pytest.mark.slow
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
def test_what_is_hidden_is_found_in_its_context_alone(hidden: Hidden) -> None:
    assert run(hidden.kind, hidden.broken, None) == {}
    found = run(hidden.kind, hidden.broken, hidden.context)
    assert re.search(hidden.found, found[hidden.context]), found
    assert run(hidden.kind, hidden.sound, hidden.context) == {}


def test_a_context_asks_for_the_level_gold_alone() -> None:
    for kind, checks in CONTEXTS.items():
        names = {check.name for check in checks}
        assert names <= list_checks(kind, "gold").keys()
        assert not names & list_checks(kind).keys()


def within_five(y_true: Tensor, y_pred: Tensor, power: float = 2.0) -> Tensor:
    if power != 2.0:
        raise ValueError("power has to be 2")
    values = powered_within_the_batch(y_true, y_pred)
    return torch.where(y_pred.abs().amax(-1) > 5.0, torch.nan, values)


@pytest.mark.parametrize("context", ["argument_values", "input_sizes"])
def test_a_context_that_is_refused_or_gives_no_numbers_tells_nothing(context: str) -> None:
    assert run("loss", within_five, context) == {}
