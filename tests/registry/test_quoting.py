"""Quoting of values in messages: short, printable and harmless."""

from __future__ import annotations

import re

import pytest

import kplug
from kplug.errors import KplugError
from kplug.registry import resolve
from kplug.registry.quoting import make_printable, quote
from kplug.registry.spec import spec_from_dict


class _Shy:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("given", "quoted"),
    [
        ("dice", "'dice'"),
        ("x" * 80, f"'{'x' * 80}'"),
        ("x" * 81, f"'{'x' * 79}…'"),
        ("two\nlines\x1b[2J", r"'two\nlines\x1b[2J'"),
        ("\ud800", r"'\ud800'"),
        ("it's", '"it\'s"'),
        (3.5, "3.5"),
        (range(3), "range(0, 3)"),
        ([1] * 100, "[" + "1, " * 26 + "…"),
        (_Shy(), "<_Shy>"),
    ],
)
def test_quote(given: object, quoted: str) -> None:
    assert quote(given) == quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain …", "plain …"),
        ("a\x1b[31mb\x07", "a?[31mb?"),
        ("one\ntwo\r\u2028\tthree", "one\ntwo   three"),
        ("\ud800\u202e", "??"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert make_printable(text) == shown


LONG = "x" * 3000
BAD = "no\x1b[2J\n  pip install evil\ud800"


def _messages(text: str) -> list[str]:
    """Return kplug's messages about a text, from every place that accepts one."""

    def mine(y_true: object, y_pred: object, axis: int = 0) -> object:
        return y_pred

    calls = [
        lambda: kplug.scope(**{text: {}}),
        lambda: kplug.scope(losses={text: None}),
        lambda: kplug.scope(losses={f"{text}!": object()}),
        lambda: kplug.register("loss", text, None),
        lambda: kplug.register("loss", f"{text}!", object()),
        lambda: kplug.register(text, "x", object()),
        lambda: kplug.unregister("loss", text),
        lambda: resolve(text, "mse"),
        lambda: resolve("loss", text),
        lambda: resolve("loss", f"mse({text}"),
        lambda: resolve("loss", {"name": text, "args": {}}),
        lambda: resolve("loss", {"name": "huber", "args": {text: 3}}),
        lambda: resolve("loss", {"name": "huber", "args": text}),
        lambda: resolve("loss", {text: "huber"}),
        lambda: resolve("loss", {"class_name": "Huber", "config": {text: 3}}),
        lambda: resolve("loss", {"class_name": text, "config": text}),
        lambda: resolve("loss", {"class_name": "L", "config": {}, "registered_name": f"{text}>L"}),
    ]
    with kplug.scope(losses={"mine": mine}):
        calls += [
            lambda: resolve("loss", {"name": "mine", "args": {text: 1}}),
            lambda: spec_from_dict({"name": "mine", "args": {f"{text}!": []}}),
        ]
        return [_say(call) for call in calls]


def _say(call: object) -> str:
    with pytest.raises(KplugError) as caught:
        call()  # type: ignore[operator]
    return str(caught.value)


@pytest.mark.parametrize("text", [LONG, LONG + "!", BAD])
def test_no_message_repeats_a_long_or_dangerous_text(text: str) -> None:
    for message in _messages(text):
        assert not re.search("x{81}", message)
        assert all(mark.isprintable() or mark == "\n" for mark in message)
        assert "\n  pip install evil" not in message


@pytest.mark.torch
def test_a_long_text_is_cut_where_binding_repeats_it() -> None:
    text = f"huber(2.0, delta={LONG!r})"
    with pytest.raises(KplugError, match="is given 'delta' twice") as caught:
        resolve("loss", text)
    assert not re.search("x{81}", str(caught.value))
