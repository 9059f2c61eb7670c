"""Lifecycles in the files and pages of a site."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import build_site
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import publish, verify
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

MakeWheel = Callable[..., Path]
NOW = "2026-01-31T12:00:00Z"
STAGES = {"archived": "Inactive", "experimental": "Alpha", "stable": "Mature"}
NUMBERS = {"archived": 7, "experimental": 3, "stable": 6}


def make_one(make_wheel: MakeWheel, stage: str, **facts: str) -> Path:
    package = f"kplug_{stage}"
    return make_wheel(
        f"kplug-{stage}",
        code={f"{package}/__init__.py": f"def {stage}_wave(): 'Wave.'\n"},
        entry_points=f"[kplug.losses]\n{stage}_wave = {package}:{stage}_wave\n",
        metadata=f"Classifier: Development Status :: {NUMBERS[stage]} - {STAGES[stage]}\n",
        **facts,
    )


@pytest.fixture
def site(make_wheel: MakeWheel, tmp_path: Path) -> Path:
    old = make_wheel(
        entry_points="[kplug.losses]\nwave_loss = kplug_waves:wave_loss\n"
        "[kplug.lifecycle]\nloss.wave_loss = deprecated:kplug_stable.stable_wave\n"
    )
    wheels = [old, *(make_one(make_wheel, stage) for stage in STAGES)]
    build_site(map(read_wheel, wheels), tmp_path / "site", NOW)
    return tmp_path / "site"


def test_hits_are_in_the_order_of_their_stages(site: Path) -> None:
    hits = json.loads((site / "search" / "wave.json").read_bytes())["hits"]
    order = ["stable", "experimental", "deprecated", "archived"]
    assert [hit["lifecycle"] for hit in hits] == order
    assert verify(Folder(site)) == []


def test_files_and_pages_have_stage_and_successor(site: Path) -> None:
    (offer,) = json.loads((site / "components/loss/waveloss.json").read_bytes())["offers"]
    (entry,) = json.loads((site / "releases/kplug-waves/1.0.json").read_bytes())["components"]
    for facts in (offer, entry):
        assert facts["lifecycle"] == "deprecated"
        assert facts["successor"] == "kplug-stable/stable_wave"
    (release,) = json.loads((site / "distributions/kplug-archived.json").read_bytes())["releases"]
    assert (release["lifecycle"], release["successor"]) == ("archived", None)
    said = "Lifecycle: deprecated; use <bdi>kplug-stable/stable_wave</bdi>"
    for page in ("components/loss/waveloss.html", "distributions/kplug-waves/index.html"):
        assert said in (site / "catalogue" / page).read_text("utf-8")
    page = (site / "catalogue/distributions/kplug-archived/index.html").read_text("utf-8")
    assert '<p class="warning">Lifecycle: archived</p>' in page


def test_the_wheels_of_a_version_have_one_stage(
    site: Path, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    other = make_wheel(
        "kplug-stable",
        code={"kplug_stable/__init__.py": "def stable_wave(): 'Wave.'\n"},
        entry_points="[kplug.losses]\nstable_wave = kplug_stable:stable_wave\n",
        filename="kplug_stable-1.0-cp311-none-any.whl",
    )
    with pytest.raises(PublishingError, match="has the lifecycle None, not 'stable'"):
        publish([read_wheel(other)], Folder(site), NOW)
