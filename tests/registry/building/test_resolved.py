"""A built component, and what it was made from."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from kplug.errors import ArgumentError
from kplug.registry.building.binding import bind
from kplug.registry.building.resolved import Resolved, config_of, fill, holds_spec
from kplug.registry.component import Component, Origin
from kplug.registry.kinds import get_kind
from kplug.registry.spec import Spec, parse_spec


def huber(y_true: object, y_pred: object, delta: float = 1.0, eps: float = 0.5) -> None: ...


class Weighted:
    """Says what it was made with."""

    def __init__(self, base: object = None, factor: float = 2.0) -> None:
        self.base, self.factor = base, factor

    def __call__(self, y_true: object, y_pred: object) -> None: ...

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor * 10}


class Broken:
    """Cannot say what it was made with."""

    def get_config(self) -> dict[str, Any]:
        raise RuntimeError("not now")


def make(target: Any, text: str, **facts: Any) -> Resolved:
    component = Component("thing", target, origin=Origin("my-plugin", "1.0"))
    spec = parse_spec(text)
    call = bind(get_kind("loss"), target, component, spec)
    return Resolved("loss", None, component, "only candidate", call.arguments, call=call, **facts)


def test_the_canonical_spec_has_defaults_and_the_written_one_has_not() -> None:
    resolved = make(huber, "thing(eps=0.25)")
    assert resolved.arguments == {"delta": 1.0, "eps": 0.25}
    assert list(resolved.arguments) == ["delta", "eps"]
    assert str(resolved.spec) == "my-plugin/thing(delta=1.0, eps=0.25)"
    assert str(resolved.written) == "my-plugin/thing(eps=0.25)"
    with pytest.raises(ArgumentError, match="thing has no argument 'gamma'"):
        make(huber, "thing(gamma=1)")


def test_it_prints_as_a_line() -> None:
    text = "<loss my-plugin/thing(eps=0.25) of my-plugin 1.0, only candidate>"
    assert repr(make(huber, "thing(eps=0.25)")) == text
    unwritable = Resolved(
        "loss", None, make(huber, "thing").component, "built-in", {"f": len}, call=None
    )
    assert repr(unwritable) == "<loss my-plugin/thing of my-plugin 1.0, built-in>"


def test_an_instance_that_says_what_it_was_made_with_is_believed() -> None:
    resolved = make(Weighted, "thing(factor=3.0)", source=Weighted(factor=3.0))
    assert resolved.arguments == {"factor": 30.0}
    assert make(Weighted, "thing(factor=3.0)", source=Broken()).arguments == {
        "base": None,
        "factor": 3.0,
    }


def test_components_in_arguments_are_written_as_their_own_canonical_spec() -> None:
    child = make(huber, "thing(2.0)")
    resolved = make(Weighted, "thing(base=huber(2.0))", children={"base": child})
    assert resolved.arguments == {"factor": 2.0}
    text = "my-plugin/thing(factor=2.0, base=my-plugin/thing(delta=2.0, eps=0.5))"
    assert str(resolved.spec) == text


def test_filling_tells_the_place_of_each_spec_and_keeps_the_containers() -> None:
    places: list[str] = []

    def replace(spec: Spec, place: str) -> str:
        places.append(place)
        return spec.ref.upper()

    value = {"a": [1, Spec("x")], "b": (Spec("y"), {"c": Spec("z")})}
    assert fill(value, "parts", replace) == {"a": [1, "X"], "b": ("Y", {"c": "Z"})}
    assert places == ["parts['a'][1]", "parts['b'][0]", "parts['b'][1]['c']"]
    assert value["a"][1] == Spec("x")  # the value itself is left as it was


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Spec("x"), True),
        ([1, (2, {"a": Spec("x")})], True),
        ([1, (2, {"a": "x"})], False),
        ({}, False),
        (None, False),
    ],
)
def test_a_spec_is_found_at_any_depth(value: object, expected: bool) -> None:
    assert holds_spec(value) is expected


def test_a_configuration_is_whole_or_none() -> None:
    assert config_of(Weighted(factor=1.5)) == {"factor": 15.0}
    assert config_of(functools.partial(huber, delta=3.0)) == {"delta": 3.0}
    assert config_of(functools.partial(huber, 1)) is None
    assert config_of(functools.partial(dict, delta=object())) is None
    assert config_of(Weighted) is None
    assert config_of(Broken()) is None
    assert config_of(3) is None
