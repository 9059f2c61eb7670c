"""Whether arguments fit a component."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kplug.errors import ArgumentError
from kplug.registry.building.binding import bind, describe_signature
from kplug.registry.component import Component, Origin
from kplug.registry.kinds import get_kind
from kplug.registry.spec import parse_spec


class Made:
    def __init__(self, strength: float = 0.1) -> None:
        self.strength = strength


def loss(y_true: object, y_pred: object, delta: float = 1.0) -> None: ...
def penalty(weight_matrix: object, strength: float = 0.01) -> None: ...
def dice_loss(smooth: float, thresh: float | None) -> None: ...
def nothing() -> None: ...
def unclear_loss(target: object, output: object) -> None: ...
def anything(*args: object, **kwargs: object) -> None: ...


def _bind(kind: str, target: Any, text: str, origin: str = "my-plugin") -> dict[str, Any]:
    component = Component("thing", target, origin=Origin(origin, "1.0"))
    return dict(bind(get_kind(kind), target, component, parse_spec(text)).arguments)


def keyword_only(*, a: int, b: int = 2) -> None: ...
def open_ended(a: int, **rest: int) -> None: ...


@pytest.mark.parametrize(
    ("kind", "target", "text", "arguments"),
    [
        ("loss", dice_loss, "thing(1.0, 0.5)", {"smooth": 1.0, "thresh": 0.5}),
        ("loss", dice_loss, "thing(1.0, thresh=None)", {"smooth": 1.0, "thresh": None}),
        ("loss", loss, "thing", {}),
        ("loss", loss, "thing(2.0)", {"delta": 2.0}),
        ("regularizer", penalty, "thing(0.5)", {"strength": 0.5}),
        ("loss", Made, "thing(3)", {"strength": 3}),
        ("loss", keyword_only, "thing(a=1)", {"a": 1}),
        ("loss", open_ended, "thing(1, other=2)", {"a": 1, "other": 2}),
    ],
)
def test_arguments_get_their_names(
    kind: str, target: object, text: str, arguments: dict[str, Any]
) -> None:
    assert _bind(kind, target, text) == arguments


@pytest.mark.parametrize(
    ("target", "text", "message"),
    [
        (
            dice_loss,
            "thing(smoth=1, thresh=0.5)",
            "thing has no argument 'smoth'. Did you mean 'smooth'?\n"
            "  Its arguments (my-plugin 1.0): smooth, thresh.",
        ),
        (
            loss,
            "thing(zzz=1)",
            "thing has no argument 'zzz'\n  Its arguments (my-plugin 1.0): delta=1.0.",
        ),
        (
            loss,
            "thing(y_true=1)",
            "thing has no argument 'y_true'\n  Its arguments (my-plugin 1.0): delta=1.0.",
        ),
        (
            nothing,
            "thing(a=1)",
            "thing has no argument 'a'\n  Its arguments (my-plugin 1.0): none.",
        ),
        (
            dice_loss,
            "thing",
            "thing needs 'smooth' and 'thresh'\n"
            "  Write 'thing(smooth=…, thresh=…)'. Its arguments (my-plugin 1.0): smooth, thresh.",
        ),
        (
            keyword_only,
            "thing(b=1)",
            "thing needs 'a'\n  Write 'thing(a=…)'. Its arguments (my-plugin 1.0): a, b=2.",
        ),
        (
            dice_loss,
            "thing(1.0, 0.5, smooth=2)",
            "thing is given 'smooth' twice in 'thing(1.0, 0.5, smooth=2)': by position and by name\n"
            "  Its arguments (my-plugin 1.0): smooth, thresh.",
        ),
        (
            loss,
            "thing(1, 2)",
            "thing takes at most 1 arguments by position; 2 are given in 'thing(1, 2)'\n"
            "  Its arguments (my-plugin 1.0): delta=1.0.",
        ),
        (
            keyword_only,
            "thing(1)",
            "thing takes at most 0 arguments by position; 1 are given in 'thing(1)'\n"
            "  Its arguments (my-plugin 1.0): a, b=2.",
        ),
    ],
)
def test_arguments_that_do_not_fit(target: object, text: str, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        _bind("loss", target, text)
    assert str(caught.value) == message


def test_built_in_component_is_not_introduced_with_its_package() -> None:
    with pytest.raises(ArgumentError, match=r"Its arguments: delta=1\.0\.$"):
        _bind("loss", loss, "thing(x=1)", origin="kplug")


def test_class_without_a_readable_signature_takes_keywords() -> None:
    assert _bind("loss", type("Opaque", (dict,), {"__signature__": 3}), "thing(a=1)") == {"a": 1}
    with pytest.raises(ArgumentError, match="has no signature that Python can read"):
        _bind("loss", type("Opaque", (dict,), {"__signature__": 3}), "thing(1)")


def test_call_makes_the_object() -> None:
    component = Component("thing", loss, origin=Origin("my-plugin"))
    call = bind(get_kind("loss"), loss, component, parse_spec("thing(delta=2.0)"))
    made = call.make(call.arguments)
    assert (made.func, made.keywords) == (loss, {"delta": 2.0})
    plain = bind(get_kind("loss"), loss, component, parse_spec("thing"))
    assert plain.make({}) is loss
    assert plain.defaults == {"delta": 1.0}
    klass = bind(get_kind("loss"), Made, component, parse_spec("thing(2.0)"))
    assert klass.make(klass.arguments).strength == 2.0


def test_signature_for_show() -> None:
    component = Component("thing", loss, origin=Origin("my-plugin"))
    assert describe_signature(get_kind("loss"), loss, component) == [("delta", "1.0")]
    assert describe_signature(get_kind("loss"), dice_loss, component) == [
        ("smooth", ""),
        ("thresh", ""),
    ]
    assert describe_signature(get_kind("loss"), anything, component) == []


def actual_and_guess(actual: object, guess: object) -> None: ...


@pytest.mark.parametrize("target", [actual_and_guess, unclear_loss, loss])
def test_a_stored_function_of_the_users_own_is_the_component(target: Callable[..., Any]) -> None:
    """``compile(loss=function)`` asks for no names of parameters, so loading asks for none."""
    component = Component("thing", target, origin=Origin("custom"))
    call = bind(get_kind("loss"), target, component, parse_spec("custom/thing"))
    assert call.role == "function"
    assert call.make({}) is target


def test_a_stored_factory_of_the_users_own_is_called() -> None:
    component = Component("thing", dice_loss, origin=Origin("custom"))
    spec = parse_spec("custom/thing(smooth=1.0, thresh=None)")
    assert bind(get_kind("loss"), dice_loss, component, spec).role == "factory"
    with pytest.raises(ArgumentError, match=r"^thing needs 'smooth' and 'thresh'"):
        bind(get_kind("loss"), dice_loss, component, parse_spec("thing"))
