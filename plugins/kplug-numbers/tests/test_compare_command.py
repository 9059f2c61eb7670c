"""``kplug compare``: a table of parts, and what is said below it."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from kplug.cli.app import app


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["compare", *arguments])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


def test_components_are_shown_beside_the_first() -> None:
    told = run("losses", "kplug/huber(delta=1.0)", "kplug/huber", "kplug/log_cosh", "kplug/none")
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "part 1 2 3 4" in lines
    assert "real/float64/value 0.83357 = 0.74086" in lines
    assert "real/exact/gradient 0 … = =" in lines
    assert "2 kplug/huber: same; " in " ".join(lines)
    assert "3 kplug/log_cosh: same in 8 of 34 parts; differs: " in " ".join(lines)
    assert lines[-1] == (
        "4 kplug/none: no reading: it cannot be made: kplug 0.1.0 offers no loss 'none'"
    )


def test_the_first_may_have_no_reading() -> None:
    told = run("activation", "kplug/none", "kplug/relu")
    assert "rows/zeros/value" in told
    assert told.endswith("2  kplug/relu: nothing to compare it with\n")


def test_json_has_readings_differences_and_costs() -> None:
    data = json.loads(run("activation", "kplug/relu", "kplug/gelu", "--json"))
    first, second = data["candidates"]
    assert (data["kind"], first["cost"], first["outcome"]) == ("activation", 1.0, "same")
    assert (second["outcome"], second["cost"] > 0) == ("differs", True)
    assert any(one.startswith("rows/float64/value: ") for one in second["differences"])
    assert second["reading"]["spec"] == "kplug/gelu"


def test_one_component_is_not_compared() -> None:
    for specs in (["kplug/relu"], ["kplug/relu", "kplug/relu"]):
        result = CliRunner().invoke(app, ["compare", "activation", *specs])
        assert "compare needs two components or more" in str(result.exception)
