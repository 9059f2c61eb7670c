"""Reading the text form: what is taken, what is refused, and where the caret points."""

from __future__ import annotations

import contextlib
import math
import re
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from kplug.errors import SpecError, SpecLimitError, SpecSyntaxError
from kplug.registry.spec import MAX_BYTES, MAX_DEPTH, Spec, parse_spec


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("adam", Spec("adam")),
        ("  adam  ", Spec("adam")),
        ("adam()", Spec("adam")),
        ("adam (lr = 1e-3, )", Spec("adam", kwargs={"lr": 1e-3})),
        ("adam(\n  lr=1e-3,\n)", Spec("adam", kwargs={"lr": 1e-3})),
        ("dice-loss(1, x=None)", Spec("dice-loss", (1,), {"x": None})),
        ("3d-losses/Dice(smooth=-1)", Spec("3d-losses/Dice", kwargs={"smooth": -1})),
        ("f(+1, -2.5, inf, -inf)", Spec("f", (1, -2.5, math.inf, -math.inf))),
        ("f(-nan)", Spec("f", (math.nan,))),
        ("f('a' 'b')", Spec("f", ("ab",))),
        ("f('größe 🙂')", Spec("f", ("größe 🙂",))),
        ("f([1, (2,)], {'a': [None]})", Spec("f", ([1, (2,)], {"a": [None]}))),
        ("f({inf: 1, -2: 3})", Spec("f", ({math.inf: 1, -2: 3},))),
        ("f(base=adam)", Spec("f", kwargs={"base": Spec("adam")})),
        (
            "f(base=kplug-seg/dice-loss(x=1))",
            Spec("f", kwargs={"base": Spec("kplug-seg/dice-loss", kwargs={"x": 1})}),
        ),
        ("f(x=a.b-c/d)", Spec("f", kwargs={"x": Spec("a.b-c/d")})),
        ("f(a-b)", Spec("f", (Spec("a-b"),))),
        ("f([l1, l2(l2=0.1)])", Spec("f", ([Spec("l1"), Spec("l2", kwargs={"l2": 0.1})],))),
        ("f(x={'name': 'adam', 'args': {}})", Spec("f", kwargs={"x": Spec("adam")})),
    ],
)
def test_reads(text: str, spec: Spec) -> None:
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 0, "a component's name is expected here"),
        ("   ", 3, "a component's name is expected here"),
        ("(lr=1)", 0, "a component's name is expected here"),
        ("9", 0, "a number is no component"),
        ("adam;beta", 4, "'(' or the end is expected here"),
        ("adam(lr=", 4, "'(' was never closed"),
        ("adam(lr=1))", 10, "unmatched ')'"),
        ("adam(lr=1)(2)", 10, "one call is expected, and nothing after it"),
        ("adam('ä', lr=1) if x else y", 15, "one call is expected, and nothing after it"),
        ("adam(lr=1, lr=2)", 14, "the argument 'lr' is given twice"),
        ("adam(*x)", 5, "only literals and further specs are read"),
        ("adam(**x)", 7, "'**' is not part of the grammar"),
        ("adam({**x})", 8, "'**' is not part of the grammar"),
        ("adam(lr=lambda: 0)", 8, "only literals and further specs are read"),
        ("adam(lr=f'{x}')", 8, "only literals and further specs are read"),
        ("adam(lr=1 if x else 2)", 8, "only literals and further specs are read"),
        ("adam(lr=[x for x in y])", 8, "only literals and further specs are read"),
        ("adam(lr=(x := 1))", 9, "only literals and further specs are read"),
        ("adam(lr=a[0])", 8, "only literals and further specs are read"),
        ("adam(lr=a < b)", 8, "only literals and further specs are read"),
        ("adam(lr={1, 2})", 8, "only literals and further specs are read"),
        ("adam(lr=1 + 2)", 8, "only literals and further specs are read"),
        ("adam(lr=1+2j)", 8, "only literals and further specs are read"),
        ("adam(lr=a - b)", 8, "only literals and further specs are read"),
        ("adam(lr=a(1)-b(2))", 8, "only literals and further specs are read"),
        ("adam(lr=a-(b)(c=1))", 8, "only literals and further specs are read"),
        ("adam(lr=a(1)(2))", 8, "only literals and further specs are read"),
        ("adam(lr=a.b)", 8, "only literals and further specs are read"),
        ("adam(lr=b'x')", 8, "a bytes is not one of the allowed literals"),
        ("adam(lr=2j)", 8, "a complex is not one of the allowed literals"),
        ("adam(lr=...)", 8, "an ellipsis is not one of the allowed literals"),
        ("adam(lr=-'x')", 8, "a sign may stand before a number only"),
        ("adam(lr=not 1)", 8, "a sign may stand before a number only"),
        ("adam(lr=~1)", 8, "a sign may stand before a number only"),
        ("adam(lr=-True)", 8, "a sign may stand before a number only"),
        ("adam({(1, 2): 3})", 6, "a dict key must be a plain literal"),
        ("adam({x: 3})", 6, "a dict key must be a plain literal"),
        ("adam(ä=1)", 7, "'ä' cannot be the name of an argument"),
        ("adam('ä', 'ö', x=lambda: 0)", 17, "only literals and further specs are read"),
    ],
)
def test_refuses(text: str, column: int, reason: str) -> None:
    with pytest.raises(SpecSyntaxError) as caught:
        parse_spec(text)
    assert (caught.value.column, caught.value.reason) == (column, reason)


