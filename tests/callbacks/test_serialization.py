"""Callbacks by any identifier."""

from __future__ import annotations

import pytest

from kplug.callbacks import EarlyStopping, History, TerminateOnNaN, get
from kplug.errors import UnknownComponentError


@pytest.mark.parametrize(
    "identifier",
    [
        "early_stopping(patience=3)",
        "EarlyStopping(patience=3)",
        "kplug/early_stopping(patience=3)",
        {"class_name": "EarlyStopping", "config": {"patience": 3}},
    ],
)
def test_names_and_dicts_make_a_new_callback(identifier: object) -> None:
    first, second = get(identifier), get(identifier)
    assert type(first) is EarlyStopping
    assert first.patience == 3
    assert first is not second


def test_a_class_is_called_and_an_instance_is_itself() -> None:
    history = History()
    assert get(history) is history
    assert type(get(TerminateOnNaN)) is TerminateOnNaN


def test_an_unknown_name_is_refused_with_the_one_that_is_meant() -> None:
    with pytest.raises(UnknownComponentError, match="Did you mean 'early_stopping'"):
        get("early_stoping")
