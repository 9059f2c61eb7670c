"""Facts of an author complete what the code of a wheel does not show; what contradicts is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.building import build_site
from kplug_registry.errors import PublishingError, WheelError
from kplug_registry.publishing import verify
from kplug_registry.site_format import picture_path
from kplug_registry.storage import Folder
from kplug_registry.wheels import (
    WheelContents,
    add_results,
    facts_path,
    list_code_hashes,
    read_wheel,
)

MakeWheel = Callable[..., Path]
NOW = "2026-01-31T12:00:00Z"
INIT, PLUGIN = "kplug_waves/__init__.py", "kplug_waves/plugin.py"
CODE = {
    INIT: "def wave_loss(y_true, y_pred, height=1.0):\n    '''A wave.'''\n"
    "def make(height):\n    def loss(y_true, y_pred): ...\n    return loss\n",
    PLUGIN: "def kplug_losses(): return TABLE\n",
}
HOOKS = {"code": CODE, "entry_points": "[kplug]\nplugin = kplug_waves.plugin\n"}
SVG = "<svg xmlns='http://www.w3.org/2000/svg'><path d='M 0 0'/></svg>"
EBB: dict[str, Any] = {
    "kind": "loss",
    "name": "ebb",
    "target": "functools:partial",
    "aliases": ["low_tide"],
    "signature": "(height=2.0)",
    "summary": "An ebb.",
    "documentation": "An ebb.\n\nIt falls.",
    "example": "ebb(height=3.0)",
    "picture": {"svg": SVG, "text": "ebb: falls"},
}
FLOOD = {**EBB, "name": "flood", "aliases": [], "example": "", "picture": None}
WAVE = {"kind": "loss", "name": "wave_loss", "target": "kplug_waves:wave_loss", "summary": "Other."}
MADE = {"kind": "loss", "name": "made", "target": "kplug_waves:make.<locals>.loss"}


def state(wheel: Path, *components: Any, **changes: Any) -> Path:
    """Write facts beside a wheel, and return the wheel."""
    facts = {
        "format": 1,
        "distribution": "kplug-waves",
        "version": "1.0",
        "sha256": sha256(wheel.read_bytes()).hexdigest(),
        "components": components,
    }
    facts_path(wheel).write_text(json.dumps({**facts, **changes}))
    return wheel


def test_facts_complete_what_the_code_does_not_show(make_wheel: MakeWheel, tmp_path: Path) -> None:
    wheel = read_wheel(state(make_wheel(**HOOKS), EBB, FLOOD, WAVE, MADE))
    ebb, flood, made, wave = wheel.components
    assert (ebb.signature, ebb.aliases, ebb.is_stated) == ("(height=2.0)", ("low_tide",), True)
    assert (ebb.documentation, ebb.example) == ("An ebb.\n\nIt falls.", "ebb(height=3.0)")
    assert (flood.name, flood.target) == ("flood", ebb.target)  # another one, of the same function
    assert (made.name, made.signature, made.is_stated) == ("made", "", False)
    assert (wave.signature, wave.summary) == ("(y_true, y_pred, height=1.0)", "A wave.")
    assert not wave.is_stated  # what the code shows comes first
    assert build_site([wheel], tmp_path / "site", NOW) == 1
    digest = sha256(SVG.encode()).hexdigest()
    assert (tmp_path / "site" / picture_path(digest)).read_text() == SVG
    page = (tmp_path / "site/catalogue/components/loss/ebb.html").read_text()
    for part in (
        "ebb(height=2.0)</code>",
        "The author states what the code does not show.",
        "<span>Example</span> <code>ebb(height=3.0)</code>",
        f'/pictures/{digest}.svg" alt="ebb: falls"',
    ):
        assert part in page
    assert (
        "author states"
        not in (tmp_path / "site/catalogue/components/loss/waveloss.html").read_text()
    )
    page = (tmp_path / "site/catalogue/distributions/kplug-waves/index.html").read_text()
    assert page.count("The author states") == 2
    assert verify(Folder(tmp_path / "site")) == []


def test_names_of_one_entry_point_target_are_aliases_with_facts_too(make_wheel: MakeWheel) -> None:
    points = "[kplug.losses]\nripple = kplug_waves:wave_loss\nwave_loss = kplug_waves:wave_loss\n"
    wheel = make_wheel(entry_points=points)
    (entry,) = read_wheel(
        state(wheel, {**WAVE, "example": "wave_loss()"}, {**WAVE, "name": "ripple"})
    ).components
    assert (entry.name, entry.aliases, entry.example) == ("wave_loss", ("ripple",), "wave_loss()")


STATIC: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("wheel", "components", "changes", "message"),
    [
        (STATIC, [WAVE], {"format": 2}, "is of format 2, and 1 is known here"),
        (
            STATIC,
            [WAVE],
            {"sha256": "0" * 64},
            "is about a wheel with SHA-256 '0+', and this one has ",
        ),
        (STATIC, [WAVE], {"version": "1.1"}, "is about kplug-waves 1.1, not about kplug-waves 1.0"),
        (STATIC, [WAVE], {"distribution": "x"}, "is about x 1.0, not about kplug-waves 1.0"),
        (
            STATIC,
            [WAVE],
            {"components": 1},
            "cannot be read: it: Expected `array`, got `int`",
        ),
        (STATIC, [], {}, "contradicts entry_points.txt: the loss 'wave_loss' is missing, and not"),
        (
            STATIC,
            [{**WAVE, "target": "kplug_waves:other"}],
            {},
            "the loss 'wave_loss' is kplug_waves:other, and not kplug_waves:wave_loss",
        ),
        (STATIC, [WAVE, EBB], {}, "has the loss 'ebb', which nothing in the wheel declares"),
        (HOOKS, [EBB, {**EBB, "target": "a:b"}], {}, "the loss 'ebb' is declared twice"),
        (HOOKS, [EBB, {**FLOOD, "aliases": ["Ebb"]}], {}, "the loss 'Ebb' is declared twice"),
        (HOOKS, [{**EBB, "kind": "tide"}], {}, "has the 'tide' 'ebb': there is no kind"),
        (HOOKS, [{**EBB, "name": "<b>"}], {}, "has the 'loss' '<b>': "),
        (HOOKS, [{**EBB, "aliases": ["a b"]}], {}, "has the 'loss' 'ebb': "),
        (HOOKS, [{**EBB, "target": "os"}], {}, "has a loss 'ebb' with the target 'os'"),
        (HOOKS, [{**EBB, "target": "kplug_waves:no"}], {}, "kplug_waves:no is bound by no line of"),
        (
            HOOKS,
            [{**EBB, "target": "kplug_waves:no.<locals>.x"}],
            {},
            "no.<locals>.x is bound by no line of",
        ),
        (
            HOOKS,
            [{**EBB, "picture": {"svg": "<svg><script/></svg>", "text": ""}}],
            {},
            "has a picture of the loss 'ebb' with the element 'script'",
        ),
        (
            HOOKS,
            [{**EBB, "picture": {"svg": " " * (1 << 20) + SVG, "text": ""}}],
            {},
            r"has a picture of the loss 'ebb' with 10486\d\d bytes",
        ),
        (HOOKS, [EBB], {"note": "x" * (16 << 20)}, r"has 167\d+ bytes, and 16777216 are allowed"),
        (
            HOOKS,
            [{**EBB, "aliases": [f"ebb{n}" for n in range(6000)]}],
            {},
            "declares 6001 names of components, and 5000 are allowed",
        ),
        (
            HOOKS,
            [
                {**EBB, "name": f"ebb{n}", "aliases": [], "documentation": "x" * 20_000}
                for n in range(500)
            ],
            {},
            "and 8000000 are allowed",
        ),
    ],
)
def test_other_facts_are_refused(
    make_wheel: MakeWheel, wheel: Any, components: list[Any], changes: Any, message: str
) -> None:
    with pytest.raises(WheelError, match=message):
        read_wheel(state(make_wheel(**wheel), *components, **changes))


def test_a_refusal_says_how_facts_are_written(make_wheel: MakeWheel) -> None:
    with pytest.raises(WheelError) as caught:
        read_wheel(state(make_wheel(), WAVE, version="9"))
    name = "kplug_waves-1.0-py3-none-any.whl"
    assert str(caught.value) == (
        f"{name}: {name}.facts.json is about kplug-waves 9, not about kplug-waves 1.0\n"
        f"  Where the wheel is installed, `kplug facts {name}` writes it anew."
    )


def test_texts_are_cut_and_what_a_terminal_obeys_is_left_out(make_wheel: MakeWheel) -> None:
    long = {
        "signature": "(a,\n\x1b[31m" + "b, " * 2000,
        "example": "e\n" * 2000,
        "lifecycle": "deprecated",
        "successor": "x\n" * 2000,
    }
    text = "x" * 30_000
    (found,) = read_wheel(
        state(make_wheel(**HOOKS), {**EBB, **long, "documentation": text})
    ).components
    assert found.signature.startswith("(a, [31mb, b")
    lengths = [
        len(found.signature),
        len(found.example),
        len(str(found.successor)),
        len(found.documentation),
    ]
    assert lengths == [2000, 500, 500, 20_000]


def attach(wheel: Path) -> WheelContents:
    (found,) = add_results([read_wheel(wheel)], ())
    return found


def test_results_come_with_the_wheel_and_are_of_its_build(make_wheel: MakeWheel) -> None:
    wheel = make_wheel()
    (installed,) = (each for each in list_code_hashes(wheel) if each.startswith("sha256"))
    check = {"name": "made", "example": "{}", "passed": True, "message": None}
    component = {
        "kind": "loss",
        "name": "wave_loss",
        "qualified_name": "kplug-waves/wave_loss",
        "distribution": "kplug-waves",
        "checks": [check],
        "left_out": {},
        "level": "bronze",
    }
    report = {
        "schema": 1,
        "kplug": "0.1.0",
        "torch": "2.13.0",
        "date": "2026-01-31T12:00:00Z",
        "distributions": [{"name": "kplug-waves", "version": "1.0", "hash": installed}],
        "components": [component],
        "findings": [],
    }
    results = attach(state(wheel, WAVE, results=json.dumps(report))).results
    assert results is not None
    assert results.components[0].level == "bronze"
    report["distributions"] = [{"name": "kplug-waves", "version": "1.0", "hash": None}]
    with pytest.raises(
        PublishingError, match=r"whl\.facts\.json has results of .* with other code"
    ):
        attach(state(wheel, WAVE, results=json.dumps(report)))
