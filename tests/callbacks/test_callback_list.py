"""The list through which the loops call callbacks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kplug
from kplug.callbacks import Callback, CallbackList, LambdaCallback
from kplug.errors import ArgumentError


class Recorder(Callback):
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        self.calls.append((batch, logs))


class Trained:
    """Stands for a model; callbacks hold theirs weakly."""

    history: Any = None


def test_a_hook_that_nobody_overrides_is_left_out() -> None:
    assert CallbackList([Callback()]).hooks("on_train_batch_end") == []


def test_the_older_name_of_a_batch_hook_is_called() -> None:
    recorder = Recorder()
    for hook in CallbackList([recorder]).hooks("on_train_batch_end"):
        hook(3, {"loss": 1.0})
    assert recorder.calls == [(3, {"loss": 1.0})]


def test_model_and_params_are_set_before_any_hook() -> None:
    callback = Callback()
    CallbackList([callback], model="model", epochs=2)
    assert (callback.model, callback.params) == ("model", {"epochs": 2})


def test_a_loop_of_ones_own_calls_it_as_keras_does() -> None:
    recorder, model = Recorder(), Trained()
    callbacks = CallbackList([recorder], add_history=True, model=model, epochs=1, steps=2)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    callbacks.on_train_batch_end(1, logs={"loss": 2.0})
    callbacks.on_epoch_end(0, {"loss": 0.5})
    callbacks.on_train_end(logs={})
    assert (recorder.calls, recorder.params) == ([(1, {"loss": 2.0})], {"epochs": 1, "steps": 2})
    assert model.history.history == {"loss": [0.5]}


def test_a_list_that_is_filled_later_tells_what_it_knows() -> None:
    callbacks, callback, model = CallbackList(), Callback(), Trained()
    callbacks.append(callback)
    callbacks.set_model(model)
    callbacks.set_params({"epochs": 3})
    assert (callback.model, callback.params) == (model, {"epochs": 3})


def test_what_is_no_hook_is_refused() -> None:
    with pytest.raises(AttributeError, match="CallbackList has no attribute 'on_holiday'"):
        CallbackList().on_holiday()
    with pytest.raises(ArgumentError, match="no bar of progress to add\n  Leave add_progbar out"):
        CallbackList([], add_progbar=True)


class Told(Callback):
    """Notes the error that it is told of, and the end of training."""

    def __init__(self) -> None:
        self.notes: list[Any] = []

    def handle_error(self, error: BaseException) -> None:
        self.notes.append(error)

    def on_train_end(self, logs: Any = None) -> None:
        self.notes.append("end")


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt()])
def test_an_error_of_a_training_is_told_to_all_callbacks(error: BaseException) -> None:
    def end(batch: int, logs: Any) -> None:
        raise error

    first, last = Told(), Told()
    model = kplug.Sequential([kplug.layers.Dense(1, input_dim=1)])
    model.compile("sgd", "mse")
    data = np.ones((4, 1))
    model.fit(data, data, verbose=0, callbacks=[first])
    hooks = [first, LambdaCallback(on_train_batch_end=end), last]
    with pytest.raises(type(error)) as caught:
        model.fit(data, data, verbose=0, callbacks=hooks)
    assert (first.notes, last.notes) == (["end", error], [error])
    assert caught.value is error
