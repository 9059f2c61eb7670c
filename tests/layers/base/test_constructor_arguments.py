"""Arguments of constructors: unknown ones, missing ones."""

from __future__ import annotations

from typing import Any

import pytest

from kplug.errors import (
    ArgumentError,
)
from kplug.layers import Conv2D, Dense, Layer


def test_unknown_keyword_suggests_the_known_one() -> None:
    with pytest.raises(ArgumentError) as caught:
        Dense(1, kernal_regularizer="l2")
    assert str(caught.value).splitlines()[0] == (
        "Dense has no argument 'kernal_regularizer'. Did you mean 'kernel_regularizer'?"
    )


@pytest.mark.parametrize(
    ("layer_class", "keywords", "text"),
    [
        (Dense, {"W_regularizer": 1}, "'W_regularizer'. Did you mean 'kernel_regularizer'?"),
        (Dense, {"input_shap": 1}, "'input_shap'. Did you mean 'input_shape'?"),
        (Dense, {"zebra": 1}, "Dense has no argument 'zebra'"),
        (
            Dense,
            {"bias": 1, "namr": 2},
            "arguments 'bias', 'namr'. Did you mean 'use_bias', 'name'",
        ),
        (Conv2D, {"border_mode": 1}, "'border_mode'. Did you mean 'padding'?"),
    ],
)
def test_suggestions(layer_class: Any, keywords: dict[str, Any], text: str) -> None:
    arguments = (1,) if layer_class is Dense else (1, 1)
    with pytest.raises(ArgumentError) as caught:
        layer_class(*arguments, **keywords)
    assert text in str(caught.value)


class Stripes(Conv2D):
    """A layer of a user's that inherits its constructor."""


class Ladder(Layer):
    """A layer of a user's whose own constructor forgets an argument of the next."""

    def __init__(self) -> None:
        Dense()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("layer_class", "arguments", "text"),
    [
        (Conv2D, (3,), "Conv2D needs 'kernel_size'\n  Write Conv2D(filters=…, kernel_size=…)."),
        (Stripes, (), "Stripes needs 'filters' and 'kernel_size'"),
        (Ladder, (), "Dense needs 'units'\n  Write Dense(units=…). Known: units, activation"),
    ],
)
def test_a_missing_argument_is_named_with_the_class_that_was_called(
    layer_class: Any, arguments: tuple[Any, ...], text: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        layer_class(*arguments)
    assert str(caught.value).startswith(text)


def test_keywords_of_a_subclass_are_known() -> None:
    class Scale(Layer):
        def __init__(self, start: object = "ones", **kwargs: Any) -> None:
            super().__init__(**kwargs)

    with pytest.raises(ArgumentError, match="Did you mean 'start'"):
        Scale(strat="ones")
