"""Releases are added and withdrawn in all files; none is replaced."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.building import build_site
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import publish, verify, yank
from kplug_registry.site_format import component_path, search_path
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import SigningKeys, generate_keys, read_keys
from kplug_registry.trust.roots import lay_out_root, make_root
from kplug_registry.trust.signing import sign_site, write_file
from kplug_registry.wheels import WheelContents, read_wheel

NOW = "2026-01-31T12:00:00Z"
MakeWheel = Callable[..., Path]


def read_files(site: Path) -> dict[str, bytes]:
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file() and ".kplug" not in path.parts
    }


def read_offers(site: Path, name: str = "wave_loss") -> list[dict[str, Any]]:
    found = json.loads((site / component_path("loss", name)).read_text())
    return list(found["offers"])


def test_a_published_release_is_offered_before_the_older_one(
    site: Path, make_wheel: MakeWheel
) -> None:
    publish(
        [read_wheel(make_wheel(version="1.10")), read_wheel(make_wheel(version="1.9"))],
        Folder(site),
        NOW,
    )
    assert [offer["version"] for offer in read_offers(site)] == ["1.10", "1.9", "1.0"]
    assert verify(Folder(site)) == []


def test_a_new_version_reads_and_writes_no_list_of_all_distributions(
    site: Path, make_wheel: MakeWheel
) -> None:
    (site / "simple/index.json").write_text("not read")
    publish([read_wheel(make_wheel(version="2.0"))], Folder(site), NOW)
    assert (site / "simple/index.json").read_text() == "not read"


def test_a_new_version_reads_and_writes_the_documentation_of_no_other(
    site: Path, make_wheel: MakeWheel
) -> None:
    for version in ("1.1", "2.0"):
        publish([read_wheel(make_wheel(version=version))], Folder(site), NOW)
    for old in ("1.0", "1.1"):  # 2.0 is current, so the search has its words
        (site / f"releases/kplug-waves/{old}.json").write_text("not read")
    written = publish([read_wheel(make_wheel(version="3.0"))], Folder(site), NOW)
    assert [path for path in written if path.startswith("releases/")] == [
        "releases/kplug-waves/3.0.json"
    ]
    speaking = [path for path in written if b"A wave." in (site / path).read_bytes()]
    assert "distributions/kplug-waves.json" not in speaking


def test_the_result_is_that_of_building_the_site_at_once(
    site: Path, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    later = [read_wheel(make_wheel(version="2.0")), read_wheel(make_wheel("kplug-tides"))]
    publish(later, Folder(site), NOW)
    build_site([read_wheel(make_wheel()), *later], tmp_path / "other", NOW)
    assert read_files(site) == read_files(tmp_path / "other")


def test_a_version_is_never_replaced(site: Path, make_wheel: MakeWheel) -> None:
    before = read_files(site)
    other = make_wheel(metadata="Summary: Another one.\n")
    with pytest.raises(
        PublishingError, match=r"kplug_waves-1\.0-py3-none-any\.whl is published already"
    ):
        publish([read_wheel(make_wheel("kplug-tides")), read_wheel(other)], Folder(site), NOW)
    assert read_files(site) == before


def test_a_publish_writes_only_what_speaks_of_the_release(
    site: Path, make_wheel: MakeWheel
) -> None:
    before = read_files(site)
    entry_points = "[kplug.losses]\nebb = kplug_tides:ebb\n"
    code = {"kplug_tides/__init__.py": "def ebb(): 'Fall of water.'\n"}
    wheel = make_wheel("kplug-tides", entry_points=entry_points, code=code)
    written = publish([read_wheel(wheel)], Folder(site), NOW)
    after = read_files(site)
    assert written == sorted(path for path in after if after[path] != before.get(path))
    assert not [path for path in written if "wave" in path]
    assert set(before) & set(written) == {
        *("feed.xml", "registry.json", "simple/index.html", "simple/index.json"),
        "simple/newest.json",
        *("search/kplug.json", "search/loss.json", "search/loss.all.json", "index.html"),
        *("catalogue/kinds/loss.all.html", "catalogue/names/index.html"),
        *(f"prefixes/{each}.json" for each in ("kp", "kpl", "kplu", "wa")),  # kplugtides, water
    }


def test_the_components_of_current_releases_are_counted(site: Path, make_wheel: MakeWheel) -> None:
    def counts() -> object:
        return json.loads((site / "registry.json").read_text())["counts"]

    assert counts() == [{"kind": "loss", "count": 1}]
    points = "".join(
        f"[kplug.{kinds}]\nwave = kplug_waves:wave_loss\n" for kinds in ("losses", "metrics")
    )
    publish([read_wheel(make_wheel(version="2.0", entry_points=points))], Folder(site), NOW)
    assert counts() == [{"kind": "loss", "count": 1}, {"kind": "metric", "count": 1}]
    yank(Folder(site), "kplug-waves", "2.0", "wrong")
    assert counts() == [{"kind": "loss", "count": 1}]
    yank(Folder(site), "kplug-waves", "1.0", "wrong")
    assert counts() == []


def test_a_search_finds_the_newest_release_by_words(site: Path, make_wheel: MakeWheel) -> None:
    code = {"kplug_waves/__init__.py": "def wave_loss():\n    'A new wave.'\n"}
    publish([read_wheel(make_wheel(version="2.0", code=code))], Folder(site), NOW)
    hits = json.loads((site / search_path("wave")).read_text())["hits"]
    assert hits == [
        {
            "kind": "loss",
            "name": "wave_loss",
            "distribution": "kplug-waves",
            "summary": "A new wave.",
            "since": "2026-01-31",
        }
    ]


def test_a_new_version_of_the_same_components_writes_no_list_of_hits(
    site: Path, make_wheel: MakeWheel
) -> None:
    written = publish([read_wheel(make_wheel(version="2.0"))], Folder(site), NOW)
    lists = ("search/", "prefixes/", "catalogue/kinds/", "catalogue/names/")
    assert [path for path in written if path.startswith(lists)] == []
    assert verify(Folder(site)) == []


def test_a_long_summary_is_cut_where_a_search_shows_it(site: Path, make_wheel: MakeWheel) -> None:
    code = {"kplug_waves/__init__.py": f"def wave_loss(): '{'w' * 9000} {'é' * 9000}'\n"}
    publish([read_wheel(make_wheel(version="2.0", code=code))], Folder(site), NOW)
    (hit,) = json.loads((site / search_path("wave")).read_text())["hits"]
    assert hit["summary"] == f"{'w' * 159}…"
    assert len(read_offers(site)[0]["summary"]) == 500


def test_a_yanked_release_is_marked_and_no_longer_found(site: Path) -> None:
    before = read_files(site)
    yank(Folder(site), "kplug_waves", "1.0", "wrong <sign>")
    assert [offer["yanked"] for offer in read_offers(site)] == ["wrong <sign>"]
    page = (site / "simple/kplug-waves/index.html").read_text()
    assert 'data-yanked="wrong &lt;sign&gt;"' in page
    assert json.loads((site / search_path("wave")).read_text())["hits"] == []
    assert verify(Folder(site)) == []
    yank(Folder(site), "kplug-waves", "1.0", None)
    assert read_files(site) == before


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("kplug-waves", "3.0", "there is no kplug-waves 3.0 in .*\n  Versions are 1.0."),
        ("kplug-tides", "1.0", "there is no kplug-tides 1.0 in "),
    ],
)
def test_what_is_not_there_cannot_be_yanked(
    site: Path, name: str, version: str, message: str
) -> None:
    with pytest.raises(PublishingError, match=message):
        yank(Folder(site), name, version, "why not")


def test_a_folder_that_is_no_site_is_refused(make_wheel: MakeWheel, tmp_path: Path) -> None:
    with pytest.raises(PublishingError, match=r"(?s)no site of a registry at .*kplug index build"):
        publish([read_wheel(make_wheel())], Folder(tmp_path / "nowhere"), NOW)
    assert not (tmp_path / "nowhere").exists()


def test_of_several_publishers_of_one_version_one_wins(
    site: Path, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    rivals = []
    for number in range(6):
        path = make_wheel(version="2.0", metadata=f"Summary: Rival {number}.\n")
        (tmp_path / f"{number}").mkdir()
        rivals.append(read_wheel(path.rename(tmp_path / f"{number}" / path.name)))
    winners: list[WheelContents] = []
    losers: list[str] = []

    def run(rival: WheelContents) -> None:
        try:
            publish([rival], Folder(site), NOW)
        except PublishingError as error:
            losers.append(error.message)
        else:
            winners.append(rival)

    threads = [threading.Thread(target=run, args=(rival,)) for rival in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = winners
    assert all("published already" in message for message in losers)
    assert (site / "files" / winner.file.filename).read_bytes() == winner.path.read_bytes()
    assert read_offers(site)[0]["wheels"][0]["sha256"] == winner.file.sha256
    assert verify(Folder(site)) == []


@pytest.fixture
def keys(site: Path, tmp_path: Path) -> SigningKeys:
    signers = generate_keys(tmp_path / "keys")
    for path, data in lay_out_root(make_root(signers)).items():
        write_file(site / path, data)
    keys = read_keys(tmp_path / "keys")
    sign_site(Folder(site), keys)
    return keys


def test_a_change_of_a_signed_site_is_what_signing_all_of_it_says(
    site: Path, keys: SigningKeys, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    publish([read_wheel(make_wheel(version="2.0"))], Folder(site), NOW, keys)
    yank(Folder(site), "kplug-waves", "1.0", "why not", keys)
    assert verify(Folder(site)) == []
    signed = read_targets(site)
    sign_site(Folder(site), keys)
    assert signed == read_targets(site)
    assert "components/loss/waveloss.json" in signed


def read_targets(site: Path) -> dict[str, str]:
    """Return the hashes that the newest version of each bin signs."""
    newest: dict[str, tuple[int, dict[str, Any]]] = {}
    for path in site.glob("metadata/*.bin-*.json"):
        signed = json.loads(path.read_text())["signed"]
        name = path.name.partition(".")[2]
        newest[name] = max(
            newest.get(name, (0, {})), (signed["version"], signed), key=itemgetter(0)
        )
    bins = [content["targets"] for _, content in newest.values()]
    return {path: target["hashes"]["sha256"] for one in bins for path, target in one.items()}


@pytest.mark.usefixtures("keys")
def test_a_signed_site_takes_no_change_without_keys(site: Path, make_wheel: MakeWheel) -> None:
    before = read_files(site)
    with pytest.raises(PublishingError, match=r"(?s)is signed, .*Give its keys: --keys FOLDER"):
        publish([read_wheel(make_wheel(version="2.0"))], Folder(site), NOW)
    assert read_files(site) == before


def test_wheels_may_come_one_by_one(site: Path, make_wheel: Callable[..., Path]) -> None:
    wheels = (read_wheel(make_wheel(version=version)) for version in ("2.0", "3.0"))
    publish(wheels, Folder(site), "2026-02-28T12:00:00Z")
    assert (site / "releases/kplug-waves/3.0.json").is_file()
