from __future__ import annotations

from typing import Any

import pytest

from kplug.callbacks import Callback, CallbackList, LambdaCallback
from kplug.callbacks.adapt import as_callback
from kplug.callbacks.base.callback_list import is_overridden
from kplug.errors import ArgumentError, ContractError
from kplug.registry import resolve


class Recorder(Callback):
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        self.calls.append((batch, logs))


def test_a_hook_that_nobody_overrides_is_left_out() -> None:
    assert CallbackList([Callback()]).hooks("on_train_batch_end") == []


def test_the_older_name_of_a_batch_hook_is_called() -> None:
    recorder = Recorder()
    for hook in CallbackList([recorder]).hooks("on_train_batch_end"):
        hook(3, {"loss": 1.0})
    assert recorder.calls == [(3, {"loss": 1.0})]


def test_model_and_params_are_set_before_any_hook() -> None:
    callback = Callback()
    CallbackList([callback], model="model", params={"epochs": 2})
    assert (callback.model, callback.params) == ("model", {"epochs": 2})


def test_functions_become_hooks_and_the_others_stay_skipped() -> None:
    callback = LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    assert is_overridden(callback, "on_epoch_end")
    assert not is_overridden(callback, "on_train_batch_end")


def test_a_function_may_be_given_under_the_older_name() -> None:
    batches: list[int] = []
    callback = LambdaCallback(on_batch_end=lambda batch, logs: batches.append(batch))
    for hook in CallbackList([callback]).hooks("on_train_batch_end"):
        hook(2, {})
    assert batches == [2]


def test_a_misspelt_hook_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ArgumentError) as caught:
        LambdaCallback(on_epoch_ends=lambda epoch, logs: None)
    assert str(caught.value) == (
        "LambdaCallback has no hook 'on_epoch_ends'\n  Did you mean 'on_epoch_end'?"
    )


def test_an_object_without_hooks_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        as_callback(3)
    assert str(caught.value) == (
        "a callback needs the hooks of kplug.callbacks.Callback, and 3 has no set_model, "
        "set_params, on_train_begin, on_epoch_end, on_train_end\n"
        "  Derive from kplug.callbacks.Callback, or pass a function as "
        "LambdaCallback(on_epoch_end=function)."
    )


def test_a_callback_of_keras_is_accepted() -> None:
    import keras

    callback: Any = keras.callbacks.TerminateOnNaN()
    assert as_callback(callback) is callback


@pytest.mark.parametrize(
    "spec",
    [
        "csv_logger(filename='x.csv')",
        "early_stopping(patience=3)",
        "EarlyStopping",
        "history",
        "lambda_callback",
        "model_checkpoint('w.h5', save_weights_only=True)",
        "reduce_lr_on_plateau(factor=0.5)",
        "terminate_on_nan",
    ],
)
def test_built_in_callbacks_are_components(spec: str) -> None:
    assert isinstance(resolve("callback", spec).object, Callback)
