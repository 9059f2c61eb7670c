"""``kplug list``, on what is installed here; broken plugins are in ``tests/registry``."""

from __future__ import annotations

import importlib.metadata
import json
from collections import Counter
from typing import Any

import pytest
from rich.text import Text
from typer.testing import CliRunner

import kplug
from kplug.builtins.losses import COMPONENTS
from kplug.cli import listing
from kplug.cli.app import app
from kplug.errors import UnknownKindError
from kplug.registry import KINDS, REGISTRY, Component, get_kind


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["list", *arguments], env={"COLUMNS": "400"})
    assert result.exit_code == 0, result.output
    return result.output


def read(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*arguments, "--json"))["components"]
    return found


def _table(kind: str, width: int | None) -> str:
    record = get_kind(kind)
    return "\n".join(listing._table(record, REGISTRY.components(record), width))


def test_without_an_argument_the_kinds_and_packages_are_counted() -> None:
    title, *lines = run().splitlines()
    components = read()
    packages = {facts["distribution"] for facts in components}
    assert title == f"{len(components)} components of {len(packages)} packages"
    for kind, line in zip(KINDS.values(), lines, strict=False):
        of_kind = Counter(f["distribution"] for f in components if f["kind"] == kind.name)
        plural, total, counts = line.split(maxsplit=2)
        assert (plural, int(total)) == (kind.plural, of_kind.total())
        assert counts.split(", ") == [f"{name} {count}" for name, count in of_kind.most_common()]
    assert any(line.split()[:3] == ["kplug", "list", "--all"] for line in lines)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_counts_fit_a_screen(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(listing, "find_width", lambda: width)
    lines = run().splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= width
    assert any(" more" in line for line in lines) or width == 120


def test_every_kind_has_its_table() -> None:
    lines = run("--all").splitlines()
    for kind in KINDS.values():
        count = sum(facts["kind"] == kind.name for facts in read())
        assert count > 0
        assert f"{kind.plural} ({count})" in [line.strip() for line in lines]


@pytest.mark.parametrize("kind", ["losses", "loss"])
def test_one_kind_alone(kind: str) -> None:
    assert {facts["kind"] for facts in read(kind)} == {"loss"}
    output = run(kind)
    assert "regularizers (" not in output
    under_its_package = output.partition("kplug-segmentation ")[2]
    assert "dice_loss" in under_its_package.split()


def test_json_says_who_offers_what() -> None:
    found = {(facts["kind"], facts["qualified_name"]): facts for facts in read()}
    assert found["regularizer", "kplug-penalties/l1_reg"]["target"] == "kplug_penalties:l1_reg"
    adam = found["optimizer", "kplug/adam"]
    assert set(adam) == {
        *("kind", "name", "aliases", "qualified_name", "distribution", "version", "target"),
        *("summary", "lifecycle", "successor", "is_qualified_only"),
    }
    assert found["loss", "kplug/mean_squared_error"]["aliases"] == ["mse"]


@pytest.mark.parametrize("plugin", ["kplug-penalties", "kplug-segmentation"])
def test_what_entry_points_declare_has_a_summary(plugin: str) -> None:
    rows = [facts for facts in read() if facts["distribution"] == plugin]
    assert len(rows) == _declared(plugin).total()
    assert all(facts["summary"].endswith(".") for facts in rows)
    table = " ".join(run("--all").split())
    assert all(f" {facts['name']} {facts['summary']}" in table for facts in rows)


def _declared(distribution: str) -> Counter[str]:
    """Return how many objects a plugin's entry points name, by the plural of their kind."""
    points = importlib.metadata.distribution(distribution).entry_points
    targets = {(point.group.removeprefix("kplug."), point.value) for point in points}
    return Counter(plural for plural, _ in targets)


@pytest.mark.parametrize("spelling", ["kplug-segmentation", "Kplug_Segmentation"])
def test_a_package_alone(spelling: str) -> None:
    declared = _declared("kplug-segmentation")
    found = read(spelling)
    assert {facts["distribution"] for facts in found} == {"kplug-segmentation"}
    assert Counter(get_kind(facts["kind"]).plural for facts in found) == declared
    output = run(spelling)
    titles = [line for line in output.splitlines() if line.endswith(")") and line[:1].strip()]
    assert sorted(titles) == sorted(f"{plural} ({count})" for plural, count in declared.items())
    assert "dice_loss" in output.split()
    assert run(spelling, "--count").count("\n") == 1


def test_the_commands_of_a_package_belong_to_it() -> None:
    assert {"command"} == {facts["kind"] for facts in read("kplug-registry")}
    assert "install" in run("kplug-registry").split()


def test_a_package_may_offer_no_component() -> None:
    said = "kplug-sklearn offers no components; `kplug show kplug-sklearn` says more.\n"
    assert run("kplug-sklearn") == said


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        ("typer", "'typer' is installed, and offers no components"),
        ("kplug-segmentatoin", "'kplug-segmentatoin' is neither a kind nor a package"),
    ],
)
def test_what_is_neither_a_kind_nor_a_package(subject: str, message: str) -> None:
    error = CliRunner().invoke(app, ["list", subject]).exception
    assert isinstance(error, UnknownKindError)
    assert error.message.startswith(message)
    if subject != "typer":
        assert error.hint is not None
        assert error.hint.startswith("Did you mean 'kplug-segmentation'? Kinds: initializer, ")


