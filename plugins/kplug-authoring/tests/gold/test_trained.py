"""Trainings that are compared: compiled and in several processes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from kplug_authoring import contract_cases
from kplug_authoring.checks.subject import find_difference
from kplug_authoring.gold.training import train
from torch import Tensor

import kplug
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

ONE_HOT = torch.eye(3).repeat(2, 1)[:5].double()
PAIR = (ONE_HOT, torch.linspace(0.1, 0.9, 15).reshape(5, 3).double())
WEIGHT = (torch.linspace(-1.0, 1.0, 20).reshape(4, 5),)
TAKEN: dict[str, tuple[str, tuple[Any, ...]]] = {
    "regularizer": ("l2(0.01)", WEIGHT),
    "constraint": ("max_norm(0.5)", WEIGHT),
    "activation": ("relu", WEIGHT),
    "loss": ("categorical_crossentropy", PAIR),
    "metric": ("categorical_accuracy", PAIR),
    "optimizer": ("adam", ()),
    "schedule": ("exponential_decay(0.1, 2, 0.5)", ()),
    "callback": ("terminate_on_nan", ()),
    "layer": ("Dense(3)", (torch.linspace(-1.0, 1.0, 20).reshape(4, 5),)),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_component_of_each_kind_is_trained_with_and_again_with_the_same_results(
    kind: str,
) -> None:
    reference, inputs = TAKEN[kind]
    first, second = (train(kind, kplug.resolve(kind, reference).object, inputs) for _ in range(2))
    assert len(first) > 3
    assert find_difference(first, second) is None


@pytest.mark.parametrize("kind", ["regularizer", "constraint", "activation", "loss", "optimizer"])
def test_a_component_has_an_effect_on_the_training(kind: str) -> None:
    others = {
        "regularizer": "l2(0.5)",
        "constraint": "max_norm(0.1)",
        "activation": "tanh",
        "loss": "mse",
        "optimizer": "sgd",
    }
    reference, inputs = TAKEN[kind]
    first, second = (
        train(kind, kplug.resolve(kind, one).object, inputs) for one in (reference, others[kind])
    )
    assert find_difference(first, second, 1e-3) is not None


def find(name: str, check: str, **components: Any) -> str | None:
    """Return what a check of the level gold finds."""
    with kplug.scope(**{name: components}):
        (case,) = (one for one in contract_cases("custom", level="gold") if one.check.name == check)
        try:
            case.run()
        except AssertionError as error:
            return str(error)
    return None


def reads_a_number(y_true: Tensor, y_pred: Tensor) -> Tensor:
    error = (y_true - y_pred).square().mean(-1)
    return 2.0 * error if float(y_pred.sum()) > 0 else error


def reads_none(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).square().mean(-1)


@pytest.mark.slow
def test_what_cannot_be_compiled_is_found_and_what_can_is_not() -> None:
    told = find("losses", "compiled", bent=reads_a_number)
    assert told is not None
    assert "runs eagerly instead of compiled" in told
    assert find("losses", "compiled", plain=reads_none) is None
    # No exemption from a simpler check is one from this.
    kplug.example(leave_out={"determinism": "it draws"})(reads_a_number)
    told = find("losses", "compiled", bent=reads_a_number)
    assert told is not None
    assert "runs eagerly instead of compiled" in told


MODULE = """
import torch
from torch import Tensor

def absolute(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).abs().mean(-1)

def largest(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).square().max()
"""


@pytest.mark.slow
def test_a_loss_of_a_whole_batch_is_another_in_two_processes(install: Sandbox) -> None:
    losses = {"absolute": "of_batches:absolute", "largest": "of_batches:largest"}
    install(
        "kplug-batches", entry_points={"kplug.losses": losses}, modules={"of_batches.py": MODULE}
    )
    found = {}
    for case in contract_cases("kplug-batches", level="gold"):
        if case.check.name == "processes":
            try:
                case.run()
            except AssertionError as error:
                found[case.component.name] = str(error)
    assert list(found) == ["largest"]
    assert "in one process and in two: " in found["largest"]


@pytest.mark.slow
def test_an_error_of_the_second_process_alone_is_said(install: Sandbox) -> None:
    module = MODULE + "\nimport os\nif os.environ.get('RANK') == '1': raise OSError('no port')\n"
    losses = {"absolute": "of_second:absolute"}
    install(
        "kplug-batches", entry_points={"kplug.losses": losses}, modules={"of_second.py": module}
    )
    cases = contract_cases("kplug-batches", level="gold")
    with pytest.raises(AssertionError, match=r"in two processes it raised .*no port"):
        next(case for case in cases if case.check.name == "processes").run()


@pytest.mark.slow
def test_what_another_process_cannot_make_is_said() -> None:
    told = find("losses", "processes", mine=lambda y_true, y_pred: (y_true - y_pred).abs().mean(-1))
    assert told is not None
    assert "in two processes it raised " in told
