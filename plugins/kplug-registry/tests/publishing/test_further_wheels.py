"""Further wheels of a version: other platforms, same components, no replacement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.building import build_site
from kplug_registry.errors import ExistingReleaseError, PublishingError
from kplug_registry.publishing import publish, verify
from kplug_registry.site_format import ContractResults, DrawnComponent, Picture
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

NOW, LATER = "2026-01-31T12:00:00Z", "2026-02-28T12:00:00Z"
ANY = "kplug_waves-1.0-py3-none-any.whl"
LINUX = "kplug_waves-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
MakeWheel = Callable[..., Path]


def add(site: Path, wheel: Path, published: str = NOW) -> None:
    publish([read_wheel(wheel)], Folder(site), published)


def read(site: Path, path: str) -> Any:
    return json.loads((site / path).read_text())


def read_files(site: Path) -> dict[str, bytes]:
    found = (path for path in site.rglob("*") if path.is_file() and ".kplug" not in path.parts)
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in found}


def test_a_further_wheel_is_in_every_file_that_names_wheels(
    site: Path, make_wheel: MakeWheel
) -> None:
    add(site, make_wheel(filename=LINUX), LATER)
    (release,) = read(site, "distributions/kplug-waves.json")["releases"]
    assert release["published"] == NOW
    assert [(each["filename"], each["published"]) for each in release["wheels"]] == [
        (LINUX, LATER),
        (ANY, NOW),
    ]
    (offer,) = read(site, "components/loss/waveloss.json")["offers"]
    assert offer["wheels"] == release["wheels"]
    page = read(site, "simple/kplug-waves/index.json")
    assert page["versions"] == ["1.0"]
    assert [each["filename"] for each in page["files"]] == [LINUX, ANY]
    assert [each["upload-time"] for each in page["files"]] == [LATER, NOW]
    for text in ("simple/kplug-waves/index.html", "catalogue/distributions/kplug-waves/1.0.html"):
        assert LINUX in (site / text).read_text()
    assert len(read(site, "registry.json")["recent"]) == 1
    assert verify(Folder(site)) == []


@pytest.mark.parametrize("order", [(ANY, LINUX), (LINUX, ANY)])
def test_the_order_of_wheels_makes_no_difference(
    site: Path, make_wheel: MakeWheel, tmp_path: Path, order: tuple[str, str]
) -> None:
    add(site, make_wheel(filename=LINUX))
    build_site([read_wheel(make_wheel(filename=one)) for one in order], tmp_path / "other", NOW)
    assert read_files(site) == read_files(tmp_path / "other")


def test_a_lost_wheel_is_found(site: Path, make_wheel: MakeWheel) -> None:
    add(site, make_wheel(filename=LINUX))
    (site / "files" / LINUX).unlink()
    assert verify(Folder(site)) == [f"files/{LINUX} of kplug-waves 1.0 is not there"]


def test_a_wheel_is_never_replaced(site: Path, make_wheel: MakeWheel) -> None:
    before = read_files(site)
    with pytest.raises(ExistingReleaseError) as caught:
        add(site, make_wheel(code={"kplug_waves/__init__.py": "def wave_loss(): 'New.'"}))
    assert str(caught.value) == (
        f"{ANY} is published already, and a wheel is never replaced\n"
        "  Give it a new version. `kplug yank` withdraws one."
    )
    assert read_files(site) == before


LOSSES = "[kplug.losses]\nwave_loss = kplug_waves:wave_loss\n"
TWO = {"kplug_waves/__init__.py": "def wave_loss(y_true, y_pred): ...\ndef ebb(): ...\n"}


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        (
            {"entry_points": "[kplug.losses]\nebb = kplug_waves:ebb\n", "code": TWO},
            "the loss 'wave_loss' is missing; the loss 'ebb' is new",
        ),
        (
            {"code": TWO},
            "the loss 'wave_loss' has the signature '(y_true, y_pred)', "
            "not '(y_true, y_pred, height=1.0)'",
        ),
        ({"requires": "kplug>=9"}, "it has the requires ('kplug>=9',), not ('kplug',)"),
        (
            {"metadata": "Requires-Python: >=3.11\n"},
            "it has the requires_python '>=3.11', not ''",
        ),
    ],
    ids=["name", "signature", "requirement", "python"],
)
def test_a_wheel_that_offers_something_else_is_refused_with_the_difference(
    site: Path, make_wheel: MakeWheel, changed: dict[str, object], difference: str
) -> None:
    before = read_files(site)
    with pytest.raises(PublishingError) as caught:
        add(site, make_wheel(filename=LINUX, **changed))
    message = str(caught.value)
    assert message.startswith(f"{LINUX} is not what kplug-waves 1.0 is in {ANY}: ")
    assert difference in message
    assert "All wheels of a version offer the same" in message
    assert read_files(site) == before


def test_pictures_and_results_may_come_with_a_further_wheel_and_are_never_replaced(
    site: Path, make_wheel: MakeWheel
) -> None:
    results = ContractResults("0.1.0", "2.13.0", NOW, ())
    digest = hashlib.sha256(b"<svg/>").hexdigest()
    drawn = (DrawnComponent("loss", "wave_loss", Picture(digest, "a wave")),)
    wheel = replace(read_wheel(make_wheel(filename=LINUX)), drawn=drawn, results=results)
    publish([replace(wheel, pictures={digest: b"<svg/>"})], Folder(site), LATER)
    release = read(site, "releases/kplug-waves/1.0.json")
    assert release["drawn"][0]["picture"] == {"sha256": digest, "text": "a wave"}
    assert release["results"]["kplug"] == "0.1.0"
    assert verify(Folder(site)) == []
    before, other = read_files(site), "kplug_waves-1.0-cp312-cp312-win_amd64.whl"
    again = replace(read_wheel(make_wheel(filename=other)), results=replace(results, kplug="0.2"))
    with pytest.raises(
        PublishingError, match=r"kplug-waves 1\.0 has results of the contract suite, wh"
    ):
        publish([again], Folder(site), LATER)
    assert read_files(site) == before


def test_a_picture_of_nothing_is_found(site: Path) -> None:
    (site / "pictures").mkdir()
    (site / "pictures/wave.svg").write_text("<svg/>")
    assert verify(Folder(site)) == ["pictures/wave.svg belongs to nothing in the site"]
