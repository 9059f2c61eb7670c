"""Every built-in initializer: it loads, its names lead to it, its configuration makes it again."""

from __future__ import annotations

import inspect
import json

import keras
import pytest
import torch

from kplug import initializers
from kplug.builtins.initializers import COMPONENTS as TABLE
from kplug.initializers import Initializer, get

# Names that both Keras 3 and kplug know, one row a class.
KERAS_3_NAMES = [
    *("zeros", "zero", "Zeros", "ones", "one", "Ones", "identity", "Identity"),
    *("normal", "random_normal", "RandomNormal", "uniform", "random_uniform", "RandomUniform"),
    *("truncated_normal", "TruncatedNormal", "variance_scaling", "VarianceScaling"),
    *("lecun_uniform", "LecunUniform", "lecun_normal", "LecunNormal"),
    *("glorot_uniform", "GlorotUniform", "glorot_normal", "GlorotNormal"),
    *("he_uniform", "HeUniform", "he_normal", "HeNormal", "orthogonal", "Orthogonal"),
    *("OrthogonalInitializer", "IdentityInitializer", "stft", "STFT", "STFTInitializer"),
]
# Keras 3 fails on the first two and does not know the others.
FURTHER_NAMES = ["constant", "Constant", "HE_NORMAL", "he-normal", "kplug/he_normal"]
# tf-keras adds the suffix to every class that it had before its version 2, and to six functions.
TF_KERAS_CLASSES = [
    *("Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "Ones"),
    *("LecunNormal", "LecunUniform", "Orthogonal", "RandomNormal", "RandomUniform", "Zeros"),
    *("TruncatedNormal", "VarianceScaling"),
]
KERAS_3_CLASSES = {
    name: one
    for name, one in vars(keras.initializers).items()
    if isinstance(one, type) and one is not keras.initializers.Initializer
}
SHAPES = {"stft": (4, 1, 3)}


@pytest.mark.parametrize("name", TABLE)
def test_every_component_loads_and_fills_a_matrix(name: str) -> None:
    initializer = get(name)
    assert isinstance(initializer, Initializer)
    shape = SHAPES.get(name, (4, 3))
    assert initializer(shape).shape == shape
    assert initializer(shape).dtype is torch.float32


@pytest.mark.parametrize("name", TABLE)
def test_every_component_survives_its_configuration(name: str) -> None:
    initializer = get(name)
    config = json.loads(json.dumps(initializer.get_config()))
    assert type(initializer).from_config(config).get_config() == config


@pytest.mark.parametrize("name", TABLE)
def test_every_component_has_a_summary_and_a_lower_case_name(name: str) -> None:
    assert TABLE[name].summary.endswith(".")
    assert getattr(initializers, name) is type(get(name))


@pytest.mark.parametrize("name", KERAS_3_NAMES)
def test_names_mean_what_they_mean_in_keras(name: str) -> None:
    assert type(get(name)).__name__ == type(keras.initializers.get(name)).__name__


@pytest.mark.parametrize("name", FURTHER_NAMES)
def test_further_names_resolve(name: str) -> None:
    assert isinstance(get(name), Initializer)


@pytest.mark.parametrize("name", KERAS_3_CLASSES)
def test_every_class_of_keras_3_has_a_component_with_its_arguments(name: str) -> None:
    theirs, ours = KERAS_3_CLASSES[name], type(get(name))
    assert ours.__name__ == theirs.__name__
    wanted = set(inspect.signature(theirs).parameters)
    assert wanted <= set(inspect.signature(ours).parameters)


@pytest.mark.parametrize("name", TF_KERAS_CLASSES)
def test_names_of_tf_keras_resolve(name: str) -> None:
    assert type(get(f"{name}V2")).__name__ == name


def test_the_guides_calls_work() -> None:
    assert initializers.random_normal(stddev=0.01).stddev == 0.01
    assert initializers.he_uniform(seed=None).seed is None
    assert initializers.he_normal(seed=None).seed is None
    assert initializers.glorot_normal(seed=None).seed is None
    assert initializers.glorot_uniform(seed=None).seed is None
    assert initializers.TruncatedNormal(mean=0.0, stddev=0.05, seed=None).stddev == 0.05
    assert initializers.RandomUniform(minval=-0.05, maxval=0.05, seed=None).maxval == 0.05
    assert initializers.RandomNormal(mean=0.0, stddev=0.05, seed=None).mean == 0.0
    assert initializers.Constant(value=0).value == 0


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("uniform", "RandomUniform(minval=-0.05, maxval=0.05, seed=None)"),
        ("normal(stddev=0.1)", "RandomNormal(mean=0.0, stddev=0.1, seed=None)"),
        ("kplug/he_normal(seed=3)", "HeNormal(seed=3)"),
        (
            "variance_scaling(2.0, 'fan_out')",
            "VarianceScaling(scale=2.0, mode='fan_out', distribution='truncated_normal', seed=None)",
        ),
        ("constant", "Constant(value=0)"),
        ("constant(value=[1, 2])", "Constant(value=[1, 2])"),
    ],
)
def test_specs_reach_the_constructor(spec: str, expected: str) -> None:
    assert repr(get(spec)) == expected


def test_none_stays_none() -> None:
    assert get(None) is None
