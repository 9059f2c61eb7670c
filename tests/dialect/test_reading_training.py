"""Compile configurations that Keras wrote are read as arguments of ``compile``."""

from __future__ import annotations

from typing import Any

import pytest

import kplug
from kplug import Sequential, layers
from kplug.dialect import read_training
from kplug.errors import WeightsError


def test_training_of_keras_2() -> None:
    model = Sequential([layers.Dense(4, input_dim=3)])
    config = {
        "optimizer_config": {
            "class_name": "SGD",
            "config": {"lr": 0.05, "momentum": 0.9, "decay": 1e-6, "nesterov": True},
        },
        "loss": "mse",
        "metrics": ["acc"],
        "sample_weight_mode": None,
        "loss_weights": None,
    }
    model.compile(**read_training(config))
    assert model.optimizer.get_config() == {
        "lr": 0.05,
        "momentum": 0.9,
        "decay": 1e-6,
        "nesterov": True,
    }
    assert model.metrics_names == ["loss", "acc"]
    assert model.loss.name == "mean_squared_error"


def test_optimizer_of_tf_keras_is_the_built_in() -> None:
    config = {
        "optimizer_config": {
            "class_name": "Custom>Adam",
            "config": {
                "name": "Adam",
                "learning_rate": 0.002,
                "decay": 0.0,
                "jit_compile": False,
                "is_legacy_optimizer": False,
                "weight_decay": None,
                "amsgrad": False,
            },
        },
        "loss": "mse",
    }
    model = Sequential([layers.Dense(4, input_dim=3)])
    model.compile(**read_training(config))
    assert model.optimizer.lr == 0.002


@pytest.mark.parametrize(
    ("written", "read"),
    [("auto", {"jit_compile": "auto"}), (True, {}), (False, {}), ({"a": 1}, {})],
)
def test_only_auto_is_taken_over_from_a_file(written: object, read: dict[str, str]) -> None:
    found = read_training({"optimizer": "sgd", "loss": "mse", "jit_compile": written})
    assert {name: each for name, each in found.items() if name == "jit_compile"} == read


def test_schedule_of_keras_3() -> None:
    config = {
        "optimizer": {
            "module": "keras.src.backend.torch.optimizers.torch_adam",
            "class_name": "Adam",
            "config": {
                "name": "adam",
                "learning_rate": {
                    "module": "keras.optimizers.schedules",
                    "class_name": "CosineDecay",
                    "config": {"initial_learning_rate": 0.1, "decay_steps": 10},
                    "registered_name": None,
                },
            },
            "registered_name": "Adam",
        },
        "loss": {"out": "mse"},
        "metrics": [["mae"]],
        "run_eagerly": False,
    }
    arguments = read_training(config)
    assert arguments["optimizer"]["class_name"] == "kplug/Adam"
    assert arguments["optimizer"]["config"]["learning_rate"]["class_name"] == "kplug/CosineDecay"
    assert (arguments["loss"], arguments["metrics"]) == ({"out": "kplug/mse"}, [["kplug/mae"]])


def test_own_function_named_like_a_built_in() -> None:
    def dice(y_true: Any, y_pred: Any) -> Any:
        return (y_true - y_pred).abs()

    stored = {
        "module": "builtins",
        "class_name": "function",
        "config": "custom>dice",
        "registered_name": "function",
    }
    assert read_training({"loss": stored})["loss"] == "custom/dice"
    assert read_training({"loss": "dice"}, {"dice": dice})["loss"] == "custom/dice"
    with kplug.scope(losses={"dice": dice}):
        assert read_training({"loss": "dice"})["loss"] == "custom/dice"


@pytest.mark.parametrize(
    "metrics", [["mae"] * 2001, {"a": [{"class_name": "AUC", "config": {}}] * 2000, "b": "mae"}]
)
def test_thousands_of_metrics_are_refused_before_one_is_made(metrics: Any) -> None:
    with pytest.raises(WeightsError) as caught:
        read_training({"metrics": metrics})
    assert str(caught.value) == (
        "the training configuration names 2001 losses and metrics; at most 2000 are read\n"
        "  Load the model with compile=False and compile it in code."
    )
