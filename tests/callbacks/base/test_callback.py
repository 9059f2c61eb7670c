"""The base of all callbacks: its hooks, and what it is told before the first one."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import pytest

from kplug.callbacks import Callback

HOOKS = sorted(name for name in dir(keras.callbacks.Callback) if name.startswith("on_"))


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_of_keras_is_there_with_the_same_arguments(name: str) -> None:
    theirs = inspect.signature(getattr(keras.callbacks.Callback, name))
    ours = inspect.signature(getattr(Callback, name))
    assert list(ours.parameters) == list(theirs.parameters)
    assert ours.parameters["logs"].default is None


def test_there_are_no_hooks_that_keras_lacks() -> None:
    assert sorted(name for name in dir(Callback) if name.startswith("on_")) == HOOKS


def test_hooks_with_keras_2_names_run_for_training_steps_alone() -> None:
    seen: list[tuple[str, int, Any]] = []

    class Old(Callback):
        def on_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(("begin", batch, logs))

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(("end", batch, logs))

    old = Old()
    old.on_train_batch_begin(3)
    old.on_train_batch_end(3, {"loss": 0.5})
    old.on_test_batch_begin(4)
    old.on_test_batch_end(4)
    old.on_predict_batch_begin(5)
    old.on_predict_batch_end(5)
    assert seen == [("begin", 3, None), ("end", 3, {"loss": 0.5})]


def test_model_and_parameters_belong_to_one_callback() -> None:
    told, other = Callback(), Callback()
    model = object()
    told.set_model(model)
    told.set_params({"epochs": 2})
    assert (told.model, told.params) == (model, {"epochs": 2})
    assert (other.model, other.params) == (None, {})


def test_a_hook_needs_the_number_of_its_step() -> None:
    hook: Any = Callback().on_train_batch_end
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'batch'"):
        hook()