def test_packages_are_counted() -> None:
    counts = dict(line.split(": ") for line in run("--count").splitlines())
    for plugin in ("kplug-penalties", "kplug-segmentation"):
        declared = _declared(plugin)
        plurals = [kind.plural for kind in KINDS.values() if kind.plural in declared]
        listed = ", ".join(f"{declared[plural]} {plural}" for plural in plurals)
        assert counts[f"{plugin} {importlib.metadata.version(plugin)}"] == listed
    assert f"{len(COMPONENTS)} losses" in counts[f"kplug {kplug.__version__}"].split(", ")
    assert [origin.partition(" ")[0] for origin in counts].count("torch") == 1


def test_one_kind_is_counted_for_programs() -> None:
    counts = json.loads(run("regularizers", "--count", "--json"))["counts"]
    penalties = counts[f"kplug-penalties {importlib.metadata.version('kplug-penalties')}"]
    assert penalties == {"regularizers": _declared("kplug-penalties")["regularizers"]}


def test_a_component_is_one_plain_line_where_the_output_is_no_terminal() -> None:
    output = run("regularizers")
    assert "\x1b" not in output
    lines = output.splitlines()
    assert lines[0].startswith("regularizers (")
    assert lines[1:3] == ["", f" kplug {kplug.__version__}"]
    assert (
        "   orthogonal_regularizer   Mean absolute cosine between the rows, or the columns, of a matrix, "
        "times factor." in lines
    )


def test_a_terminal_gets_lines_of_its_width() -> None:
    lines = _table("regularizer", 70).splitlines()
    at = lines.index("   orthogonal_regularizer   Mean absolute cosine between the rows, or")
    assert lines[at + 1] == f"{'':28}the columns, of a matrix, times factor."


@pytest.mark.parametrize("width", [24, 40])
def test_a_narrow_terminal_gets_summaries_below_the_names(width: int) -> None:
    lines = Text.from_ansi(_table("regularizer", width)).plain.splitlines()
    at = lines.index("   orthogonal_regularizer")
    assert lines[at + 1].startswith("     Mean absolute")
    assert all(
        len(line) <= width or len(line.split()) == 1 for line in lines[2:] if line.startswith("   ")
    )


def test_a_summary_cannot_control_a_terminal() -> None:
    risky = Component("risky", len, summary="red \x1b[31m\n line")
    with kplug.scope(losses={"risky": risky}):
        (line,) = [line for line in _table("loss", None).splitlines() if "risky" in line]
    assert "red ?[31m line" in line


def test_lifecycles_are_shown() -> None:
    old = Component(
        "old", abs, role="function", summary="An old one.", lifecycle="deprecated", successor="relu"
    )
    with kplug.scope(activations={"old": old}):
        (facts,) = [one for one in read("activations") if one["name"] == "old"]
        assert (facts["lifecycle"], facts["successor"]) == ("deprecated", "relu")
        assert "An old one. (deprecated; use 'relu')" in run("activations")
    name = "kplug-segmentation/dice_loss"
    (facts,) = [one for one in read("losses") if one["qualified_name"] == name]
    assert (facts["lifecycle"], facts["successor"]) == ("experimental", None)  # its classifier
    assert f"kplug-segmentation {kplug.__version__} (experimental)\n" in run("losses")
