"""The resolver, beside pip's own on the same wheels, and what it protects."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from kplug_registry.client.configured_registries import open_registries
from kplug_registry.client.installation_plan import plan_installation
from kplug_registry.client.outdated import list_outdated, plan_upgrade
from kplug_registry.client.registries import Registries
from kplug_registry.client.resolver import resolve_requirements
from kplug_registry.errors import InstallationError
from kplug_registry.site_format import DistributionFile, Release, WheelFile
from packaging.requirements import Requirement
from typer.testing import CliRunner

from kplug.cli.app import app
from tests.plugins.signed_sites import SignedFolder, configure, make_signed_folder, offer

NAMES = ("kplug-ash", "kplug-birch", "kplug-cedar", "kplug-elm")
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
VERSIONS = ("1.0", "1.1", "2.0")
Catalogue = Mapping[str, Mapping[str, tuple[str, ...]]]  # name → version → requirements


class Shelf:
    """One registry in memory, as the resolver asks it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def find_owner(self, name: str) -> object:
        if name not in self.catalogue:
            return None
        releases = tuple(
            _make_release(name, version, requires)
            for version, requires in self.catalogue[name].items()
        )
        file = DistributionFile(name=name, releases=releases)
        return type("Owned", (), {"file": file, "registry": type("R", (), {"name": "shelf"})})()


def _make_release(name: str, version: str, requires: Sequence[str]) -> Release:
    wheel = WheelFile(f"{name.replace('-', '_')}-{version}-py3-none-any.whl", "0" * 64, 0)
    return Release(version, "", "", tuple(requires), "", (wheel,))


def shelve(catalogue: Catalogue) -> Registries:
    return cast("Registries", Shelf(catalogue))


def resolve(catalogue: Catalogue, wanted: Sequence[str]) -> dict[str, str] | None:
    """Return the versions by name, or None where there is no choice of them."""
    try:
        found = resolve_requirements(shelve(catalogue), [Requirement(each) for each in wanted])
    except InstallationError:
        return None
    return {name: release.version for name, release in found.releases.items()}


@st.composite
def catalogues(draw: st.DrawFn, *, is_cyclic: bool = False) -> Catalogue:
    """Four distributions of up to three versions, which require ranges of one another, some by an extra."""
    specifier = st.sampled_from(["", ">=1.1", "<2.0", "==1.0", "==2.0", "!=1.1", "~=1.0"])
    extra = st.sampled_from(["", "", "[fast]"])
    marker = st.sampled_from(["", "", "; extra == 'fast'"])
    return {
        name: {
            version: tuple(
                f"{other}{draw(extra)}{draw(specifier)}{draw(marker)}"
                for other in draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
                if other > name or (is_cyclic and other < name)
            )
            for version in draw(st.lists(st.sampled_from(VERSIONS), min_size=1, unique=True))
        }
        for name in NAMES
    }


def list_solutions(catalogue: Catalogue, wanted: Sequence[str]) -> list[dict[str, str]]:
    """Return every choice of one version or none for each distribution that satisfies all requirements."""
    choices = [[None, *catalogue[name]] for name in NAMES]
    chosen = [
        {name: version for name, version in zip(NAMES, versions, strict=True) if version}
        for versions in itertools.product(*choices)
    ]
    return [each for each in chosen if find_needed(catalogue, wanted, each) == set(each)]


def find_needed(
    catalogue: Catalogue, wanted: Sequence[str], chosen: Mapping[str, str]
) -> set[str] | None:
    """Return the distributions that are reached from those wanted; None if a requirement is not satisfied."""
    waiting, extras = [Requirement(each) for each in wanted], dict[str, set[str]]()
    while waiting:
        each = waiting.pop()
        if each.name not in chosen or not each.specifier.contains(chosen[each.name]):
            return None
        is_known = each.name in extras and extras[each.name] >= each.extras
        extras.setdefault(each.name, set()).update(each.extras)
        if not is_known:
            contexts = [{"extra": one} for one in ("", *extras[each.name])]
            for text in catalogue[each.name][chosen[each.name]]:
                further = Requirement(text)
                marker = further.marker
                if marker is None or any(map(marker.evaluate, contexts)):
                    waiting.append(further)
    return set(extras)


WANTED = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)


@settings(max_examples=150, deadline=None)
@given(catalogue=catalogues(), wanted=WANTED)
def test_a_choice_is_found_where_there_is_one(catalogue: Catalogue, wanted: list[str]) -> None:
    solutions = list_solutions(catalogue, wanted)
    found = resolve(catalogue, wanted)
    assert found in solutions if solutions else found is None


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(catalogue=catalogues(is_cyclic=True), wanted=WANTED)
def test_cyclic_requirements_never_give_versions_that_exclude_each_other(
    catalogue: Catalogue, wanted: list[str]
) -> None:
    found = resolve(catalogue, wanted)
    assert found is None or found in list_solutions(catalogue, wanted)


