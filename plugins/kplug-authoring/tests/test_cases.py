"""Enumeration of the cases, and authors' examples."""

from __future__ import annotations

import subprocess
import sys
from unittest import SkipTest

import pytest
import torch
from kplug_authoring import (
    BrokenContractError,
    Example,
    check_contract,
    contract_cases,
    list_checks,
    run_contract,
)
from torch import Tensor

import kplug
from kplug.errors import ArgumentError, SeveralProblemsError
from kplug.registry.examples import find_example
from kplug.registry.kinds import BUILT_IN_KINDS


def halve(weight_matrix: Tensor) -> Tensor:
    return weight_matrix / 2


def scaled(weight_matrix: Tensor, factor: float) -> Tensor:
    return factor * weight_matrix.abs().sum()


def test_a_distributions_components_only() -> None:
    cases = contract_cases("torch")
    assert {case.component.origin.distribution for case in cases} == {"torch"}
    assert {case.component.kind for case in cases} >= {"loss", "optimizer", "initializer"}


def test_a_kinds_components_only() -> None:
    assert {case.component.kind for case in contract_cases("kplug", kinds=["losses"])} == {"loss"}


def test_every_installed_component_has_every_check_of_its_kind() -> None:
    found: dict[str, set[str]] = {}
    for case in contract_cases():
        name = f"{case.component.kind}/{case.component.qualified_name}"
        found.setdefault(name, set(case.example.leave_out)).add(case.check.name)
    assert {"loss/kplug/huber", "optimizer/torch/adamw", "layer/kplug/Dense"} <= found.keys()
    for name, checks in found.items():
        assert checks - {"numbers"} == list_checks(name.split("/")[0]).keys()


def test_names_of_cases_are_unique() -> None:
    names = [str(case) for case in contract_cases()]
    assert len(names) == len(set(names))
    assert "constraint-kplug/max_norm-idempotent" in names


@pytest.mark.parametrize("kind", BUILT_IN_KINDS)
def test_checks_are_listed(kind: str) -> None:
    assert {"config", "pickle", "determinism"} < list_checks(kind).keys()


def test_arguments_alone_are_an_example() -> None:
    with kplug.scope(regularizers={"scaled": scaled}):
        assert run_contract("custom", examples={"scaled": {"factor": 0.1}}) > 9
        for name in ("custom/scaled", "regularizer/custom/scaled", "SCALED"):
            cases = contract_cases("custom", examples={name: {"factor": 0.1}})
            assert {str(case.example) for case in cases} == {'{"factor": 0.1}'}


def test_missing_arguments_are_asked_for() -> None:
    with kplug.scope(regularizers={"scaled": scaled}):
        case = contract_cases("custom")[0]
        with pytest.raises(BrokenContractError) as caught:
            check_contract(case)
    assert "found: it cannot be made: scaled needs 'factor'" in str(caught.value)
    assert str(caught.value).endswith(
        "Say what it is made with: @kplug.example({…}) above it, or examples={'scaled': {…}}."
    )


def test_a_missing_example_is_one_message() -> None:
    with kplug.scope(regularizers={"scaled": scaled}):
        with pytest.raises(BrokenContractError, match="it cannot be made: scaled needs 'factor'"):
            run_contract("custom")
        first, *others = contract_cases("custom")
        assert first.check.name == "made"
        for case in others:
            with pytest.raises(
                SkipTest, match=r"^custom/scaled cannot be made: see its check 'made'$"
            ):
                check_contract(case)


def test_missing_inputs_are_one_message() -> None:
    def of_five(weight_matrix: Tensor) -> Tensor:
        if weight_matrix.shape != (5, 5):
            raise ValueError("a matrix of 5 by 5")
        return weight_matrix.sum()

    with kplug.scope(regularizers={"of_five": of_five}):
        local = Example(leave_out={"pickle": "it is a function of this test"})
        with pytest.raises(BrokenContractError) as caught:
            run_contract("custom", examples={"of_five": local})
        with pytest.raises(SkipTest, match="of_five cannot be called: see its check 'made'"):
            check_contract(contract_cases("custom")[3])
    assert "found: none of the usual inputs suits it; the last was" in str(caught.value)
    assert str(caught.value).endswith("@kplug.example(inputs=(…)) above it.")


def test_an_example_stands_on_the_component() -> None:
    @kplug.example({"factor": 0.1}, inputs=lambda: ([[1.0]],), leave_out={"pickle": "a test's"})
    def marked(weight_matrix: Tensor, factor: float) -> Tensor:
        return factor * weight_matrix.abs().sum()

    with kplug.scope(regularizers={"marked": marked}):
        assert run_contract("custom") == len(list_checks("regularizer")) - 1
        assert {str(case.example) for case in contract_cases("custom")} == {'{"factor": 0.1}'}
        cases = contract_cases("custom", examples={"marked": {"factor": 0.2}})
        assert {str(case.example) for case in cases} == {'{"factor": 0.2}'}


def test_an_example_is_not_inherited() -> None:
    @kplug.example({"factor": 0.1})
    class Base:
        pass

    class Derived(Base):
        pass

    assert find_example(Base) == Example({"factor": 0.1})
    assert find_example(Derived) is None


def test_a_fact_that_an_example_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="'leaveout'"):
        kplug.example({"factor": 0.1}, leaveout={})


def test_whether_it_can_be_made_is_not_left_out() -> None:
    example = Example(leave_out={"made": "I have no arguments"})
    with kplug.scope(regularizers={"scaled": scaled}), pytest.raises(BrokenContractError):
        run_contract("custom", examples={"scaled": example})


def test_a_check_can_be_left_out() -> None:
    example = Example(leave_out={"idempotent": "it is meant to shrink"})
    with kplug.scope(constraints={"halve": halve}):
        assert (
            run_contract("custom", examples={"halve": example})
            == len(list_checks("constraint")) - 1
        )


def test_inputs_can_be_given() -> None:
    example = Example(inputs=([[0.0, 0.0]],), leave_out={"zero": "", "idempotent": ""})
    with kplug.scope(constraints={"halve": halve}):
        assert run_contract("custom", examples={"halve": example}) > 0


def test_every_failure_is_reported() -> None:
    def broken(weight_matrix: Tensor) -> Tensor:
        return weight_matrix.mul_(torch.tensor(0.5)).sum(0)

    with kplug.scope(constraints={"broken": broken}), pytest.raises(SeveralProblemsError) as caught:
        run_contract("custom")
    names = [problem.case.check.name for problem in caught.value.problems]  # type: ignore[attr-defined]
    assert {"pickle", "shape", "inputs", "idempotent"} <= set(names)
    assert str(caught.value).startswith("custom breaks its contract: ")


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        (
            {"hubre": {}},
            "an example is for the component 'hubre', which does not exist\n  Did you mean 'huber'?",
        ),
        ({"kplug/hubre": {}}, "Did you mean 'kplug/huber'?"),
        (
            {"huber": Example(leave_out={"gradchek": "why"})},
            "an example is for the check of a loss 'gradchek', which does not exist\n"
            "  Did you mean 'gradcheck'?",
        ),
    ],
)
def test_misspelt_names_are_refused(examples: dict[str, Example], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        contract_cases("kplug", kinds=["loss"], examples=examples)
    assert message in str(caught.value)


def test_a_distribution_without_components_is_refused() -> None:
    with pytest.raises(ArgumentError, match="'kplug-nothing' offers no components to test"):
        contract_cases("kplug-nothing")


@pytest.mark.slow
def test_pytest_is_not_needed() -> None:
    code = "import sys, kplug_authoring; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
