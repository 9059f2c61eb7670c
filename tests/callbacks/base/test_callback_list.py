"""The list through which the loops call callbacks."""

from __future__ import annotations

from typing import Any

from kplug.callbacks import Callback, CallbackList


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
