"""Every built-in constraint, and what else may stand where one is expected."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug import constraints
from kplug.builtins.constraints import COMPONENTS as TABLE
from kplug.constraints import Constraint, MaxNorm, as_constraint, get
from kplug.errors import ContractError, DataError


@pytest.mark.parametrize("name", TABLE)
def test_every_component_loads_and_survives_its_configuration(name: str) -> None:
    constraint = get(name)
    assert isinstance(constraint, Constraint)
    shape = (3, 3, 2, 1) if name == "radial_constraint" else (2, 3)
    assert constraint(torch.ones(shape)).shape == shape
    config = json.loads(json.dumps(constraint.get_config()))
    assert type(constraint).from_config(config).get_config() == config


@pytest.mark.parametrize("name", TABLE)
def test_every_component_has_a_summary_and_lower_case_names(name: str) -> None:
    assert TABLE[name].summary.endswith(".")
    assert getattr(constraints, name) is type(get(name))


# Keras 2's, tf-keras's and Keras 3's.
NAMES = [
    *("max_norm", "maxnorm", "MaxNorm", "non_neg", "nonneg", "NonNeg", "unit_norm", "unitnorm"),
    *("UnitNorm", "min_max_norm", "MinMaxNorm", "radial_constraint", "RadialConstraint"),
]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_keras_resolves(name: str) -> None:
    assert isinstance(get(name), Constraint)


@pytest.mark.parametrize("name", ["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"])
def test_configurations_have_keras_3s_keys(name: str) -> None:
    theirs = getattr(keras.constraints, name)().get_config()
    ours = get(name).get_config()
    assert ours == theirs
    assert get({"class_name": name, "config": theirs}).get_config() == theirs


def test_arguments_reach_the_constructor() -> None:
    assert repr(get("max_norm(3, axis=[0, 1])")) == "MaxNorm(max_value=3.0, axis=[0, 1])"


def test_none_stays_none() -> None:
    assert get(None) is None


def test_functions_instances_and_classes_are_accepted() -> None:
    def halve(weight_matrix: torch.Tensor) -> torch.Tensor:
        return weight_matrix / 2

    instance = MaxNorm(1.0)
    assert get(halve) is halve
    assert get(instance) is instance
    assert isinstance(get(MaxNorm), MaxNorm)


def two(weight_matrix: Any, limit: Any) -> Any: ...


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (
            2,
            "2 is not a constraint\n"
            "  A constraint is a callable (weight_matrix) that returns a weight of its shape.",
        ),
        (
            two,
            "two(weight_matrix, limit) cannot be used as a constraint: missing a required "
            "argument: 'limit'\n"
            "  A constraint is a callable (weight_matrix) that returns a weight of its shape.",
        ),
    ],
)
def test_what_is_no_constraint_is_refused(candidate: object, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        as_constraint(candidate)
    assert str(caught.value) == message


def test_the_base_class_leaves_weights_alone() -> None:
    weight = torch.ones(2, 3)
    assert Constraint()(weight) is weight
    assert Constraint().get_config() == {}


@pytest.mark.parametrize("name", ["NonNeg", "MaxNorm", "UnitNorm", "MinMaxNorm"])
@pytest.mark.parametrize("kind", [list, np.array])
def test_an_array_and_a_list_are_taken_as_in_keras(name: str, kind: Any) -> None:
    given = kind([[1.5, -2.0], [0.25, 3.0]])
    made, theirs = getattr(constraints, name)()(given), getattr(keras.constraints, name)()(given)
    torch.testing.assert_close(made, theirs.to(made.dtype), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name", sorted({str(one.target).rpartition(":")[-1] for one in TABLE.values()})
)
@pytest.mark.parametrize("given", [None, "abc", ["a"], {"a": 1}, np.array([None])])
def test_what_is_no_weight_is_refused_with_the_name(name: str, given: Any) -> None:
    with pytest.raises(DataError, match=rf"^{name}: .*cannot become a tensor"):
        getattr(constraints, name)()(given)
