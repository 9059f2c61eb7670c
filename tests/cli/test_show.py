"""``kplug show``: everything about one component."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from kplug.errors import DeprecatedComponentWarning, KplugError
from kplug.losses import Loss
from kplug.registry import REGISTRY


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["show", *arguments], env={"COLUMNS": "400"})
    assert result.exit_code == 0, result.output
    return result.output


def read(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*arguments, "--json"))["components"]
    return found


def test_signature_defaults_documentation_package_and_version_are_shown() -> None:
    lines = run("sgd").splitlines()
    assert lines[0].startswith("sgd(lr=0.01, momentum=0.0, decay=0.0, nesterov=False, ")
    assert lines[1:5] == [
        "  kind       optimizer",
        lines[2],
        "  write      'kplug/sgd', which no other package can take over",
        "  lives in   kplug.optimizers.sgd:SGD",
    ]
    assert lines[2].split()[:3] == ["package", "kplug", kplug.__version__]
    assert "Args:" in lines


def test_arguments_without_a_default_stand_alone() -> None:
    first, *rest = run("dice_loss").splitlines()
    assert first.startswith("dice_loss(smooth, thresh, ")
    assert any(line.startswith("  package    kplug-segmentation ") for line in rest)
    assert any("straight-through" in line for line in rest)


def test_of_a_sum_each_term_is_shown() -> None:
    found = read("0.5*dice_loss(smooth=1, thresh=None) + mse")
    names = ["kplug/weighted_sum", "kplug-segmentation/dice_loss", "kplug/mean_squared_error"]
    assert [facts["qualified_name"] for facts in found] == names
    assert all(facts["curve"] for facts in found)


def test_json_holds_the_same_facts() -> None:
    (facts,) = read("dice_loss")
    assert facts["kind"] == "loss"
    assert facts["qualified_name"] == "kplug-segmentation/dice_loss"
    assert facts["distribution"] == "kplug-segmentation"
    assert facts["version"]
    assert facts["target"] == "kplug_segmentation:dice_loss"
    assert facts["role"] == "factory"
    assert facts["arguments"][:2] == [
        {
            "name": "smooth",
            "default": None,
            "required": True,
            "search": {"low": 1e-6, "high": 1.0, "log": True, "step": None},
        },
        {"name": "thresh", "default": None, "required": True, "search": None},
    ]
    assert facts["documentation"].startswith("Make the loss that is minus the dice coefficient")


def test_what_is_worth_a_search_is_shown() -> None:
    lines = run("sgd").splitlines()
    assert "  search     lr 0.0001 to 1.0 (log), momentum 0.0 to 0.99" in lines
    assert not any(line.startswith("  search") for line in run("mse").splitlines())


def test_choices_are_shown() -> None:
    ranges = {"negative_slope": (0.1, 0.2)}
    target = "torch.nn.functional:leaky_relu"
    leaky = kplug.Component("leaky", target, role="function", search_ranges=ranges)
    with kplug.scope(activations={"leaky": leaky}):
        assert "  search     negative_slope 0.1 or 0.2" in run("leaky").splitlines()
        (facts,) = read("leaky")
    assert facts["arguments"][0]["search"] == {"choices": [0.1, 0.2]}


@pytest.mark.parametrize("name", ["Dice-Loss", "kplug-segmentation/dice_loss"])
def test_every_spelling_of_a_name_leads_there(name: str) -> None:
    assert [facts["name"] for facts in read(name)] == ["dice_loss"]


def test_a_name_of_several_kinds_shows_all_of_them_unless_one_is_asked_for() -> None:
    assert [facts["kind"] for facts in read("mse")] == ["loss", "metric"]
    assert [facts["kind"] for facts in read("mse", "--kind", "metric")] == ["metric"]


def test_the_kinds_of_a_name_are_said() -> None:
    said = "'mse' is a loss and a metric: --kind loss shows that alone."
    assert run("mse").splitlines()[-1] == said
    assert said not in run("mse", "--kind", "loss")
    assert "--kind" not in run("dice_loss")


def test_a_package_is_shown() -> None:
    version = importlib.metadata.version("kplug-segmentation")
    title, *lines = run("Kplug_Segmentation").splitlines()
    assert title.partition(" (editable)")[0] == f"kplug-segmentation {version}"
    assert "  offers     4 losses, 2 metrics: kplug list kplug-segmentation" in lines
    assert "  licence    Apache-2.0" in lines
    facts = json.loads(run("kplug-segmentation", "--json"))["package"]
    assert (facts["distribution"], facts["version"]) == ("kplug-segmentation", version)
    assert facts["offers"] == {"losses": 4, "metrics": 2}
    assert f"  summary    {facts['summary']}" in lines
    assert (facts["off"], facts["problems"]) == (None, [])
    assert json.loads(run("torch", "--json"))["package"]["offers"]["losses"] > 10
    assert "  modules    kplug.wrappers" in run("kplug-sklearn").splitlines()


def test_plugins_say_who_published_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def ask(item: type, hook: str, **facts: object) -> tuple[list[str], list[object]]:
        assert (item, hook) == (str, "kplug_provenance")
        asked.append(facts)
        return ["published by anna"], []

    monkeypatch.setattr(REGISTRY, "ask_all", ask)
    assert "\n  provenance published by anna\n" in run("kplug-segmentation")
    facts = json.loads(run("kplug-segmentation", "--json"))["package"]
    assert facts["provenance"] == ["published by anna"]
    version = importlib.metadata.version("kplug-segmentation")
    assert asked == [{"distribution": "kplug-segmentation", "version": version}] * 2


def test_a_package_that_is_off_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "kplug-segmentation")
    kplug.reload()
    try:
        lines = run("kplug-segmentation").splitlines()
    finally:
        monkeypatch.undo()
        kplug.reload()
    assert "  off        KPLUG_DISABLE names it" in lines


@pytest.mark.parametrize(
    ("name", "hint"),
    [("zzzz", "  `kplug list` shows"), ("dice_los", "  Did you mean 'dice_loss'")],
)
def test_an_unknown_name_is_an_error_with_a_suggestion(name: str, hint: str) -> None:
    result = CliRunner().invoke(app, ["show", name])
    assert isinstance(result.exception, KplugError)
    message, advice = str(result.exception).splitlines()
    assert message == f"no component is named {name!r}"
    assert advice.startswith(hint)
    assert advice.endswith("`kplug list` shows what is installed.")


def test_documentation_is_the_objects_own() -> None:
    class Silent(Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return y_pred - y_true

    def difference(y_true: Any, y_pred: Any, scale: float) -> Any:
        """Scaled difference."""
        return scale * (y_pred - y_true)

    bound = functools.partial(difference, scale=2.0)
    with kplug.scope(losses={"silent": Silent, "difference": bound}):
        assert read("silent")[0]["documentation"] == ""
        assert read("difference")[0]["documentation"] == "Scaled difference."


def test_the_file_and_the_licence_are_shown() -> None:
    (facts,) = read("dice_loss")
    assert (facts["licence"], facts["curve"]) == ("Apache-2.0", None)
    output = run("dice_loss")
    assert f"\n  file       {facts['file']}:{facts['line']}\n" in output
    assert "\n  licence    Apache-2.0\n" in output
    source = Path(facts["file"]).read_text().splitlines()[facts["line"] - 1 :]
    assert "dice_loss" in "".join(source[:4])


def test_a_component_of_c_has_no_file() -> None:
    with kplug.scope(activations={"in_c": kplug.Component("in_c", "torch:tanh", role="function")}):
        (facts,) = read("in_c")
    assert (facts["file"], facts["line"]) == (None, None)


def test_a_curve_is_drawn_below_the_facts() -> None:
    lines = run("kplug/l1", "--kind", "regularizer").splitlines()
    start = lines.index("penalty over a weight")
    assert lines[start - 1] == ""
    assert lines[start + 1].startswith("0.02 │⠙")
    assert lines[start + 11].split() == ["-2", "2"]


def test_arguments_can_be_given_for_the_curve() -> None:
    (facts,) = read("l1(0.5)", "--kind", "regularizer")
    assert max(facts["curve"]["y"]) == 1.0
    assert "no curve: exponential_decay needs 'initial_learning_rate' and" in run(
        "exponential_decay"
    )
    assert "over step" in run("exponential_decay(0.1, 100, 0.9)")


def test_a_plot_may_be_an_svg(tmp_path: Path) -> None:
    file = tmp_path / "curve.svg"
    run("huber", "--plot", str(file))
    assert ET.parse(file).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_a_plot_is_a_png(tmp_path: Path) -> None:
    file = tmp_path / "curve.png"
    run("huber", "--plot", str(file))
    assert file.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("name", "file", "message"),
    [
        ("auc", "a.png", "a.png was not written: no curve: kinds with one are loss, "),
        ("l1", "a.pdf", "'a.pdf' is no PNG or SVG"),
        ("l1", "no_such_folder/a.png", "'no_such_folder/a.png' cannot be written: No such file"),
    ],
)
def test_a_plot_that_cannot_be(name: str, file: str, message: str) -> None:
    result = CliRunner().invoke(app, ["show", name, "--plot", file])
    assert isinstance(result.exception, KplugError)
    assert message in str(result.exception)


def test_lifecycles_are_shown() -> None:
    old = kplug.Component("old", abs, role="function", lifecycle="archived", successor="relu")
    with kplug.scope(activations={"old": old}), pytest.warns(DeprecatedComponentWarning):
        assert "\n  lifecycle  archived; use 'relu'\n" in run("old")
    assert "\n  lifecycle  experimental\n" in run("dice_loss")
    assert "\n  lifecycle  experimental\n" in run("kplug-segmentation")  # its classifier
