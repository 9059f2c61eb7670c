"""Arguments that are out of their range are refused before anything happens."""

from __future__ import annotations

from typing import Any

import pytest

from kplug.errors import ArgumentValueError
from kplug.training.settings import FitSettings, check_verbose
from tests.training.linear_regression import X, Y, make_model


@pytest.mark.parametrize(
    ("method", "argument", "value"),
    [
        ("fit", "initial_epoch", "1"),
        ("fit", "initial_epoch", -1),
        ("fit", "validation_steps", 0),
        ("fit", "validation_freq", "2"),
        ("evaluate", "batch_size", 0),
        ("evaluate", "verbose", 7),
        ("evaluate", "steps", 0),
        ("predict", "batch_size", 2.5),
        ("predict", "verbose", "loud"),
        ("predict", "steps", "1"),
    ],
)
def test_arguments_outside_their_range_name_their_method(
    method: str, argument: str, value: Any
) -> None:
    arguments = (X,) if method == "predict" else (X, Y)
    with pytest.raises(ArgumentValueError, match=f"^{method}: argument '{argument}' is"):
        getattr(make_model(), method)(*arguments, **{"verbose": 0, argument: value})


@pytest.mark.parametrize(
    ("frequency", "epochs"),
    [(1, [1, 2, 3, 4]), (2, [2, 4]), (3, [3]), ([1, 4], [1, 4]), ({2}, [2]), ((), [])],
)
def test_an_epoch_ends_with_a_validation_if_the_frequency_says_so(
    frequency: Any, epochs: list[int]
) -> None:
    settings = FitSettings(X, epochs=4, validation_freq=frequency)
    assert [epoch for epoch in (1, 2, 3, 4) if settings.validates_after(epoch)] == epochs


def test_as_many_batches_are_read_as_the_epochs_that_are_left_need() -> None:
    settings = FitSettings(X, epochs=5, initial_epoch=2, steps_per_epoch=4)
    assert settings.training_data.limit == 12
    assert FitSettings(X, epochs=5).training_data.limit is None
    assert FitSettings(X, epochs=5, initial_epoch=9, steps_per_epoch=4).training_data.limit == 0


def test_a_verbosity_that_is_none_is_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        check_verbose(3)
    assert str(caught.value) == "fit: argument 'verbose' is 3; allowed: 0, 1, 2 or 'auto'"
