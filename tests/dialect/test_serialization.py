"""Components as data: Keras reads ours, we read theirs, and each comes back the same."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest
import torch

import kplug
from kplug import activations, constraints, initializers, regularizers
from kplug.errors import UnknownComponentError

OURS: list[tuple[Any, Any]] = [
    (initializers, initializers.HeNormal(seed=3)),
    (initializers, initializers.VarianceScaling(2.0, "fan_avg", "uniform", seed=3)),
    (initializers, initializers.RandomUniform(-1.0, 1.0, seed=torch.Generator().manual_seed(3))),
    (initializers, initializers.Constant(2.0)),
    (initializers, initializers.Orthogonal(2.0)),
    (initializers, initializers.STFT("imag", None)),
    (regularizers, regularizers.L1(0.5)),
    (regularizers, regularizers.L1L2(0.5, 0.25)),
    (regularizers, regularizers.OrthogonalRegularizer(0.5, "columns")),
    (constraints, constraints.MinMaxNorm(0.1, 0.9, rate=0.5, axis=1)),
    (constraints, constraints.NonNeg()),
]


@pytest.mark.parametrize(("family", "component"), OURS, ids=repr)
def test_keras_reads_what_we_write(family: Any, component: Any) -> None:
    data = json.loads(json.dumps(family.serialize(component)))
    theirs = getattr(keras, family.__name__.rpartition(".")[2]).deserialize(data)
    assert type(theirs).__name__ == type(component).__name__
    assert family.deserialize(data).get_config() == component.get_config()


@pytest.mark.parametrize(("family", "component"), OURS, ids=repr)
def test_we_read_what_keras_writes(family: Any, component: Any) -> None:
    module = getattr(keras, family.__name__.rpartition(".")[2])
    theirs = module.deserialize(family.serialize(component))
    ours = family.deserialize(json.loads(json.dumps(module.serialize(theirs))))
    assert family.serialize(ours) == family.serialize(component)


@pytest.mark.parametrize("name", ["relu", "hard_sigmoid", "log_softmax", "silu"])
def test_activations_are_names(name: str) -> None:
    function = getattr(activations, name)
    assert activations.serialize(function) == name
    assert keras.activations.serialize(getattr(keras.activations, name)) == name
    assert activations.deserialize(name) is function


@pytest.mark.parametrize(
    ("family", "component", "text"),
    [
        (activations, activations.get("relu(max_value=6.0)"), "kplug/relu("),
        (constraints, constraints.RadialConstraint(), "radial_constraint"),
        (initializers, initializers.get("torch/dirac"), "torch/dirac(groups=1)"),
    ],
)
def test_what_keras_has_not_is_a_spec(family: Any, component: Any, text: str) -> None:
    data = family.serialize(component)
    assert data.startswith(text)
    assert family.serialize(family.deserialize(data)) == data


def test_none_stays_none() -> None:
    assert regularizers.serialize(None) is None
    assert regularizers.deserialize(None) is None
    assert activations.deserialize(None) is activations.linear


def doubled(x: Any) -> Any:
    return 2 * x


def test_custom_objects_are_known_for_the_call_only() -> None:
    assert activations.serialize(doubled) == "custom/doubled"
    assert activations.deserialize("custom/doubled", {"doubled": doubled}) is doubled
    with pytest.raises(UnknownComponentError):
        activations.deserialize("custom/doubled")
    with kplug.scope(activations={"doubled": doubled}):
        assert activations.deserialize("doubled") is doubled
