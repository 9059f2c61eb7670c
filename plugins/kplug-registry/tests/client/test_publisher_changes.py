"""Who published a version is shown, and a change of it announced, before anything is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kplug_registry.client.publisher_changes import list_publisher_changes
from kplug_registry.publishing import add_owner, publish
from kplug_registry.site_format import (
    Claim,
    DistributionFile,
    OwnerChange,
    Provenance,
    Release,
    Workflow,
)
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel
from typer.testing import CliRunner

from kplug.cli.app import app

CI = Workflow("https://gitlab.com", (Claim("project_path", "acme/waves"),))
OTHER = Workflow("https://gitlab.com", (Claim("project_path", "eve/waves"),))
OLD = Release("1.0", "2026-01-01T00:00:00Z", "", (), "", (), publisher="anna")
NEW = replace(OLD, version="2.0", published="2026-03-01T00:00:00Z")
CHANGES = (
    OwnerChange("anna", True, "anna", "2026-01-01T00:00:00Z"),
    OwnerChange("bert", True, "anna", "2026-02-01T00:00:00Z"),
    OwnerChange("workflow:ci", False, "bert", "2026-02-03T00:00:00Z"),
)


def compare(new: Release, old: Release = OLD, *changes: OwnerChange) -> list[str]:
    file = DistributionFile("kplug-waves", (new, old), ("anna",), changes)
    return list(list_publisher_changes(file, new, "1.0"))


def test_the_same_publisher_is_no_news() -> None:
    assert compare(NEW, OLD, CHANGES[0]) == []
    assert compare(replace(NEW, workflow=CI), replace(OLD, workflow=CI)) == []


def test_a_change_of_the_publisher_is_told() -> None:
    assert compare(replace(NEW, publisher="eve")) == [
        "the publisher changes: eve; the installed 1.0 is of anna"
    ]
    assert compare(replace(NEW, workflow=OTHER), replace(OLD, workflow=CI)) == [
        "the publisher changes: anna, by the workflow project_path eve/waves (https://gitlab.com); "
        "the installed 1.0 is of anna, by the workflow project_path acme/waves (https://gitlab.com)"
    ]
    assert len(compare(NEW, replace(OLD, workflow=CI))) == 1


def test_changes_of_owners_since_then_are_told() -> None:
    assert compare(NEW, OLD, *CHANGES) == [
        "who may publish has changed: the owner bert was added by anna on 2026-02-01",
        "who may publish has changed: the trusted publisher ci was removed by bert on 2026-02-03",
    ]


def test_a_version_that_is_attested_no_longer_is_told() -> None:
    attested = replace(OLD, provenances=(Provenance("x.whl", "0", (), CI, True),))
    assert compare(NEW, attested) == [
        "the installed 1.0 has attestations, and this version has none"
    ]


def test_an_installed_version_that_nobody_knows_is_told() -> None:
    file = DistributionFile("kplug-waves", (NEW,), ("anna",))
    assert list(list_publisher_changes(file, NEW, "0.9")) == [
        "the registry does not have the installed 0.9, so who published that is unknown"
    ]


@pytest.fixture
def installed_site(
    site: Path, machine: Path, make_wheel: Callable[..., Path], install: Callable[[Path], Path]
) -> Path:
    """Return a configured site with version 1.0 of the operator, installed here, and 2.0 of Bert's CI."""
    install(make_wheel())
    add_owner(Folder(site), "kplug-waves", "bert", "2026-02-01T00:00:00Z")
    wheel = read_wheel(make_wheel(version="2.0"))
    publish([wheel], Folder(site), "2026-02-02T00:00:00Z", publisher="bert", workflow=CI)
    setting = f'[tool.kplug.registries.laptop]\npath = "{site}"\ntrust = "unsigned"\n'
    (machine / "pyproject.toml").write_text(setting)
    return site


def test_show_says_who_published_what_is_installed(installed_site: Path) -> None:
    words = ["show", "kplug-waves"]
    assert "published by" not in CliRunner().invoke(app, words).stdout  # nothing was read yet
    CliRunner().invoke(app, ["install", "kplug-waves", "--dry-run"])
    line = "published by operator, says the registry laptop"
    assert f"  provenance {line}\n" in CliRunner().invoke(app, words).stdout
    shown = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert line in json.dumps(shown)
    (installed_site / "distributions/kplug-waves.json").unlink()  # no request is made
    assert line in CliRunner().invoke(app, words).stdout


@pytest.mark.usefixtures("installed_site")
def test_install_announces_the_change_before_it_asks() -> None:
    words = ["install", "kplug-waves", "--dry-run"]
    shown = CliRunner().invoke(app, words).stdout.splitlines()
    by = "bert, by the workflow project_path acme/waves (https://gitlab.com)"
    assert f"  published by {by}" in shown
    assert f"  the publisher changes: {by}; the installed 1.0 is of operator" in shown
    owner = "  who may publish has changed: the owner bert was added by operator on 2026-02-01"
    assert owner in shown
    (row,) = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)["install"]
    assert (row["publisher"], len(row["publisher_changes"])) == ("bert", 2)
    assert row["workflow"]["claims"] == [{"name": "project_path", "value": "acme/waves"}]
    assert f"  the publisher changes: {by};" in CliRunner().invoke(app, ["outdated"]).stdout
    asked = CliRunner().invoke(app, words[:2], input="n\n")
    assert asked.stdout.index("the publisher changes") < asked.stdout.index("Install this?")
