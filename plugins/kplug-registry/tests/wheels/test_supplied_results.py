"""Results of the contract suite fit only the build of their wheel; hostile ones are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.errors import PublishingError, SiteFormatError
from kplug_registry.site_format import (
    CheckedComponent,
    ContractResults,
    FailedCheck,
    LeftOutCheck,
)
from kplug_registry.wheels import (
    WheelContents,
    add_results,
    list_code_hashes,
    read_check_report,
    read_wheel,
)

MakeWheel = Callable[..., Path]


def make_report(wheel: Path, **changes: Any) -> dict[str, Any]:
    """Return what ``kplug check kplug-waves --json`` prints, with changes."""
    owner = {"distribution": "kplug-waves", "version": "1.0"}
    component = {
        "kind": "loss",
        "name": "wave_loss",
        "qualified_name": "kplug-waves/wave_loss",
        **owner,
        "target": "kplug_waves:wave_loss",
        "checks": [
            _check("made"),
            _check("gradcheck", passed=False, message="expected the slope;\n  found: 0"),
            _check("dtype"),
            _check("dtype", example='{"height": 2.0}', passed=False, message="float64"),
        ],
        "left_out": {"empty": "no wave without water"},
        "level": "bronze",
    }
    finding = {"rule": "import", "level": "error", **owner, "kind": None, "component": None}
    (installed,) = (each for each in list_code_hashes(wheel) if each.startswith("sha256"))
    report = {
        "schema": 1,
        "asked": "kplug-waves",
        "passed": False,
        "kplug": "0.1.0",
        "torch": "2.13.0+cpu",
        "date": "2026-01-31T12:00:00Z",
        "distributions": [{"name": "kplug-waves", "version": "1.0", "hash": installed}],
        "components": [component],
        "findings": [
            {**finding, "message": "a hook fails"},
            {
                **finding,
                "kind": "loss",
                "component": "kplug-waves/wave_loss",
                "message": "no torch",
            },
            {**finding, "level": "warning", "message": "no types"},
        ],
    }
    return {**report, **changes}


def _check(name: str, **changes: Any) -> dict[str, Any]:
    usual = {"name": name, "example": "{}", "passed": True, "message": None, "hint": None}
    return {**usual, **changes}


def attach(wheels: list[Path], *reports: Any) -> list[WheelContents]:
    texts = [json.dumps(report).encode() for report in reports]
    supplied = [
        each for at, text in enumerate(texts) for each in read_check_report(text, f"{at}.json")
    ]
    return list(add_results(map(read_wheel, wheels), supplied))


def test_a_wheel_gets_the_results_of_its_build(make_wheel: MakeWheel) -> None:
    wheel, other = make_wheel(), make_wheel("kplug-tides")
    (found, unchecked) = attach([wheel, other], make_report(wheel))
    assert unchecked.results is None
    assert found.results == ContractResults(
        "0.1.0",
        "2.13.0+cpu",
        "2026-01-31T12:00:00Z",
        (
            CheckedComponent(
                "loss",
                "wave_loss",
                ("made",),
                (
                    FailedCheck("gradcheck", "{}", "expected the slope; found: 0"),
                    FailedCheck("dtype", '{"height": 2.0}', "float64"),
                    FailedCheck("import", "", "no torch"),
                ),
                (LeftOutCheck("empty", "no wave without water"),),
                "bronze",
            ),
        ),
        ("a hook fails",),
    )


@pytest.mark.parametrize(("passed", "equal_to"), [(True, "torch:cos (torch 2.13.0)"), (False, "")])
def test_what_a_component_costs_and_equals(
    make_wheel: MakeWheel, passed: bool, equal_to: str
) -> None:
    wheel = make_wheel()
    report = make_report(wheel)
    (row,) = report["components"]
    row["checks"].append(_check("reference", passed=passed))
    row |= {"reference": "torch:cos\n(torch 2.13.0)", "cost": "7 operations."}
    results = attach([wheel], report)[0].results
    assert results is not None
    assert (results.components[0].equal_to, results.components[0].cost) == (
        equal_to,
        "7 operations.",
    )


def test_an_editable_copy_of_the_code_is_the_same_build(make_wheel: MakeWheel) -> None:
    wheel = make_wheel()
    (editable,) = (each for each in list_code_hashes(wheel) if each.startswith("editable-"))
    builds = [{"name": "kplug-waves", "version": "1.0", "hash": editable}]
    assert attach([wheel], make_report(wheel, distributions=builds))[0].results is not None


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            {"version": "1.1"},
            "kplug-waves 1.1, and no wheel of it is given\n  Given are: kplug_wav",
        ),
        (
            {"name": "kplug-ponds"},
            "kplug-ponds 1.0, and no wheel of it is given\n  Given are: none",
        ),
        (
            {"hash": "sha256:" + "0" * 64},
            "with other code than kplug_waves-1.0-py3-none-any.whl: sha",
        ),
        (
            {"hash": None},
            r"any.whl: no hash\n  Install the wheel, and write them again: kplug check ",
        ),
    ],
)
def test_results_of_another_build_are_refused(
    make_wheel: MakeWheel, build: dict[str, Any], message: str
) -> None:
    report = make_report(make_wheel())
    report["distributions"][0].update(build)
    with pytest.raises(PublishingError, match=rf"^0\.json has results of .*{message}"):
        attach([make_wheel()], report)


def test_what_a_file_has_of_other_distributions_is_left_out(make_wheel: MakeWheel) -> None:
    report = make_report(make_wheel())
    report["distributions"].append({"name": "kplug-ponds", "version": "3.0", "hash": None})
    assert attach([make_wheel()], report)[0].results is not None


def test_two_results_of_one_wheel_are_refused(make_wheel: MakeWheel) -> None:
    report = make_report(make_wheel())
    with pytest.raises(PublishingError, match=r"^0\.json and 1\.json both have results of kplug_w"):
        attach([make_wheel()], report, report)


def test_results_of_what_the_wheel_does_not_offer_are_refused(make_wheel: MakeWheel) -> None:
    report = make_report(make_wheel())
    report["components"][0]["name"] = "<b>tide</b>"
    text = r"^0\.json has results of the loss '<b>tide</b>', which kplug_waves-1.0-py3-none-any.whl does not"
    with pytest.raises(PublishingError, match=text):
        attach([make_wheel()], report)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 2}, "a is of schema 2, and 1 is what is read"),
        ({"kplug": "<script>"}, "a: kplug is '<script>', no version"),
        ({"torch": 2}, r"a: Expected `str`, got `int` - at `\$.torch`"),
        (
            {"date": "2026-01-31T12:00:00Z<b>"},
            "a: date is '2026-01-31T12:00:00Z<b>', no time in UTC",
        ),
        (
            {"components": [{"kind": 1}]},
            r"a: Expected `str`, got `int` - at `\$.components\[0\].kind`",
        ),
        ({"components": "all"}, r"a: Expected `array`, got `str` - at `\$.components`"),
        (
            {"distributions": [{"name": "a", "version": "x"}]},
            "missing required field `hash`",
        ),
        (
            {"distributions": [{"name": "a", "version": "x", "hash": None}]},
            "a: the version of 'a' is 'x', no version",
        ),
        (
            {"distributions": [{"name": n, "version": "1", "hash": None} for n in ("a_b", "A-B")]},
            "a has a-b twice",
        ),
    ],
)
def test_what_is_no_report_is_refused(
    make_wheel: MakeWheel, changes: dict[str, Any], message: str
) -> None:
    text = json.dumps(make_report(make_wheel(), **changes)).encode()
    with pytest.raises(SiteFormatError, match=message) as caught:
        read_check_report(text, "a")
    assert caught.value.hint == (
        "Write it where the wheel is installed, with: kplug check NAME --json"
    )


def test_a_component_twice_is_refused(make_wheel: MakeWheel) -> None:
    report = make_report(make_wheel())
    report["components"] *= 2
    with pytest.raises(
        SiteFormatError, match=r"a has \('kplug-waves', 'loss', 'wave_loss'\) twice"
    ):
        read_check_report(json.dumps(report).encode(), "a")


def test_a_level_that_nobody_knows_is_refused(make_wheel: MakeWheel) -> None:
    report = make_report(make_wheel())
    report["components"][0]["level"] = "<b>platinum</b>"
    message = "a: the level of 'wave_loss' is '<b>platinum</b>', none of bronze, silver, gold"
    with pytest.raises(SiteFormatError, match=message):
        read_check_report(json.dumps(report).encode(), "a")


def test_results_without_levels_are_read(make_wheel: MakeWheel) -> None:
    report = make_report(make_wheel())
    del report["components"][0]["level"]
    (found,) = read_check_report(json.dumps(report).encode(), "a")
    assert found.results.components[0].level is None


def test_reasons_must_be_texts(make_wheel: MakeWheel) -> None:
    report = make_report(make_wheel())
    report["components"][0]["left_out"] = {"empty": ["why"]}
    with pytest.raises(SiteFormatError, match=r"Expected `str`, got `array` - at `.*left_out"):
        read_check_report(json.dumps(report).encode(), "a")


def test_long_texts_are_cut_and_what_a_terminal_obeys_is_left_out(make_wheel: MakeWheel) -> None:
    report = make_report(make_wheel())
    report["components"][0]["left_out"] = {"x" * 10_000: "\x1b[31m" + "wave " * 10_000}
    (found,) = read_check_report(json.dumps(report).encode(), "a")
    (left_out,) = found.results.components[0].left_out
    assert left_out.check == "x" * 99 + "…"
    assert left_out.reason.startswith("[31mwave wave")
    assert len(left_out.reason) == 500
