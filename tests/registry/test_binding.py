"""What an object is (D4), and whether arguments fit it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

import kplug
from kplug.errors import ArgumentError, ContractError
from kplug.registry.binding import bind, decide_role, describe_signature
from kplug.registry.component import Component, Origin
from kplug.registry.kinds import get_kind
from kplug.registry.spec import parse_spec


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
def unclear_penalty(w: object) -> None: ...
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


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        _decide("optimizer", 3)
    assert str(caught.value) == (
        "my-plugin/thing (builtins:int) is a int, not an optimizer\n  Offer a class or a function."
    )


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