@pytest.mark.parametrize(
    ("text", "column", "word"),
    [
        ("l1(\uff4c1=0.1)", 3, "l1"),
        ("l1(l1=0.1, \uff4c1=0.2)", 11, "l1"),
        ("l1('\xe9',\n \ufb01=1)", 9, "fi"),
        ("l1(\xaa=1)", 3, "a"),
        ("l1(e\u0301=1)", 3, "\xe9"),
        ("l1(l1=\uff49nf)", 6, "inf"),
        ("l1([-\uff4ean])", 5, "nan"),
        ("l1({\uff49nf: 1})", 4, "inf"),
        ("l1(x=\uff34rue)", 5, "True"),
        ("l1(x=l2(\uff4c2=1))", 8, "l2"),
        ("l1(x=a/\uff42(1))", 7, "b"),
    ],
    ids=ascii,
)
def test_a_word_that_python_takes_for_another_is_refused(text: str, column: int, word: str) -> None:
    with pytest.raises(SpecSyntaxError) as caught:
        parse_spec(text)
    assert caught.value.reason == f"this reads like {word!r}, but has other characters"
    assert caught.value.column == column


def test_texts_and_comments_may_have_any_characters() -> None:
    read = parse_spec("l1(x='\uff4c1', # \uff4c\n l1=y('\xe9'))")
    assert read.kwargs == {"x": "\uff4c1", "l1": Spec("y", ("\xe9",))}


@pytest.mark.parametrize("other", [3, b"adam", None, ["adam"], Spec("adam")])
def test_what_is_no_text_is_refused(other: Any) -> None:
    with pytest.raises(SpecError, match="is no text\n  Write a spec, such as"):
        parse_spec(other)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "f(__import__('os'))",
        "f(x=__import__('os').system('true'))",
        "f(x=().__class__.__bases__)",
        "f(x=eval('1'))(y)",
    ],
)
def test_code_is_refused_and_not_run(text: str) -> None:
    with pytest.raises(SpecSyntaxError):
        parse_spec(text)


def test_message_shows_the_line_and_the_caret() -> None:
    with pytest.raises(SpecSyntaxError) as caught:
        parse_spec("adam(\n  lr=1e-3,\n  beta_1=lambda: 0)")
    assert str(caught.value) == (
        "cannot read the spec 'adam(\\n  lr=1e-3,\\n  beta_1=lambda: 0)': "
        "only literals and further specs are read\n"
        "      beta_1=lambda: 0)\n"
        "             ^\n"
        "  A spec is name, name(key=value, …) or distribution/name(…); values are Python literals or "
        "further specs."
    )


def test_message_about_import_points_at_its_first_character() -> None:
    with pytest.raises(SpecSyntaxError) as caught:
        parse_spec("__import__('os')")
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        "cannot read the spec \"__import__('os')\": a component's name is expected here"
    )
    assert lines[1:3] == ["    __import__('os')", "    ^"]


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\u2028", "\x85"])
def test_caret_counts_lines_as_python_does(separator: str) -> None:
    text = f"f('a{separator}b', lambda: 0)"
    with pytest.raises(SpecSyntaxError) as caught:
        parse_spec(text)
    assert caught.value.column == text.index("lambda")


