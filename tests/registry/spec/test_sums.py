"""Sums of components: what is read, what is refused and where, and that what is written reads back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from kplug.errors import SpecLimitError, SpecSyntaxError
from kplug.registry.spec import SUM, Spec, parse_spec

_A, _B, _C = Spec("a"), Spec("b"), Spec("c", kwargs={"x": 1})


def _sum(*terms: tuple[float, Spec]) -> Spec:
    weights, specs = [float(weight) for weight, _ in terms], [term for _, term in terms]
    return Spec(SUM, kwargs={"terms": specs, "weights": weights})


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("a + b", _sum((1, _A), (1, _B))),
        ("0.5*a + b", _sum((0.5, _A), (1, _B))),
        (" a*2\n+ c(x=1) * .5 ", _sum((2, _A), (0.5, _C))),
        ("2*(a + 0.5*(b + c(x=1)))", _sum((2, _A), (1, _B), (1, _C))),
        ("(1 + 2)*a*2", _sum((6, _A))),
        ("a + -1*b", _sum((1, _A), (-1, _B))),
        ("1e-3*a + +1.*b", _sum((1e-3, _A), (1, _B))),
        ("a + a", _sum((1, _A), (1, _A))),
        ("1*a", _A),
        ("(a)*1", _A),
        ("2*dice-loss + 3d-losses/x(y=')+(', z='*')", _sum(
            (2, Spec("dice-loss")), (1, Spec("3d-losses/x", kwargs={"y": ")+(", "z": "*"})),
        )),
        ("a(x='''\\''') + ''' # )\n) + b", _sum((1, Spec("a", kwargs={"x": "''') + "})), (1, _B))),
        ("f(base=0.5*kplug/a + a.b-c/d)", Spec("f", kwargs={
            "base": _sum((0.5, Spec("kplug/a")), (1, Spec("a.b-c/d"))),
        })),
        ("f([2*(a + b)])", Spec("f", ([_sum((2, _A), (2, _B))],))),
        ("f(x='a + b', y=+1)", Spec("f", kwargs={"x": "a + b", "y": 1})),
    ],
)  # fmt: skip
def test_reads(text: str, spec: Spec) -> None:
    assert parse_spec(text) == spec
    assert parse_spec(str(spec)) == spec


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (_sum((0.5, _A), (1, _C), (-2, _B)), "0.5*a + c(x=1) + -2*b"),
        (Spec("f", (_sum((1e-5, _A), (1, _B)),)), "f(1e-05*a + b)"),
        (_sum((1, _A)), "kplug/weighted_sum(terms=[a], weights=[1.0])"),
        (_sum((2, _sum((2, _A)))), "kplug/weighted_sum(terms=[2*a], weights=[2.0])"),
        (_sum((float("inf"), _A)), "kplug/weighted_sum(terms=[a], weights=[inf])"),
        (
            Spec("f", (_sum((2, Spec("3d/x", kwargs={"y": 1}))),)),
            "f(kplug/weighted_sum(terms=[{'name': '3d/x', 'args': {'y': 1}}], weights=[2.0]))",
        ),
    ],
)
def test_writes(spec: Spec, text: str) -> None:
    assert str(spec) == text
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("1 + 2", 0, "a sum needs a component"),
        ("2*3", 0, "a sum needs a component"),
        ("a + 1", 4, "a sum adds components, and none to a number"),
        ("1 + a", 4, "a sum adds components, and none to a number"),
        ("adam(lr=1) + 1", 13, "a sum adds components, and none to a number"),
        ("a * b", 4, "a product has one component; its other factors are numbers"),
        ("(a + b)*(a + 1*b)", 8, "a product has one component; its other factors are numbers"),
        ("a + ", 4, "a component's name is expected here"),
        ("+a", 0, "a component's name is expected here"),
        ("a + b)", 5, "'+', '*' or the end is expected here"),
        ("(a + b", 6, "')' is expected here"),
        ("a + b - c", 6, "a sum has '+' and '*' alone"),
        ("a + b / 2", 6, "a reference has one slash"),
        ("a ** 2", 3, "a component's name is expected here"),
        ("a + -b", 4, "a sign may stand before a number only"),
        ("2*torch.nn.MSELoss", 7, "a name has no dots"),
        ("a + b(x=lambda: 0)", 8, "only literals and further specs are read"),
        ("0.5 a + b", 4, "a number and a name are joined by '*'"),
        ("2(a + b)", 1, "a number and a name are joined by '*'"),
        ("2; a + b", 1, "'+' or '*' is expected here"),
        ("a + b(x=1", 5, "'(' was never closed"),
        ("a + __import__('os')", 4, "a component's name is expected here"),
        ("f(x=a*b)", 6, "a product has one component; its other factors are numbers"),
        ("f('ä', x=a + 2)", 13, "a sum adds components, and none to a number"),
    ],
)
def test_refuses(text: str, column: int, reason: str) -> None:
    with pytest.raises(SpecSyntaxError) as caught:
        parse_spec(text)
    assert (caught.value.column, caught.value.reason) == (column, reason)
    assert caught.value.text == text


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500 + "a + b" + ")" * 500,
        "a + b(" + "[" * 16 + "]" * 16 + ")",
        "f(x=a+" * 90 + "a" + ")" * 90,
        "f(((((x*1)+" * 30 + "a" + "))))" * 30,
    ],
)
def test_depth_is_limited(text: str) -> None:
    with pytest.raises((SpecLimitError, SpecSyntaxError)):
        parse_spec(text)


def test_a_text_with_a_plus_inside_may_be_as_deep_as_another() -> None:
    spec = Spec("a", kwargs={"x": "+*"})
    for _ in range(15):
        spec = Spec("a", kwargs={"x": spec})
    assert parse_spec(str(spec)) == spec
    with pytest.raises(SpecLimitError, match="nested more than 16 levels deep"):
        parse_spec(f"a(x={spec})")


def test_hostile_texts_take_no_time() -> None:
    for text in (
        "'''" * 1300 + "+",
        "\\'" * 2000 + "+",
        "a(" * 2000 + "+",
        "a+" * 2000,
        "(" * 4000 + "*",
    ):
        with pytest.raises((SpecLimitError, SpecSyntaxError)):
            parse_spec(text)


_REFS = st.sampled_from(["a", "b-c", "kplug/a", "3d-losses/x", "inf", "a.5/x", "class"])
_VALUES = st.integers() | st.floats() | st.text(max_size=8) | st.none()
_TERMS = st.builds(Spec, _REFS, kwargs=st.dictionaries(st.sampled_from("xyz"), _VALUES, max_size=2))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(allow_nan=False), _TERMS), min_size=1, max_size=4), st.booleans()
)
def test_what_is_written_reads_back(terms: list[tuple[float, Any]], is_nested: bool) -> None:
    spec = _sum(*terms)
    spec = Spec("f", (spec,)) if is_nested else spec
    assert parse_spec(str(spec)) == spec