@pytest.mark.slow
@settings(deadline=None)
@given(catalogue=catalogues(is_cyclic=True), wanted=WANTED)
def test_the_order_of_requirements_changes_nothing(catalogue: Catalogue, wanted: list[str]) -> None:
    turned = {
        name: {version: requires[::-1] for version, requires in reversed(list(versions.items()))}
        for name, versions in catalogue.items()
    }
    assert resolve(turned, wanted[::-1]) == resolve(catalogue, wanted)


def ask_pip(folder: Path, catalogue: Catalogue, wanted: Sequence[str]) -> dict[str, str] | None:
    """Return what pip would install of wheels in a folder, or None where it finds no choice."""
    for name, versions in catalogue.items():
        for version, requires in versions.items():
            _write_wheel(folder, name, version, requires)
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    command += ["--no-index", "--find-links", str(folder), "--report", "-", *wanted]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        assert "ResolutionImpossible" in result.stderr or "No matching" in result.stderr
        return None
    rows = [each["metadata"] for each in json.loads(result.stdout)["install"]]
    return {row["name"]: row["version"] for row in rows}


def _write_wheel(folder: Path, name: str, version: str, requires: Sequence[str]) -> None:
    stem = f"{name.replace('-', '_')}-{version}"
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: fast"]
    lines += [f"Requires-Dist: {each}" for each in requires]
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", "\n".join(lines) + "\n")
        archive.writestr(
            f"{stem}.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{stem}.dist-info/RECORD", "")


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(catalogue=catalogues())
def test_it_finds_what_pip_finds(
    tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue
) -> None:
    """Where several choices exist, each prefers new versions in an order of its own."""
    wanted = [NAMES[0]]
    solutions = list_solutions(catalogue, wanted)
    theirs = ask_pip(tmp_path_factory.mktemp("wheels"), catalogue, wanted)
    ours = resolve(catalogue, wanted)
    assert (ours is None) == (theirs is None)
    if len(solutions) == 1:
        assert ours == theirs


def test_a_cycle_that_is_left_over_is_not_installed() -> None:
    catalogue: Catalogue = {
        "kplug-ash": {"1.1": ("kplug-cedar~=1.0", "kplug-birch~=1.0")},
        "kplug-birch": {"1.0": ("kplug-ash>=1.1",), "1.1": ("kplug-cedar[fast]==1.0",)},
        "kplug-cedar": {
            "1.0": ("kplug-birch[fast]!=1.1",),
            "1.1": ("kplug-elm[fast]==1.0",),
        },
        "kplug-elm": {"1.0": ("kplug-birch<2.0", "kplug-cedar>=1.1; extra == 'fast'"), "1.1": ()},
    }
    assert resolve(catalogue, ["kplug-birch"]) in list_solutions(catalogue, ["kplug-birch"])


def test_the_newest_versions_that_fit_together_are_found_by_going_back() -> None:
    catalogue: Catalogue = {
        "kplug-ash": {"2.0": ("kplug-birch<2",), "1.0": ("kplug-birch",)},
        "kplug-birch": {"2.0": (), "1.0": ()},
        "kplug-cedar": {"1.0": ("kplug-birch>=2",)},
    }
    assert resolve(catalogue, ["kplug-ash"]) == {"kplug-ash": "2.0", "kplug-birch": "1.0"}
    assert resolve(catalogue, ["kplug-ash", "kplug-cedar"]) == {
        "kplug-ash": "1.0",
        "kplug-birch": "2.0",
        "kplug-cedar": "1.0",
    }


def test_versions_that_cannot_stand_together_are_named() -> None:
    catalogue: Catalogue = {
        "kplug-ash": {"1.0": ("kplug-birch<2",)},
        "kplug-birch": {"2.0": (), "1.0": ()},
        "kplug-cedar": {"1.0": ("kplug-birch>=2",)},
    }
    with pytest.raises(InstallationError) as caught:
        resolve_requirements(
            shelve(catalogue), [Requirement("kplug-ash"), Requirement("kplug-cedar")]
        )
    assert str(caught.value) == (
        "no versions fit together here: kplug-ash 1.0 requires kplug-birch<2; "
        "kplug-cedar 1.0 requires kplug-birch>=2\n  The registry 'shelf' has kplug-birch 2.0, 1.0."
    )


def test_who_wants_an_extra_is_named() -> None:
    catalogue: Catalogue = {
        "kplug-ash": {"2.0": ("kplug-birch[bark]>=2",)},
        "kplug-birch": {"2.1": (), "2.0": (), "1.0": ()},
    }
    with pytest.raises(InstallationError) as caught:
        resolve_requirements(
            shelve(catalogue), [Requirement("kplug-birch==1.0"), Requirement("kplug-ash")]
        )
    assert caught.value.message == (
        "no versions fit together here: kplug-birch==1.0 is wanted; "
        "kplug-ash 2.0 requires kplug-birch[bark]>=2"
    )
    with pytest.raises(InstallationError) as caught:
        resolve_requirements(
            shelve(catalogue), [Requirement("kplug-birch==1.0"), Requirement("kplug-birch[bark]>1")]
        )
    assert caught.value.message == (
        "no versions fit together here: kplug-birch==1.0 is wanted; kplug-birch[bark]>1 is wanted"
    )


