"""Every built-in regularizer, and what else may stand where one is expected."""

from __future__ import annotations

import functools
import json
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug import backend as K, regularizers
from kplug.builtins.regularizers import COMPONENTS as TABLE
from kplug.errors import ContractError, DataError
from kplug.regularizers import L1, L2, Regularizer, as_regularizer, get


def l1_reg(weight_matrix: torch.Tensor) -> Any:
    """Penalise as the guide's custom regularizer does."""
    return 0.01 * K.sum(K.abs(weight_matrix))


@pytest.mark.parametrize("name", TABLE)
def test_every_component_loads_and_survives_its_configuration(name: str) -> None:
    regularizer = get(name)
    assert isinstance(regularizer, Regularizer)
    assert regularizer(torch.ones(2, 3)).item() > 0.0
    config = json.loads(json.dumps(regularizer.get_config()))
    assert type(regularizer).from_config(config).get_config() == config


@pytest.mark.parametrize("name", TABLE)
def test_every_component_has_a_summary_and_a_lower_case_name(name: str) -> None:
    assert TABLE[name].summary.endswith(".")
    assert getattr(regularizers, name) is type(get(name))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("l1", "L1(l1=0.01)"),
        ("L1", "L1(l1=0.01)"),
        ("l1_l2", "L1L2(l1=0.01, l2=0.01)"),
        ("L1L2", "L1L2(l1=0.01, l2=0.01)"),
        ("l1l2", "L1L2(l1=0.01, l2=0.01)"),
        ("l2(0.5)", "L2(l2=0.5)"),
        ("OrthogonalRegularizer", "OrthogonalRegularizer(factor=0.01, mode='rows')"),
    ],
)
def test_names_and_specs_resolve(name: str, expected: str) -> None:
    assert repr(get(name)) == expected


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("L1", {"l1": 0.5}),
        ("L2", {"l2": 0.5}),
        ("L1L2", {"l1": 0.5, "l2": 0.25}),
        ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
    ],
)
def test_configurations_are_keras_3s(name: str, arguments: dict[str, Any]) -> None:
    theirs = getattr(keras.regularizers, name)(**arguments).get_config()
    regularizer = get({"class_name": name, "config": theirs})
    assert regularizer.get_config() == theirs == arguments


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ({"class_name": "L1L2", "config": {"l1": 0.5, "l2": 0.0}}, "L1L2(l1=0.5, l2=0.0)"),
        ({"class_name": "l1_l2", "config": {}}, "L1L2(l1=0.01, l2=0.01)"),
        ({"class_name": "l1", "config": {"l": 0.5}}, "L1(l1=0.5)"),
    ],
)
def test_configurations_of_keras_2_are_read(identifier: dict[str, Any], expected: str) -> None:
    assert repr(get(identifier)) == expected


def test_none_stays_none() -> None:
    assert get(None) is None


def test_functions_and_instances_are_kept() -> None:
    instance = L2(0.5)
    assert get(instance) is instance
    assert get(l1_reg) is l1_reg
    assert l1_reg(torch.ones(10)).item() == pytest.approx(0.1)


def test_a_class_is_instantiated() -> None:
    assert isinstance(get(L1), L1)


def test_a_subclass_gets_its_configuration_for_free() -> None:
    class Largest(Regularizer):
        def __init__(self, factor: float = 0.1) -> None:
            self.factor = factor

        def __call__(self, weight_matrix: torch.Tensor) -> torch.Tensor:
            return self.factor * weight_matrix.abs().max()

    assert Largest.from_config(Largest(0.5).get_config()).factor == 0.5


def scaled(weight_matrix: Any, factor: Any) -> Any:
    return factor * weight_matrix.sum()


def test_bound_arguments_are_no_hindrance() -> None:
    bound = functools.partial(scaled, factor=2.0)
    assert as_regularizer(bound) is bound


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (
            0.01,
            "0.01 is not a regularizer\n"
            "  A regularizer is a callable (weight_matrix) that returns a scalar penalty.",
        ),
        (
            scaled,
            "scaled(weight_matrix, factor) cannot be used as a regularizer: missing a required "
            "argument: 'factor'\n"
            "  A regularizer is a callable (weight_matrix) that returns a scalar penalty.",
        ),
    ],
)
def test_what_is_no_regularizer_is_refused(candidate: object, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        as_regularizer(candidate)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "regularizer",
    ["L1", "L2", "OrthogonalRegularizer"],
)
def test_an_array_and_a_list_are_taken_as_in_keras(regularizer: str) -> None:
    rows = np.array([[1.5, -2.0], [0.25, 3.0]])
    make = getattr(regularizers, regularizer)
    theirs = getattr(keras.regularizers, regularizer)()(rows)
    for given in (rows, rows.tolist()):
        made = make()(given)
        torch.testing.assert_close(made, theirs.to(made.dtype), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name", sorted({str(one.target).rpartition(":")[-1] for one in TABLE.values()})
)
@pytest.mark.parametrize("given", [None, "abc", ["a"], {"a": 1}, np.array([None])])
def test_what_is_no_weight_is_refused_with_the_name(name: str, given: Any) -> None:
    with pytest.raises(DataError, match=rf"^{name}: .*cannot become a tensor"):
        getattr(regularizers, name)()(given)
