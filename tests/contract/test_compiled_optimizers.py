"""Every installed optimizer, ours and the plugins': compiled steps are those of eager runs."""

from __future__ import annotations

import warnings

import pytest
import torch
from kplug_authoring import contract_cases
from kplug_authoring.checks.subject import Subject, find_difference, seeded
from kplug_authoring.suites import get_suite
from torch import Tensor

from kplug.errors import EagerStepWarning
from kplug.layers import Dense
from kplug.models import Sequential
from kplug.registry import Component, get_kind
from kplug.registry.examples import Example
from kplug.training.jit import torch_compiler
from tests.contract.examples import find_examples

CASES = {
    case.component.qualified_name: (case.component, case.example)
    for case in contract_cases(examples=find_examples())
    if case.component.kind == "optimizer"
}
# Decompositions of matrices round by where these lie in memory.
TOLERANCES = {"soap": 1e-3, "adamuon": 1e-4, "scion": 1e-4, "scionlight": 1e-4}


def train(component: Component, example: Example, *, jit: bool) -> list[Tensor]:
    """Make steps of the three kinds: eager ones, a traced one, and those of its graph."""
    with seeded(1):
        model = Sequential([Dense(2, input_dim=3)])
        subject = Subject(component, example, get_suite(get_kind("optimizer")))
        model.compile(subject.resolve(), "kplug/mse", jit_compile=jit)
        inputs = torch.linspace(-1.0, 1.0, 30).reshape(10, 3)
        model.fit(inputs, inputs[:, :2].square(), batch_size=2, shuffle=False, verbose=0)
    return [torch.as_tensor(weight) for weight in model.get_weights()]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", CASES)
def test_steps_are_those_of_eager_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is recorded is tested, not torch's compiler.
    monkeypatch.setattr(torch_compiler, "BACKEND", "eager")
    component, example = CASES[name]
    expected = train(component, example, jit=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EagerStepWarning)
        found = train(component, example, jit=True)
    assert find_difference(expected, found, TOLERANCES.get(component.name, 1e-5)) is None
