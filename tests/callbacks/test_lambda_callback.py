"""Callbacks made of functions."""

from __future__ import annotations

import pytest

from kplug.callbacks import CallbackList, LambdaCallback
from kplug.callbacks.callback_list import is_overridden
from kplug.errors import ArgumentError


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
