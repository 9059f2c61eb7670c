"""Wheels are read without running them; contradictions are refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.errors import WheelError
from kplug_registry.site_format import to_json
from kplug_registry.wheels import DeclaredComponent, read_declared, read_wheel

MakeWheel = Callable[..., Path]
# Before Python 3.12 an f-string has no backslash, so `ast.unparse` cannot write the character.
OF_CONTROL_CHARACTER = r"(a=f'{'\x7f'}')" if sys.version_info >= (3, 12) else ""
INIT = "kplug_waves/__init__.py"
HOOKS = "[kplug]\nplugin = kplug_waves.plugin\n"
CODE_OF_HOOKS = {INIT: "class Ebb: 'Fall.'\n", "kplug_waves/plugin.py": "def kplug_losses(): ...\n"}
EBB = DeclaredComponent(
    *("loss", "ebb", (), "kplug-waves", "1.0", "kplug_waves:Ebb", "", None, None),
    is_qualified_only=True,
)


def declare(*targets: str) -> str:
    return "[kplug.losses]\n" + "".join(f"wave{n} = {one}\n" for n, one in enumerate(targets))


def test_commands_and_lent_modules_are_no_components(make_wheel: MakeWheel) -> None:
    points = declare("kplug_waves:wave_loss")
    points += "[kplug.commands]\nebb = kplug_waves:ebb\n[kplug.modules]\nwaves = kplug_waves\n"
    assert [one.name for one in read_wheel(make_wheel(entry_points=points)).components] == ["wave0"]


@pytest.mark.parametrize(
    ("code", "signature"),
    [
        (
            "def wave(a, /, b, c=1e-5, *d, e, f=None, **g): ...",
            "(a, /, b, c=1e-05, *d, e, f=None, **g)",
        ),
        (
            "def wave(a: int, /, b: float = 1e-5, *c: int, d: 'str' = 'x', **e: list[int]): ...",
            "(a: int, /, b: float = 1e-05, *c: int, d: 'str' = 'x', **e: list[int])",
        ),
        ("def wave(a: int = 1, *, b=2) -> str: ...", "(a: int = 1, *, b=2)"),
        ("def wave(a: os.abort() | None): ...", "(a: os.abort() | None)"),
        (f"def wave(a: {'-' * 80}1): ...", f"(a: {'-' * 80}1)"),
        (f"def wave(a: x{'[0]' * 900}): ...", ""),
        ("def wave(a=f'{\"\x7f\"}'): ...", OF_CONTROL_CHARACTER),
        ("class wave:\n def __init__(self, a, b=2): ...", "(a, b=2)"),
        ("class wave:\n def __init__(*all): ...", "(*all)"),
        ("class wave:\n def __init__(self, b, /, c): ...", "(b, /, c)"),
        ("class wave(Base): ...", ""),
        ("wave = make()", ""),
        ("from kplug_waves.other import there as wave", "(over_there)"),
        ("from .other import there as wave", "(over_there)"),
        ("from numpy import sin as wave", ""),
        ("from .stars import *", "(of_a_star)"),
        ("def __getattr__(name): ...", ""),
        ("import os as wave", ""),
        ("first, wave = make()", ""),
        ("wave: Loss = make()", ""),
        ("if NEW:\n def wave(new): ...\nelse:\n def wave(old): ...", "(new)"),
        ("try:\n def wave(new): ...\nexcept OSError:\n wave = None", "(new)"),
        ("wave = None\ntry:\n def wave(new): ...\nfinally: pass", "(new)"),
        ("def wave(first): ...\ndef wave(second): ...", "(second)"),
        ("class wave:\n def __init__(self, /, a: int): ...", "(a: int)"),
        ("def wave(a='\\d'): ...", "(a='\\\\d')"),
        ("import os; os.abort()\ndef wave(): ...", "()"),
    ],
)
def test_signatures_come_from_the_source(make_wheel: MakeWheel, code: str, signature: str) -> None:
    files = {INIT: f"{code}\n", "kplug_waves/other.py": "def there(over_there): ...\n"}
    files["kplug_waves/stars.py"] = "from . import *\ndef wave(of_a_star): ...\n"
    (entry,) = read_wheel(
        make_wheel(code=files, entry_points=declare("kplug_waves:wave"))
    ).components
    assert entry.signature == signature


def test_a_class_of_two_kinds_has_its_whole_signature_in_both(make_wheel: MakeWheel) -> None:
    points = "[kplug.losses]\nwave = kplug_waves:Wave\n[kplug.metrics]\nwave = kplug_waves:Wave\n"
    code = {INIT: "class Wave:\n def __init__(self, a, b): ...\n"}
    found = read_wheel(make_wheel(code=code, entry_points=points)).components
    assert [entry.signature for entry in found] == ["(a, b)", "(a, b)"]


def test_names_of_one_target_are_aliases_and_its_documentation_is_the_objects(
    make_wheel: MakeWheel,
) -> None:
    points = "[kplug.losses]\nripple = kplug_waves:wave_loss\nwave_loss = kplug_waves:wave_loss\n"
    (entry,) = read_wheel(make_wheel(entry_points=points)).components
    assert (entry.name, entry.aliases, entry.summary) == ("wave_loss", ("ripple",), "A wave.")


def test_half_a_character_in_the_documentation_can_be_written(make_wheel: MakeWheel) -> None:
    code = {INIT: "def wave_loss(): 'A \\ud800 wave.'\n"}
    (entry,) = read_wheel(make_wheel(code=code)).components
    assert entry.documentation == "A ? wave."
    assert to_json(entry)


@pytest.mark.parametrize("points", ["", "[console_scripts]\na = kplug_waves:b\n"])
def test_a_wheel_without_entry_points_of_kplug_is_a_library(
    make_wheel: MakeWheel, points: str
) -> None:
    wheel = read_wheel(make_wheel(entry_points=points))
    assert (wheel.is_library, wheel.components) == (True, ())
    assert not read_wheel(make_wheel()).is_library


@pytest.mark.parametrize(
    ("wheel", "message"),
    [
        (
            {"entry_points": "[kplug.losses]\na = b\na = c\n"},
            "entry_points.txt: the name 'a' is there twice in its group",
        ),
        ({"entry_points": "[a]\n[a]\n"}, r"entry_points.txt: the group \[a\] is there twice"),
        ({"entry_points": "[a]\nb\n"}, "entry_points.txt: the line 'b' declares nothing"),
        ({"entry_points": "nothing"}, "entry_points.txt: the line 'nothing' declares nothing"),
        ({"entry_points": "[kplug2.losses]\na = b:c\n"}, "another version of kplug's contract"),
        ({"entry_points": "[kplug.loses]\na = b:c\n"}, r"its group 'kplug\.loses' is of no kind"),
        ({"entry_points": declare("os:system")}, "os:system is in no module of the wheel"),
        ({"entry_points": declare("kplug_waves:no")}, "kplug_waves:no is bound by no line of"),
        ({"entry_points": declare("kplug_waves.wave_loss")}, "the target of 'wave0' is"),
        (
            {"entry_points": "[kplug.losses]\n<b> = kplug_waves:wave_loss\n"},
            r"kplug\.losses: .*'<b>'",
        ),
        (
            {
                "entry_points": "[kplug.losses]\nWave = kplug_waves:wave_loss\nwave = kplug_waves:b\n",
                "code": {INIT: "b = wave_loss = 1\n"},
            },
            "the loss '.*' is declared twice, with two targets",
        ),
        ({"code": {INIT: "def wave_loss(:\n"}}, "is no Python that can be read"),
        ({"code": {INIT: "x = " + "(" * 5000}}, "is no Python that can be read"),
        ({"code": {INIT: "x = " + "-" * 100_000 + "1"}}, "is no Python that can be read"),
        ({"metadata": "Requires-Python: no\n"}, "METADATA: requires-python"),
        (
            {"metadata": "Requires-Dist: pond\n" * 6000},
            "its requirements have more than 20000 characters",
        ),
        ({"filename": "kplug_waves-1.1-py3-none-any.whl"}, "METADATA is that of kplug-waves 1.0"),
        ({"filename": "kplug_tides-1.0-py3-none-any.whl"}, "METADATA is that of kplug-waves 1.0"),
        ({"filename": "waves.whl"}, "its name is none of a wheel"),
        ({"record": lambda rows: [*rows, rows[0]]}, "RECORD has two rows of"),
        ({"record": lambda rows: rows[1:]}, "RECORD has no row of"),
        ({"record": lambda rows: [*rows, "ghost.py,sha256=aa,1"]}, r"RECORD names 'ghost\.py'"),
        (
            {"record": lambda rows: [rows[0].replace("sha256=", "sha256=A"), *rows[1:]]},
            "does not have the hash that RECORD gives it",
        ),
        (
            {"record": lambda rows: [rows[0].replace("sha256=", "md5="), *rows[1:]]},
            "no hash of .* that can be trusted",
        ),
        ({"record": lambda rows: [f"{rows[0]}9", *rows[1:]]}, r"has \d+ bytes, and \d+9 in RECORD"),
        ({"record": lambda rows: ["a,b", *rows]}, "RECORD has a row that is none"),
    ],
)
def test_a_wheel_that_contradicts_itself_is_refused(
    make_wheel: MakeWheel, wheel: dict[str, Any], message: str
) -> None:
    with pytest.raises(WheelError, match=message):
        read_wheel(make_wheel(**wheel))


def test_a_hundred_thousand_entry_points_are_refused(make_wheel: MakeWheel) -> None:
    points = declare(*["kplug_waves:wave_loss"] * 100_000)
    with pytest.raises(
        WheelError, match=r"declares more than 5000 components|unpack|is larger than"
    ):
        read_wheel(make_wheel(entry_points=points))


def test_components_that_are_declared_in_code_are_those_that_its_publisher_listed(
    make_wheel: MakeWheel,
) -> None:
    path = make_wheel(code=CODE_OF_HOOKS, entry_points=HOOKS)
    (entry,) = read_wheel(path, [EBB]).components
    assert (entry.name, entry.summary, entry.is_qualified_only) == ("ebb", "Fall.", True)


@pytest.mark.parametrize("version", ["0.9", None])
def test_code_that_declares_components_nobody_listed_is_refused(
    make_wheel: MakeWheel, version: str | None
) -> None:
    other = DeclaredComponent(
        *("loss", "ebb", (), "kplug-waves", version or "", "kplug_waves:Ebb", "", None, None, True)
    )
    path = make_wheel(code=CODE_OF_HOOKS, entry_points=HOOKS)
    with pytest.raises(WheelError, match=r"kplug list --json > components\.json"):
        read_wheel(path, [other])


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 1}', '{"components": [{"kind": 1}]}'])
def test_a_list_that_kplug_did_not_print_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"(?s)components.json.*Write it with: kplug list --json"):
        read_declared(text, "components.json")
