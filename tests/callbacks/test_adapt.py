"""Objects accepted as callbacks, and objects refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kplug.callbacks import Callback, LambdaCallback, ModelCheckpoint
from kplug.callbacks.adapt import as_callback
from kplug.errors import ContractError
from kplug.registry import resolve


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


class _WithoutLogs(Callback):
    def on_epoch_end(self, epoch: int) -> None:  # type: ignore[override]
        pass


class _WithoutSelf(Callback):
    def on_train_begin() -> None:  # type: ignore[misc, override]
        pass


class _WithMore(Callback):
    def on_batch_end(self, batch: int, logs: Any, more: Any) -> None:  # type: ignore[override]
        pass


@pytest.mark.parametrize(
    ("candidate", "text"),
    [
        (
            _WithoutLogs(),
            "on_epoch_end(self, epoch) cannot be used as a hook of _WithoutLogs: too many",
        ),
        (_WithoutSelf, "on_train_begin() cannot be used as a hook of _WithoutSelf: too many"),
        (
            _WithMore(),
            "on_batch_end(self, batch, logs, more) cannot be used as a hook of _WithMore: miss",
        ),
        (
            LambdaCallback(on_epoch_end=lambda epoch: None),
            "<lambda>(epoch) cannot be used as a hook of LambdaCallback: too many positional arguments\n"
            "  Write it as on_epoch_end(epoch, logs).",
        ),
        (ModelCheckpoint, "cannot be used as a callback: missing a required argument: 'filepath'"),
    ],
)
def test_hooks_with_other_arguments_are_refused_before_a_run(candidate: object, text: str) -> None:
    with pytest.raises(ContractError, match=re.escape(text)):
        as_callback(candidate)


def test_hooks_of_any_arguments_are_taken() -> None:
    class Loose(Callback):
        def on_epoch_end(self, *args: Any) -> None:
            pass

        def on_train_end(self, state: Any = None, more: int = 3) -> None:
            pass

    assert isinstance(as_callback(Loose()), Loose)
