"""Configurations of losses, initializers and optimizers, from Keras 2 and tf-keras to kplug."""

from __future__ import annotations

import keras
import pytest

from kplug.dialect.keras2.component_configs import (
    translate_initializer_config,
    translate_loss_config,
    translate_optimizer_config,
)


def test_automatic_reduction_is_the_default_of_keras_3() -> None:
    translated = translate_loss_config({"name": "mse", "fn": "mean", "reduction": "auto"})
    assert translated == {"name": "mse", "reduction": "sum_over_batch_size"}
    assert translated["reduction"] == keras.losses.MeanSquaredError().reduction


@pytest.mark.parametrize("config", [{}, {"reduction": "sum"}, {"reduction": None, "delta": 2.0}])
def test_loss_without_older_words_stays(config: dict[str, object]) -> None:
    assert translate_loss_config(config) == config


def test_initializer_loses_its_type_alone() -> None:
    config = {"value": 2.0, "dtype": "float16", "seed": None}
    assert translate_initializer_config(config) == {"value": 2.0, "seed": None}
    assert config["dtype"] == "float16"  # what was given is not changed


def test_optimizer_loses_settings_of_tensorflow_and_those_nobody_set() -> None:
    config = {"lr": 0.1, "jit_compile": False, "is_legacy_optimizer": True, "decay": 0.0}
    assert translate_optimizer_config(config) == {"lr": 0.1, "decay": 0.0}
    assert translate_optimizer_config(config, {"decay": 0.0}) == {"lr": 0.1}


def test_setting_that_was_made_stays_for_the_optimizer_to_refuse() -> None:
    assert translate_optimizer_config({"decay": 0.5}, {"decay": 0.0}) == {"decay": 0.5}
