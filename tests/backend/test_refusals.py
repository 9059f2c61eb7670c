"""K's functions say which arguments torch refuses."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest
import torch

from kplug import backend as K
from kplug.errors import ArgumentError, DataError
from kplug.layers import Input

X = torch.ones(2, 3)


def test_a_wrong_axis_is_explained() -> None:
    with pytest.raises(DataError) as caught:
        K.sum(X, axis=5)
    text = str(caught.value)
    assert text.startswith(
        "kplug.backend.sum cannot compute with these arguments of shape (2, 3): "
        "IndexError: Dimension out of range"
    )
    assert text.endswith("help(kplug.backend.sum) says what it takes.")
    assert isinstance(caught.value.__cause__, IndexError)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("maximum", lambda: K.maximum(X, torch.ones(2, 4))),
        ("argmax", lambda: K.argmax(X, axis=2)),
        ("cumsum", lambda: K.cumsum(X, axis=2)),
        ("concatenate", lambda: K.concatenate([X, torch.ones(3, 4)])),
        ("reshape", lambda: K.reshape(X, (4, 4))),
        ("dot", lambda: K.dot(X, X)),
        ("softmax", lambda: K.softmax(X, axis=3)),
        ("conv2d", lambda: K.conv2d(torch.ones(1, 5, 5, 2), torch.ones(3, 3, 4, 1))),
        ("batch_normalization", lambda: K.batch_normalization(X, [1.0, 2.0], [1.0], None, None)),
    ],
)
def test_what_torch_refuses_names_the_function(name: str, call: Any) -> None:
    with pytest.raises(DataError, match=rf"^kplug\.backend\.{name} cannot compute .* of shape \("):
        call()


def test_an_unknown_argument_is_an_argument_error() -> None:
    with pytest.raises(ArgumentError, match=r"^kplug\.backend\.mean cannot compute .*'dim'"):
        K.mean(X, dim=1)  # type: ignore[call-arg]


def test_errors_of_kplug_stay() -> None:
    with pytest.raises(DataError, match=r"^'abc' \(a str\) cannot become a tensor"):
        K.exp("abc")
    with pytest.raises(TypeError, match="has no values until the model runs"):
        K.exp(Input((2,)))  # type: ignore[arg-type]


def test_functions_are_documented_and_pickled_as_those_of_k() -> None:
    assert pickle.loads(pickle.dumps(K.sum)) is K.sum
    assert (K.sum.__module__, K.sum.__name__) == ("kplug.backend", "sum")
    assert list(inspect.signature(K.sum).parameters) == ["x", "axis", "keepdims"]
