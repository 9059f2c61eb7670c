"""The role of an object: the component itself, a class of it or a factory."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

import kplug
from kplug.errors import ContractError
from kplug.registry.building.roles import decide_role
from kplug.registry.component import Component, Origin
from kplug.registry.kinds import get_kind


def _decide(kind: str, target: object, **facts: Any) -> str:
    component = Component("thing", target, origin=Origin("my-plugin", "1.0"), **facts)
    return decide_role(get_kind(kind), target, component)


class Made:
    def __init__(self, strength: float = 0.1) -> None:
        self.strength = strength


class OfParams:
    def __init__(self, params: object, lr: float = 0.1) -> None: ...


class CallableObject:
    def __call__(self, w: object) -> object:
        return w


def loss(y_true: object, y_pred: object, delta: float = 1.0) -> None: ...
def penalty(weight_matrix: object, strength: float = 0.01) -> None: ...
def fill(shape: object, dtype: object = None) -> None: ...
def dice_loss(smooth: float, thresh: float | None) -> None: ...
def nothing() -> None: ...
def unclear_loss(target: object, output: object) -> None: ...
def late_loss(smooth: float, y_true: object, y_pred: object) -> None: ...
def half_loss(y_true: object, smooth: float) -> None: ...
def swapped_loss(y_pred: object, y_true: object) -> None: ...
def unclear_metric(output: object, strictness: float) -> None: ...
def unclear_penalty(w: object) -> None: ...
def penalty_of(strength: float, w: object) -> None: ...
def anything(*args: object, **kwargs: object) -> None: ...


@pytest.mark.parametrize(
    ("kind", "target", "role"),
    [
        ("loss", loss, "function"),
        ("metric", loss, "function"),
        ("regularizer", penalty, "function"),
        ("constraint", penalty, "function"),
        ("initializer", fill, "function"),
        ("optimizer", OfParams, "function"),
        ("loss", Made, "class"),
        ("regularizer", Made, "class"),
        ("optimizer", Made, "class"),
        ("callback", Made, "class"),
        ("loss", dice_loss, "factory"),
        ("loss", nothing, "factory"),
        ("regularizer", dice_loss, "factory"),
        ("regularizer", penalty_of, "factory"),
        ("loss", anything, "factory"),
        ("callback", dice_loss, "factory"),
        ("loss", functools.partial(loss, delta=2.0), "function"),
        ("loss", functools.partial(dice_loss, 1.0), "factory"),
        ("regularizer", CallableObject(), "function"),
    ],
)
def test_leading_parameters_decide(kind: str, target: object, role: str) -> None:
    assert _decide(kind, target) == role


@pytest.mark.parametrize("target", [loss, dice_loss, unclear_loss, Made])
def test_mark_of_the_author_wins(target: Callable[..., Any]) -> None:
    assert _decide("loss", target, role="factory") == "factory"
    assert _decide("loss", target, role="function") == "function"


def test_decorators_mark() -> None:
    assert _decide("loss", kplug.function(lambda target, output: None)) == "function"
    assert _decide("loss", kplug.factory(lambda target, output: None)) == "factory"


@pytest.mark.parametrize(
    ("kind", "target", "parameters"),
    [
        ("loss", unclear_loss, "target, output"),
        ("loss", late_loss, "smooth, y_true, y_pred"),
        ("loss", half_loss, "y_true, smooth"),
        ("loss", swapped_loss, "y_pred, y_true"),
        ("metric", unclear_metric, "output, strictness"),
        ("regularizer", unclear_penalty, "w"),
    ],
)
def test_where_they_do_not_the_error_shows_how_to_mark(
    kind: str, target: Callable[..., Any], parameters: str
) -> None:
    with pytest.raises(ContractError) as caught:
        _decide(kind, target)
    leading = ", ".join(get_kind(kind).leading)
    assert str(caught.value) == (
        f"my-plugin/thing ({target.__module__}:{target.__name__}) takes ({parameters}): it may be "
        f"a {kind} or a factory of one\n"
        f"  Its author marks it: @kplug.function if it is the {kind} itself, @kplug.factory if it "
        f"returns one; or names its first parameters {leading}."
    )


def test_function_whose_signature_cannot_be_read() -> None:
    with pytest.raises(
        ContractError, match=r"\(builtins:max\) has no signature that Python can read"
    ):
        _decide("loss", max)
    with pytest.raises(ContractError, match=r"@kplug\.factory if it returns one\.$"):
        _decide("callback", max)  # a kind without parameters by which it could be told


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        _decide("optimizer", 3)
    assert str(caught.value) == (
        "my-plugin/thing (builtins:int) is an int, not an optimizer\n  Offer a class or a function."
    )