def test_long_line_is_shown_around_the_caret() -> None:
    with pytest.raises(SpecSyntaxError) as caught:
        parse_spec(f"f({'1, ' * 100}lambda: 0)")
    _, line, caret, _ = str(caught.value).splitlines()
    assert len(line) <= 104
    assert line[caret.index("^") :].startswith("lambda")


def test_four_kibibytes_are_read() -> None:
    text = f"f('{'x' * (MAX_BYTES - 5)}')"
    assert len(text) == MAX_BYTES
    assert len(parse_spec(text).args[0]) == MAX_BYTES - 5


def test_five_kibibytes_are_refused() -> None:
    with pytest.raises(SpecLimitError) as caught:
        parse_spec(f"dice_loss(name='{'x' * 5103}')")
    assert str(caught.value) == (
        f'the spec that begins "dice_loss(name=\'{"x" * 24}" has 5121 bytes; at most 4096 are read\n'
        "  Make the object in code and pass it instead of its text."
    )


def test_bytes_are_counted_rather_than_characters() -> None:
    with pytest.raises(SpecLimitError, match=r"has 5004 bytes; at most 4096 are read"):
        parse_spec(f"f('{'ä' * 2499}')" + " ")


def _nested(levels: int, opening: str = "f(", closing: str = ")") -> str:
    return "f(" + opening * (levels - 1) + closing * (levels - 1) + ")"


@pytest.mark.parametrize(
    ("opening", "closing"), [("f(", ")"), ("[", "]"), ("(", ",)"), ("{1: ", "}")]
)
def test_depth_seventeen_is_refused(opening: str, closing: str) -> None:
    inner = "1" if opening in ("(", "{1: ") else ""
    text = "f(" + opening * 15 + inner + closing * 15 + ")"
    assert parse_spec(text).ref == "f"
    deeper = "f(" + opening * 16 + inner + closing * 16 + ")"
    with pytest.raises(SpecLimitError, match=r"nested more than 16 levels deep"):
        parse_spec(deeper)


def test_message_of_the_depth_limit() -> None:
    with pytest.raises(SpecLimitError) as caught:
        parse_spec(_nested(MAX_DEPTH + 1))
    assert str(caught.value) == (
        "the spec that begins 'f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f())))))' is nested more than 16 levels "
        "deep\n  Make the inner object in code and pass it instead of its text."
    )


@pytest.mark.parametrize(
    "text",
    [
        "f(" + "(" * 4000,
        "f(" + "[" * 190 + "]" * 190 + ")",
        "f(" + "-" * 4000 + "1)",
        "f(" + "{'name': 'a', 'args': " * 90 + "1" + "}" * 90 + ")",
        "f(" + "a-" * 2000 + "b)",
        "f(" + "a." * 2000 + "b)",
        "f(" + "not " * 1000 + "1)",
        "f(x=\x00)",
        "f('\ud800')",
        "f('\\N{no such name}')",
        "f('\\",
        "\ufeffadam",
        "a" * 4096,
        "a/" * 2048,
    ],
)
def test_extreme_text_raises_nothing_else(text: str) -> None:
    with contextlib.suppress(SpecError):
        parse_spec(text)


_WORDS = (
    "adam",
    "kplug/",
    "lr",
    "1e-3",
    "**",
    "lambda",
    "b'x'",
    "f'{x}'",
    "ä",
    "inf",
    "nan",
    "\r\n",
)
_FRAGMENTS = st.sampled_from([*"()[]{}=,'\"-*:#\\. \n\f", *_WORDS])


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60) | st.lists(_FRAGMENTS, max_size=14).map("".join))
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_any_text_is_read_or_refused_as_a_spec(text: str) -> None:
    try:
        spec = parse_spec(text)
    except SpecError as error:
        assert re.search("spec|argument|reference", str(error))  # noqa: PT017
    else:
        assert parse_spec(str(spec)) == spec


def test_reading_twice_gives_equal_specs() -> None:
    first: Any = parse_spec("f(a=[1])")
    assert parse_spec("f(a=[1])") == first
