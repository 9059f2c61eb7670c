"""Policies of types, against Keras's, and what they mean for layers and models."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug import config, dtype_policies, layers, mixed_precision
from kplug.errors import ArgumentValueError
from kplug.models import Sequential
from kplug.optimizers import LossScaleOptimizer

_X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
_Y = _X[:, :1]


@pytest.fixture(autouse=True)
def _no_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dtype_policies._Program, "policy", None)


@pytest.mark.parametrize(
    "name", ["float32", "float64", "bfloat16", "mixed_bfloat16", "mixed_float16", None]
)
def test_a_policy_has_the_types_that_keras_gives_it(name: str | None) -> None:
    ours, theirs = kplug.DTypePolicy(name), keras.DTypePolicy(name)
    assert (ours.name, ours.compute_dtype, ours.variable_dtype) == (
        theirs.name,
        theirs.compute_dtype,
        theirs.variable_dtype,
    )
    assert repr(ours) == repr(theirs)
    assert dtype_policies.serialize(ours) == keras.dtype_policies.serialize(theirs)
    for same in (ours, theirs, theirs.name, dtype_policies.serialize(ours)):
        assert dtype_policies.get(same) == ours


@pytest.mark.parametrize("name", ["mixed_float32", "floaty", 16])
def test_other_names_are_refused(name: Any) -> None:
    with pytest.raises(
        ArgumentValueError, match=r"DTypePolicy: argument 'name' is .* 'mixed_bfloat16', or a type"
    ):
        kplug.DTypePolicy(name)


def _compile(precision: str | None = None, optimizer: str = "sgd") -> Any:
    model = Sequential([layers.Dense(3, input_dim=4), layers.Dense(1, dtype="float32")])
    model.compile(optimizer, "mse", precision=precision)
    return model


@pytest.mark.parametrize(
    ("policy", "precision"), [("mixed_bfloat16", "bf16"), ("mixed_float16", "fp16")]
)
def test_a_mixed_policy_is_the_precision_of_compile(policy: str, precision: str) -> None:
    config.set_dtype_policy(policy)
    assert config.dtype_policy() == kplug.DTypePolicy(policy) == mixed_precision.global_policy()
    ours = _compile()
    config.set_dtype_policy("float32")
    theirs = _compile(precision)
    theirs.set_weights(ours.get_weights())
    assert isinstance(ours.optimizer, LossScaleOptimizer) == (precision == "fp16")
    histories = [
        one.fit(_X, _Y, shuffle=False, epochs=2, verbose=0).history for one in (ours, theirs)
    ]
    assert histories[0] == histories[1]
    assert all(weight.dtype == np.float32 for weight in ours.get_weights())


def test_another_policy_is_the_type_of_the_weights() -> None:
    config.set_dtype_policy("float64")
    layer = layers.Dense(2, input_dim=3)
    assert [weight.dtype for weight in layer.weights] == [torch.float64] * 2
    assert layer.dtype_policy == kplug.DTypePolicy("float64")
    assert layer.compute_dtype == layer.variable_dtype == "float64"
    assert layers.Dense(2, dtype="float32").dtype == "float32"
    assert config.floatx() == "float32"


@pytest.mark.parametrize("dtype", [keras.DTypePolicy("float64"), kplug.DTypePolicy("float64")])
def test_a_layer_takes_a_policy(dtype: Any) -> None:
    assert layers.Dense(2, dtype=dtype).dtype == "float64"


def test_a_layer_has_the_mixed_policy_of_the_program_or_none() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        layers.Dense(2, dtype="mixed_bfloat16")
    assert str(caught.value) == (
        "Dense: argument 'dtype' is 'mixed_bfloat16'; allowed: the type of the weights, since a layer alone "
        "does not compute in another one. Write compile(precision='bf16'), or "
        "kplug.config.set_dtype_policy('mixed_bfloat16') before the first layer"
    )
    config.set_dtype_policy("mixed_bfloat16")
    assert layers.Dense(2, dtype="mixed_bfloat16").dtype == "float32"


def test_without_a_policy_the_type_follows_floatx() -> None:
    config.set_dtype_policy("float32")
    config.set_dtype_policy(None)
    try:
        config.set_floatx("float64")
        assert config.dtype_policy().name == layers.Dense(1).dtype == "float64"
    finally:
        config.set_floatx("float32")
