"""Releases are recalled and have advisories: in the list, on pages, signed; and it is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import notices as building_notices
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import advise, publish, recall, verify, yank
from kplug_registry.site_format import NoticeFile, from_json
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import SigningKeys, generate_keys, read_keys
from kplug_registry.trust.roots import lay_out_root, make_root
from kplug_registry.trust.signing import sign_site, write_file
from kplug_registry.wheels import read_wheel

NOW, LATER = "2026-04-01T12:00:00Z", "2026-04-02T12:00:00Z"


def read_list(site: Path) -> NoticeFile:
    return from_json(NoticeFile, (site / "recalls.json").read_bytes(), "recalls.json")


def read_page(site: Path, name: str) -> str:
    return (site / "catalogue" / "distributions" / "kplug-waves" / name).read_text()


@pytest.fixture
def keys(site: Path, tmp_path: Path) -> SigningKeys:
    root = make_root(generate_keys(tmp_path / "keys"))
    for path, data in lay_out_root(root).items():
        write_file(site / path, data)
    keys = read_keys(tmp_path / "keys")
    sign_site(Folder(site), keys)
    return keys


def test_a_recall_is_listed_and_withdraws_and_is_taken_back(site: Path) -> None:
    storage = Folder(site)
    recall(storage, "Kplug_Waves", "1.0", " stolen\n key ", NOW)
    (listed,) = read_list(site).recalls
    assert (listed.distribution, listed.versions, listed.reason, listed.since) == (
        *("kplug-waves", "==1.0", "stolen key"),
        NOW,
    )
    assert "Withdrawn: recalled: stolen key" in read_page(site, "1.0.html")
    with pytest.raises(PublishingError, match=r"kplug-waves 1\.0 is recalled, so it is withdrawn"):
        yank(storage, "kplug-waves", "1.0", None)
    recall(storage, "kplug-waves", "1.0", "another reason", LATER)
    (listed,) = read_list(site).recalls
    assert (listed.reason, listed.since) == ("another reason", NOW)
    assert verify(storage) == []
    recall(storage, "kplug-waves", "1.0", None, LATER)
    after = read_list(site)
    assert (after.recalls, after.number, after.date) == ((), 3, LATER)
    assert "Withdrawn" not in read_page(site, "1.0.html")
    assert verify(storage) == []


def test_an_advisory_stands_on_the_pages_of_the_versions(
    site: Path, make_wheel: Callable[..., Path]
) -> None:
    storage, text = Folder(site), "versions &lt;1.3: wrong for empty masks"
    advise(storage, "kplug-waves", "<1.3", "wrong for empty masks", NOW)
    assert text in read_page(site, "1.0.html")
    assert text in read_page(site, "index.html")
    for version in ("1.1", "1.3"):  # also of what is published later
        publish([read_wheel(make_wheel(version=version))], storage, NOW)
    assert text in read_page(site, "1.1.html")
    assert text not in read_page(site, "1.3.html")
    assert text not in read_page(site, "index.html")
    assert verify(storage) == []
    advise(storage, "kplug-waves", "<1.3", None, NOW)
    assert text not in read_page(site, "1.1.html")


def test_the_list_is_signed_with_what_every_client_fetches(
    site: Path, keys: SigningKeys, make_wheel: Callable[..., Path]
) -> None:
    def read_signed() -> object:
        files = json.loads((site / "metadata/latest.json").read_text())["files"]
        (targets,) = [text for path, text in files.items() if path.endswith(".targets.json")]
        return json.loads(targets)["signed"].get("kplug_recalls")

    storage = Folder(site)
    assert read_signed() is None
    recall(storage, "kplug-waves", "1.0", "stolen", NOW, keys)
    listed = json.loads((site / "recalls.json").read_text())
    assert read_signed() == listed
    publish([read_wheel(make_wheel(version="2.0"))], storage, NOW, keys)
    assert read_signed() == listed
    assert verify(storage) == []
    sign_site(storage, keys)
    assert read_signed() == listed
    (site / "recalls.json").write_text(json.dumps({**listed, "recalls": []}))
    assert "recalls.json is not what was signed" in verify(storage)
    with pytest.raises(PublishingError, match="is signed, and a change without a signature"):
        advise(storage, "kplug-waves", "<2", "slow", NOW)


def test_what_cannot_be_listed_changes_nothing(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Folder(site)
    with pytest.raises(PublishingError, match=r"there is no kplug-waves 3\.0 in"):
        recall(storage, "kplug-waves", "3.0", "stolen", NOW)
    with pytest.raises(PublishingError, match="there is no kplug-tides in"):
        advise(storage, "kplug-tides", "<2", "slow", NOW)
    with pytest.raises(PublishingError, match=r"nothing is listed about kplug-waves==1\.0 among"):
        recall(storage, "kplug-waves", "1.0", None, NOW)
    for versions in ("", "new", "==1.*.2"):
        with pytest.raises(PublishingError, match="says no versions"):
            advise(storage, "kplug-waves", versions, "slow", NOW)
    with pytest.raises(PublishingError, match="500 characters at most"):
        recall(storage, "kplug-waves", "1.0", "x" * 501, NOW)
    monkeypatch.setattr(building_notices, "_MOST_BYTES", 100)
    with pytest.raises(PublishingError, match=r"recalls\.json would have more than"):
        recall(storage, "kplug-waves", "1.0", "stolen", NOW)
    assert not (site / "recalls.json").exists()
    assert "Withdrawn" not in read_page(site, "1.0.html")
