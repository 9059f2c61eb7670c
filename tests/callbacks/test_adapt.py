"""What counts as a callback."""

from __future__ import annotations

from typing import Any

import pytest

from kplug.callbacks import Callback
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
