"""Inputs that somebody wrote who wishes kplug ill: broken texts, broken bytes, broken data."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

# Surrogates, controls and letters that run from right to left among them.
CHARACTERS = st.characters(exclude_categories=())

FRAGMENTS = (
    *"()[]{}'\"\\=,.:;#/*@%<>!?&|~^`$-+_ \t\r\n\0\x0b\x0c\x1c\x85\u2028",
    *("\ud800", "\u202e", "\u200d", "\ufeff", "ﬁ", "ℌ", "K", "²", "ı", "🙂", "\U0010ffff"),  # noqa: RUF001
    *("1" * 5000, "9**9**9", "0x" + "f" * 4000, "1e999", "-1e999", "1_0", "007", "1j", "--1"),
    *("nan", "inf", "-inf", "None", "True", "...", "__debug__", "__import__", "lambda: 0"),
    *("os:system", "os.system('true')", "__import__('os').system('true')", "eval", "builtins/eval"),
    *(
        "*x",
        "**x",
        "x:=1",
        "yield",
        "await x",
        "f'{x}'",
        "b'x'",
        "r'\\'",
        "'''",
        "\\N{DASH}",
        "\\ud800",
    ),
    *(
        "a" * 300,
        "(" * 200,
        "[" * 5000,
        "{a=" * 2000,
        "{1:" * 200,
        "f(" * 200,
        "-" * 3000,
        "a." * 500,
        "'a' " * 500,
    ),
    *(
        "not " * 500,
        "+1" * 900,
        "../../etc/passwd",
        "/dev/zero",
        "http://localhost",
        "kplug",
        "torch",
    ),
)
# Not sampled_from: the text of a strategy would hold them all.
_FRAGMENTS = st.integers(0, len(FRAGMENTS) - 1).map(lambda at: FRAGMENTS[at])


@st.composite
def mutations(draw: st.DrawFn, valid: Sequence[str]) -> str:
    """Return a valid text with a few parts cut out, and others put in."""
    text = draw(st.sampled_from(valid))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 6))
        put = draw(st.one_of(_FRAGMENTS, st.text(CHARACTERS, max_size=3)))
        text = text[:at] + put + text[at + cut :]
    return text


def texts(valid: Sequence[str]) -> st.SearchStrategy[str]:
    """Return hostile texts where texts like the valid ones are expected."""
    pieces = st.one_of(_FRAGMENTS, st.sampled_from(valid), st.text(CHARACTERS, max_size=4))
    return st.one_of(
        mutations(valid),
        st.lists(pieces, max_size=8).map("".join),
        st.text(CHARACTERS),
        _FRAGMENTS.map(lambda part: (part * 2000)[:2000]),
    )


def files(valid: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Return hostile contents of a file, in the encodings that editors write, and in none."""
    encodings = st.sampled_from(
        ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-7"]
    )
    encoded = st.builds(_encode, texts(valid), encodings)
    return st.one_of(encoded, encoded, st.binary(max_size=200))


def _encode(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "ignore" if encoding == "latin-1" else "surrogatepass")


def _nested(make: Callable[[Any], Any]) -> Callable[[int], Any]:
    def build(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = make(value)
        return value

    return build


def _cyclic() -> list[Any]:
    circle: list[Any] = []
    table = {"class_name": "L2", "config": {"l2": circle}}
    circle.append(table)
    return [circle, table, {"name": "l2", "args": table}]


_DEPTHS = st.sampled_from([2, 15, 16, 17, 30, 20_000])
DEEP = st.one_of(
    _DEPTHS.map(_nested(lambda inner: [inner])),
    _DEPTHS.map(_nested(lambda inner: {"a": inner})),
    _DEPTHS.map(_nested(lambda inner: {"class_name": "L2", "config": {"l2": inner}})),
    _DEPTHS.map(_nested(lambda inner: {"name": "l2", "args": {"l2": inner}})),
    st.sampled_from(range(3)).map(lambda at: _cyclic()[at]),
)
NUMBERS = st.sampled_from(
    [
        0,
        1,
        -1,
        2**31,
        2**63,
        -(10**20),
        10**5000,
        0.0,
        -0.0,
        5e-324,
        1e308,
        float("nan"),
        float("inf"),
    ]
)
LEAVES = st.one_of(
    NUMBERS,
    st.sampled_from([None, True, False, b"\xff", 1j, object, object(), len, {1, 2}, range(3)]),
    _FRAGMENTS,
    st.text(CHARACTERS, max_size=5),
)


@st.composite
def edited(draw: st.DrawFn, valid: Sequence[Any]) -> Any:
    """Return valid data with a few values replaced, keys added or taken away."""
    data = {"it": copy.deepcopy(draw(st.sampled_from(valid)))}
    for _ in range(draw(st.integers(0, 3))):
        places = _places(data)
        container, key = places[draw(st.integers(0, len(places) - 1))]
        edit = draw(st.sampled_from(["replace", "replace", "remove", "add", "wrap"]))
        other = draw(st.one_of(LEAVES, LEAVES, DEEP, st.sampled_from(valid).map(copy.deepcopy)))
        if edit == "remove" and container is not data:
            del container[key]
        elif edit == "add" and isinstance(container[key], dict):
            container[key][draw(st.one_of(KEYS, st.integers()))] = other
        elif edit == "wrap":
            container[key] = [container[key], other]
        else:
            container[key] = other
    return data["it"]


KEYS = st.one_of(
    st.sampled_from(["class_name", "config", "module", "registered_name", "build_config", "name"]),
    st.sampled_from(
        ["args", "shared_object_id", "__class__", "__init__", "self", "lambda", "dtype"]
    ),
    st.text(CHARACTERS, max_size=5),
)


def _places(data: Any) -> list[tuple[Any, Any]]:
    """Return each place of data that holds a value, as its container and its key; none twice."""
    found: list[tuple[Any, Any]] = []
    seen: set[int] = set()
    waiting = [data]
    while waiting and len(found) < 200:
        container = waiting.pop()
        if id(container) in seen or not isinstance(container, (dict, list)):
            continue
        seen.add(id(container))
        keys = list(container) if isinstance(container, dict) else list(range(len(container)))
        found += [(container, key) for key in keys]
        waiting += [container[key] for key in keys]
    return found
