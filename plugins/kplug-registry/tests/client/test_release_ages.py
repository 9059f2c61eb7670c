"""Releases that are too young are not chosen, and commands say so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from kplug_registry.client.configured_registries import open_registries
from kplug_registry.client.installation_plan import plan_installation
from kplug_registry.client.published_versions import list_versions
from kplug_registry.errors import InstallationError
from typer.testing import CliRunner

from kplug.cli.app import app
from tests.plugins.signed_sites import SignedFolder, configure, make_signed_folder, offer


def write_time(days: float) -> str:
    moment = datetime.now(timezone.utc) - timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


OLD, YOUNG = write_time(30), write_time(2.5)


@pytest.fixture
def site(machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SignedFolder:
    made = make_signed_folder(tmp_path)
    offer(made, "kplug-pond", "1.0", ("loss", "pond_loss"), published=OLD)
    offer(made, "kplug-pond", "1.1", ("loss", "pond_loss"), published=YOUNG)
    configure(machine, made)
    monkeypatch.setenv("KPLUG_MIN_AGE", "7 days")
    return made


SENTENCE = (
    "kplug-pond 1.1 is not chosen: KPLUG_MIN_AGE is 7 days, and it was published 2 days ago, "
    f"at {YOUNG}"
)


def test_the_newest_that_is_old_enough_is_chosen(
    site: SignedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (chosen,) = plan_installation(open_registries(), ["kplug-pond"])
    assert (chosen.release.version, chosen.passed_over) == ("1.0", (SENTENCE,))
    shown = CliRunner().invoke(app, ["install", "pond_loss", "--dry-run"]).stdout
    assert f"\n  {SENTENCE}\n" in shown
    monkeypatch.setenv("KPLUG_MIN_AGE", "48 hours")
    (chosen,) = plan_installation(open_registries(), ["kplug-pond"])
    assert (chosen.release.version, chosen.passed_over) == ("1.1", ())


@pytest.mark.parametrize("wanted", ["kplug-pond==1.1", "kplug-pond>=1.1"])
def test_a_version_that_is_asked_for_has_to_be_old_enough_too(
    site: SignedFolder, wanted: str
) -> None:
    with pytest.raises(InstallationError, match="no versions fit together here") as caught:
        plan_installation(open_registries(), [wanted])
    assert SENTENCE in str(caught.value)


def test_what_requires_a_young_release_is_not_chosen(site: SignedFolder) -> None:
    need = ("kplug-pond>=1.1",)
    offer(site, "kplug-lake", "1.0", ("loss", "lake_loss"), published=OLD)
    offer(site, "kplug-lake", "2.0", ("loss", "lake_loss"), requires=need, published=OLD)
    plan = plan_installation(open_registries(), ["kplug-lake"])
    assert [each.release.version for each in plan] == ["1.0"]


def test_a_time_that_is_missing_or_in_the_future_is_too_young(site: SignedFolder) -> None:
    offer(site, "kplug-pond", "1.2", ("loss", "pond_loss"))
    offer(site, "kplug-pond", "1.3", ("loss", "pond_loss"), published=write_time(-1))
    (chosen,) = plan_installation(open_registries(), ["kplug-pond"])
    future, unknown, young = chosen.passed_over
    assert "it was published in the future by the clock here" in future
    assert "nothing says when it was published" in unknown
    assert (young, chosen.release.version) == (SENTENCE, "1.0")


def test_outdated_says_what_it_passes_over(
    site: SignedFolder, install: Callable[[Path], Path], make_wheel: Callable[..., Path]
) -> None:
    install(make_wheel("kplug-pond", "1.0"))
    result = CliRunner().invoke(app, ["outdated"])
    assert result.stdout == f"kplug-pond 1.0: no version yet in the registry site\n  {SENTENCE}\n"
    assert result.exit_code == 1
    assert CliRunner().invoke(app, ["install", "--upgrade"]).stdout == "Everything is up to date.\n"


def test_versions_say_when_they_were_published(site: SignedFolder) -> None:
    found = {
        each.version: each.published for each in list_versions(open_registries(), "kplug-pond")
    }
    assert found == {"1.0": OLD, "1.1": YOUNG}
