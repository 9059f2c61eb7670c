"""``kplug compare``: sentences, a table and curves, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console
from typer.testing import CliRunner

from kplug.cli.app import app
from kplug.errors import KplugError, UnknownComponentError

HUBERS = ["kplug/huber(delta=1.0)", "kplug/huber", "kplug/log_cosh"]
DICES = [
    "kplug-segmentation/dice_loss(smooth=1.0, thresh=None)",
    "kplug/dice",
    "kplug-segmentation/dice_loss",
]


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["compare", *arguments])
    assert result.exit_code == status, result.output + repr(result.exception)
    return result.stdout


def lines_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_sentences_come_first_then_what_differs_then_curves() -> None:
    lines = lines_of(run("losses", *HUBERS))
    assert lines[0] == "A kplug/huber(delta=1.0)"
    assert lines[1].startswith("the mean of its samples; 0 for right predictions; ")
    assert lines[2:4] == ["B kplug/huber", "the same as A"]
    assert lines[4] == "C kplug/log_cosh"
    assert "0.741 for any numbers, where A is 0.834" in lines[5]
    assert lines.index("any numbers A B C") < lines.index("loss over y_pred, where y_true is 1")
    assert "value 0.8336 = 0.7409" in lines
    assert not any(line.startswith("real/") for line in lines)


def test_all_parts_are_shown_under_their_names() -> None:
    lines = lines_of(run("losses", *HUBERS, "--all"))
    assert "real/float64/value 0.8336 = 0.7409" in lines
    assert "real/exact/gradient 0 … = =" in lines


def test_three_dice_losses_tell_how_they_differ() -> None:
    lines = lines_of(run("loss", *DICES))
    assert lines[1].startswith(
        "one value of the whole batch; ignores masks; -1 for right predictions;"
    )
    assert lines[2] == "B kplug/dice"
    assert lines[3].startswith(
        "0 for right predictions; 0.84 for probabilities and one-hot targets,"
    )
    # With its author's example, as it needs arguments.
    assert lines[4] == "C kplug-segmentation/dice_loss(smooth=1e-05, thresh=None)"
    assert "-0.16 for probabilities and one-hot targets, where A is -0.237" in lines[5]


@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_wider_than_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kplug_numbers.commands.compare.find_width", lambda: width)
    monkeypatch.setenv("COLUMNS", str(width))
    lines = run("loss", *DICES).splitlines()
    assert max(len(line) for line in lines if "dice_loss(" not in line) <= width


def test_letters_are_coloured_where_colours_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in run("activation", "kplug/relu", "kplug/gelu")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Console().is_terminal
    told = run("activation", "kplug/relu", "kplug/gelu")
    assert "\x1b[36mA\x1b[0m  kplug/relu" in told
    assert "\x1b[33mB\x1b[0m" in told.rpartition("activation over x")[2]


@pytest.mark.parametrize("form", ["svg", "png"])
def test_curves_are_written_as_a_picture(form: str, tmp_path: Path) -> None:
    file = tmp_path / f"a.{form}"
    run("loss", *HUBERS, "--plot", str(file))
    content = file.read_bytes()
    if form == "png":
        assert content.startswith(b"\x89PNG")
    else:
        words = " ".join(" ".join(ET.fromstring(content).itertext()).split())
        assert all(f"{letter} {name}" in words for letter, name in zip("ABC", HUBERS, strict=True))


def test_what_has_no_curve_is_not_drawn(tmp_path: Path) -> None:
    metrics = ["metric", "kplug/auc", "kplug/precision"]
    assert "over" not in run(*metrics)
    result = CliRunner().invoke(app, ["compare", *metrics, "--plot", str(tmp_path / "a.svg")])
    assert "none of these is a function of one variable" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_json_has_readings_differences_and_costs() -> None:
    data = json.loads(run("activation", "kplug/relu", "kplug/gelu", "--json"))
    first, second = data["candidates"]
    assert (data["kind"], first["cost"], first["outcome"]) == ("activation", 1.0, "same")
    assert (second["outcome"], second["operations"] > 0) == ("differs", True)
    assert second["cost"] == second["operations"] / first["operations"]
    assert any(one.startswith("rows/float64/value: ") for one in second["differences"])
    assert (second["label"], second["reading"]["spec"]) == ("B", "kplug/gelu")


REFUSED: dict[str, tuple[list[str], type[Exception], str]] = {
    "one": (["activation", "kplug/relu"], KplugError, "compare needs two components or more"),
    "twice": (["activation", "relu", "relu"], KplugError, "compare needs two components or more"),
    "unknown": (
        ["loss", "kplug/mse", "hubber"],
        UnknownComponentError,
        "no loss is named 'hubber'\n  Did you mean 'huber'?",
    ),
    "no such argument": (
        ["loss", "kplug/mse", "kplug/huber(delt=2)"],
        KplugError,
        "has no argument 'delt'",
    ),
    "no arguments": (
        ["schedule", "exponential_decay(decay_rate=0.5)", "kplug/cosine_decay(0.1, 100)"],
        KplugError,
        "needs 'initial_learning_rate' and 'decay_steps'",
    ),
}


@pytest.mark.parametrize(("arguments", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_said_as_everywhere(
    arguments: list[str], kind: type[Exception], message: str
) -> None:
    result = CliRunner().invoke(app, ["compare", *arguments])
    assert isinstance(result.exception, kind), result.output
    assert message in str(result.exception)
    assert result.stdout == ""


def test_the_status_says_whether_anything_was_compared() -> None:
    told = run("callback", "kplug/early_stopping", "kplug/terminate_on_nan", status=1)
    assert "no reading: there is no recipe for the kind 'callback'" in told
