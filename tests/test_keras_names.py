"""Names that Keras 3 has in more than one place mean one thing."""

from __future__ import annotations

import importlib

import pytest

import kplug

_SAME = [
    ("saving.register_keras_serializable", "utils.register_keras_serializable"),
    ("saving.custom_object_scope", "utils.custom_object_scope"),
    ("saving.CustomObjectScope", "utils.CustomObjectScope"),
    ("saving.get_custom_objects", "utils.get_custom_objects"),
    ("saving.load_model", "models.load_model"),
    ("saving.save_model", "models.save_model"),
    ("optimizers.schedules.CosineDecay", "schedules.CosineDecay"),
    ("utils.clear_session", "backend.clear_session"),
    ("utils.is_keras_tensor", "backend.is_keras_tensor"),
    ("Loss", "losses.Loss"),
    ("Metric", "metrics.Metric"),
    ("Optimizer", "optimizers.Optimizer"),
    ("Initializer", "initializers.Initializer"),
    ("Regularizer", "regularizers.Regularizer"),
    ("config.dtype_policy", "mixed_precision.global_policy"),
    ("config.set_dtype_policy", "mixed_precision.set_global_policy"),
    ("DTypePolicy", "mixed_precision.Policy"),
    ("DTypePolicy", "dtype_policies.FloatDTypePolicy"),
    ("mixed_precision.LossScaleOptimizer", "optimizers.LossScaleOptimizer"),
    ("utils.standardize_dtype", "backend.standardize_dtype"),
    ("utils.disable_interactive_logging", "config.disable_interactive_logging"),
    ("KerasTensor", "layers.SymbolicTensor"),
    ("name_scope", "backend.name_scope"),
    ("saving.serialize_keras_object", "utils.serialize_keras_object"),
    ("saving.deserialize_keras_object", "utils.deserialize_keras_object"),
    ("saving.get_registered_object", "utils.get_registered_object"),
    ("InputSpec", "layers.InputSpec"),
]


def _find(path: str) -> object:
    home, _, name = f"kplug.{path}".rpartition(".")
    return getattr(importlib.import_module(home), name)


@pytest.mark.parametrize(("path", "other"), _SAME)
def test_both_places_have_one_object(path: str, other: str) -> None:
    assert _find(path) is _find(other)


def test_a_name_that_saving_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'kplug\.saving' has no attribute 'nothing'"):
        _ = kplug.saving.nothing
