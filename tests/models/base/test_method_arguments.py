"""Misspelled and misplaced arguments of compile, fit, evaluate and predict."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kplug import Model, Sequential
from kplug.callbacks import History
from kplug.errors import ArgumentError
from kplug.layers import Dense
from kplug.training.settings import (
    CompileSettings,
    EvaluateSettings,
    FitSettings,
    PredictSettings,
)
from tests.docstrings import read_arguments

X = np.ones((4, 2), "float32")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda model: model.fit(X, X, epoch=3),
            "fit has no argument 'epoch'. Did you mean 'epochs'?",
        ),
        (
            lambda model: model.fit(X, X, nb_epoch=3),
            "fit has no argument 'nb_epoch'. Did you mean 'epochs'?",
        ),
        (
            lambda model: model.compile("sgd", "mse", metric=["mae"]),
            "compile has no argument 'metric'. Did you mean 'metrics'?",
        ),
        (
            lambda model: model.evaluate(X, X, batchsize=3),
            "evaluate has no argument 'batchsize'. Did you mean 'batch_size'?",
        ),
        (
            lambda model: model.predict(X, workers=3),
            "predict has no argument 'workers'\n  Known: x, batch_size, verbose, steps, callbacks.",
        ),
        (
            lambda model: model.train_on_batch(X, X, sample_weights=3),
            "train_on_batch has no argument 'sample_weights'. Did you mean 'sample_weight'?",
        ),
    ],
)
def test_an_unknown_argument_is_named_with_what_was_meant(
    call: Callable[[Any], object], text: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        call(Sequential([Dense(1)]))
    assert str(caught.value).startswith(text)


def test_metrics_by_position() -> None:
    model: Any = Sequential([Dense(1)])
    with pytest.raises(ArgumentError) as caught:
        model.compile("adam", "mse", ["mae"])
    assert str(caught.value) == (
        "compile takes only optimizer and loss by position, got 3 arguments\n"
        "  Name the others, as in metrics=['mae']."
    )
    assert model.compiled is None


SETTINGS = {
    "compile": CompileSettings,
    "fit": FitSettings,
    "evaluate": EvaluateSettings,
    "predict": PredictSettings,
}


@pytest.mark.parametrize(("method", "settings"), SETTINGS.items())
def test_the_parameters_of_a_method_are_those_of_its_settings(method: str, settings: type) -> None:
    shown = inspect.signature(getattr(Model, method)).parameters.values()
    names, (owner, *parameters) = [], shown
    assert owner.name == "self"
    for parameter, field in zip(parameters, dataclasses.fields(settings), strict=True):
        names.append(parameter.name)
        assert parameter.name == field.name
        assert parameter.annotation == field.type
        assert parameter.default in (field.default, inspect.Parameter.empty)
        assert (parameter.kind is parameter.KEYWORD_ONLY) == field.kw_only
    assert list(read_arguments(getattr(Model, method))) == names


@pytest.mark.parametrize(("method", "settings"), SETTINGS.items())
def test_annotations_are_those_of_the_signature(method: str, settings: type) -> None:
    function = getattr(Model, method)
    shown = [*inspect.signature(function).parameters][1:]
    assert list(function.__annotations__) == [*shown, "return"]
    types = typing.get_type_hints(settings)
    hints = typing.get_type_hints(function)
    returned = {"compile": type(None), "fit": History}.get(method, Any)
    assert hints == {**{name: types[name] for name in shown}, "return": returned}


@pytest.mark.parametrize(
    ("arguments", "keywords", "text"),
    [
        ((), {}, r"Model\.fit\(\) missing 1 required positional argument: 'x'"),
        ((X, X), {"y": X}, r"Model\.fit\(\) got multiple values for argument 'y'"),
        (
            range(18),
            {},
            r"Model\.fit\(\) takes from 2 to 18 positional arguments but 19 were given",
        ),
    ],
)
def test_errors_of_python_name_the_method(arguments: Any, keywords: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        Sequential([Dense(1)]).fit(*arguments, **keywords)


def test_signatures_stay_readable() -> None:
    parameters = inspect.signature(Model.fit).parameters
    assert list(parameters)[:5] == ["self", "x", "y", "batch_size", "epochs"]
    assert (Model.fit.__doc__ or "").startswith("Train the model.")