@pytest.fixture
def grove(tmp_path: Path, machine: Path) -> SignedFolder:
    made = make_signed_folder(tmp_path, "grove")
    offer(made, "kplug-birch", "1.0", ("loss", "birch_loss"))
    offer(made, "kplug-birch", "2.0", ("loss", "birch_loss"))
    offer(made, "kplug-ash", "1.0", ("loss", "ash_loss"), requires=("kplug-birch[bark]<2",))
    configure(machine, made)
    return made


def test_several_names_are_several_requirements(grove: SignedFolder) -> None:
    found = plan_installation(open_registries(), ["birch_loss", "kplug-ash/ash_loss"])
    assert [(each.distribution, each.release.version) for each in found] == [
        ("kplug-birch", "1.0"),
        ("kplug-ash", "1.0"),
    ]
    result = CliRunner().invoke(
        app, ["install", "birch_loss", "kplug-ash", "--dry-run", "--json", "--", "--no-deps"]
    )
    command = json.loads(result.output)["command"]
    assert [each.partition(" @ ")[0] for each in command if " @ " in each] == [
        "kplug-birch[bark]",
        "kplug-ash",
    ]
    assert "--no-deps" in command


def test_a_second_name_that_no_registry_has_is_refused(grove: SignedFolder) -> None:
    with pytest.raises(
        InstallationError, match="no registry has a component or a distribution 'numpy'"
    ):
        plan_installation(open_registries(), ["kplug-ash", "numpy"])


def test_options_without_a_name_are_refused(grove: SignedFolder) -> None:
    result = CliRunner().invoke(app, ["install", "--", "--no-deps"])
    assert result.exit_code == 2


def test_extras_reach_the_installer(grove: SignedFolder) -> None:
    (ash, birch) = plan_installation(open_registries(), ["kplug-ash"])
    assert birch.requirement.startswith("kplug-birch[bark] @ ")
    assert ash.requirement.startswith("kplug-ash @ ")


def install(folder: Path, name: str, version: str, *requires: str, group: str = "kplug") -> None:
    """Put the metadata of a distribution where Python finds it."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    lines += [f"Requires-Dist: {each}" for each in requires]
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    (info / "entry_points.txt").write_text(f"[{group}]\nplugin = nothing_{version[0]}\n")


def test_what_would_break_something_installed_is_not_recommended(
    grove: SignedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    install(site, "kplug-birch", "1.0")
    install(site, "other-library", "1.0", "kplug-birch<2", group="other")
    monkeypatch.syspath_prepend(str(site))
    assert [*list_outdated(open_registries())] == []
    (site / "other_library-1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: other-library\nVersion: 1.0\n"
    )
    assert [(each.distribution, each.newest) for each in list_outdated(open_registries())] == [
        ("kplug-birch", "2.0")
    ]


def test_plugins_that_must_move_together_are_recommended_together(
    grove: SignedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(grove, "kplug-ash", "2.0", ("loss", "ash_loss"), requires=("kplug-birch>=2",))
    site = tmp_path / "site"
    install(site, "kplug-birch", "1.0")
    install(site, "kplug-ash", "1.0", "kplug-birch<2")
    monkeypatch.syspath_prepend(str(site))
    assert [(each.distribution, each.newest) for each in list_outdated(open_registries())] == [
        ("kplug-ash", "2.0"),
        ("kplug-birch", "2.0"),
    ]


def test_what_needs_a_newer_library_than_the_installed_one_is_not_recommended(
    grove: SignedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(grove, "kplug-birch", "3.0", ("loss", "birch_loss"), requires=("other-library>=2",))
    site = tmp_path / "site"
    install(site, "kplug-birch", "1.0")
    install(site, "other-library", "1.0", group="other")
    monkeypatch.syspath_prepend(str(site))
    (found,) = list_outdated(open_registries())
    assert found.newest == "2.0"


def test_an_upgrade_takes_the_versions_that_break_nothing_of_what_it_requires(
    grove: SignedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(grove, "kplug-cedar", "1.0", ("loss", "cedar_loss"))
    offer(grove, "kplug-cedar", "2.0", ("loss", "cedar_loss"), requires=("other-library>=2",))
    offer(grove, "kplug-ash", "2.0", ("loss", "ash_loss"), requires=("kplug-cedar",))
    site = tmp_path / "site"
    install(site, "kplug-ash", "1.0")
    install(site, "other-library", "1.0", group="other")
    monkeypatch.syspath_prepend(str(site))
    planned = plan_upgrade(open_registries(), ["kplug-ash"])
    assert {each.distribution: each.release.version for each in planned} == {
        "kplug-ash": "2.0",
        "kplug-cedar": "1.0",
    }
