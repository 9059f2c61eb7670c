"""A mirror: whole at any time, checked file by file, and resumable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import build_site
from kplug_registry.client.mirroring import mirror
from kplug_registry.client.registries import ConfiguredRegistry
from kplug_registry.client.settings import RegistrySetting
from kplug_registry.errors import PublishingError, RegistrySettingError, TrustError
from kplug_registry.publishing import (
    advise,
    publish,
    recall,
    trust_publisher,
    verify,
    yank,
)
from kplug_registry.site_format import (
    Claim,
    DistributionFile,
    TrustedPublisher,
    Workflow,
    distribution_path,
)
from kplug_registry.storage import Folder
from kplug_registry.trust import mirror_folders
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.keys import SigningKeys, generate_keys, read_keys
from kplug_registry.trust.roots import get_fingerprint, lay_out_root, make_root
from kplug_registry.trust.signing import sign_site
from kplug_registry.trust.signing_lifetimes import Lifetimes
from kplug_registry.wheels import read_wheel

from tests.plugins.attested_wheels import GITHUB, PINNED, write_attestation

MakeWheel = Callable[..., Path]
TIME = "2026-01-31T12:00:00Z"


class CountingFetcher(SiteFetcher):
    """Keeps the addresses that are asked for; fails at one that contains a text."""

    def __init__(self, breaks_at: str = "nothing") -> None:
        super().__init__(retries=0)
        self.asked: list[str] = []
        self.breaks_at = breaks_at

    def download_bytes(self, url: str, max_length: int) -> bytes:
        self.asked.append(url)
        if self.breaks_at in url:
            raise KeyboardInterrupt
        return super().download_bytes(url, max_length)


@pytest.fixture(autouse=True)
def _own_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def keys(tmp_path: Path) -> SigningKeys:
    signers = generate_keys(tmp_path / "keys", root_keys=1)
    (tmp_path / "root.json").write_bytes(make_root(signers))
    return read_keys(tmp_path / "keys")


@pytest.fixture
def source(make_wheel: MakeWheel, tmp_path: Path, keys: SigningKeys) -> Path:
    """A signed site of one wheel."""
    folder = tmp_path / "source"
    build_site([read_wheel(make_wheel())], folder, TIME)
    Folder(folder).write(lay_out_root((tmp_path / "root.json").read_bytes()))
    sign_site(Folder(folder), keys)
    return folder


@pytest.fixture
def add(make_wheel: MakeWheel, source: Path, keys: SigningKeys) -> Callable[[str], object]:
    """Publish another distribution at the source."""
    return lambda name: publish([read_wheel(make_wheel(name))], Folder(source), TIME, keys)


def open_registry(
    site: Path, name: str = "team", fetcher: SiteFetcher | None = None
) -> ConfiguredRegistry:
    root = get_fingerprint((site / "metadata" / "1.root.json").read_bytes())
    setting = RegistrySetting(name, site.as_uri(), root, False, site)
    return ConfiguredRegistry(setting, fetcher)


def read_files(site: Path) -> dict[str, bytes]:
    """Return the files that readers of a site may ask for."""
    paths = (path for path in Folder(site).list(".") if not path.startswith(".kplug/"))
    return {path: (site / path).read_bytes() for path in paths}


def find_versions(site: Path, name: str, client: str) -> list[str]:
    """Return the versions that a client of a site sees, which verifies all of it."""
    found = open_registry(site, client).fetch(DistributionFile, distribution_path(name))
    return [] if found is None else [release.version for release in found.releases]


@pytest.mark.usefixtures("no_sigstore")
def test_a_mirror_has_attestations_and_trusted_publishers(
    source: Path, tmp_path: Path, make_wheel: MakeWheel, keys: SigningKeys
) -> None:
    workflow = Workflow(GITHUB, tuple(Claim(*each) for each in PINNED.items()))
    publisher = TrustedPublisher("release", "operator", "example.org", workflow)
    trust_publisher(Folder(source), "kplug-waves", publisher, TIME, keys)
    wheel = make_wheel(version="2.0")
    write_attestation(wheel)
    publish([read_wheel(wheel)], Folder(source), TIME, keys)
    mirror(open_registry(source), tmp_path / "mirror")
    for path in (f"files/{wheel.name}.provenance", "names/trusting.json"):
        assert (tmp_path / "mirror" / path).read_bytes() == (source / path).read_bytes()
    assert verify(Folder(tmp_path / "mirror")) == []


def test_a_mirror_has_the_files_of_the_registry(source: Path, tmp_path: Path) -> None:
    counts = mirror(open_registry(source), tmp_path / "mirror")
    there, here = read_files(source), read_files(tmp_path / "mirror")
    assert here == {path: data for path, data in there.items() if path in here}
    assert set(there) == set(here)
    assert counts.files == counts.fetched > 5
    assert verify(Folder(tmp_path / "mirror")) == []
    assert find_versions(tmp_path / "mirror", "kplug-waves", "reader") == ["1.0"]


def test_a_mirror_has_recalls_and_advisories_and_shows_them(
    source: Path, tmp_path: Path, keys: SigningKeys
) -> None:
    advise(Folder(source), "kplug-waves", "<2", "wrong for empty masks", TIME, keys)
    for reason in ("stolen", None):
        recall(Folder(source), "kplug-waves", "1.0", reason, TIME, keys)
        mirror(open_registry(source), tmp_path / "mirror")
        there, here = read_files(source), read_files(tmp_path / "mirror")
        assert here["recalls.json"] == there["recalls.json"]
        page = "catalogue/distributions/kplug-waves/1.0.html"
        assert b"wrong for empty masks" in here[page]
        assert here[page] == there[page]
        assert verify(Folder(tmp_path / "mirror")) == []


def test_a_refresh_fetches_what_is_new(
    source: Path, add: Callable[[str], object], tmp_path: Path, keys: SigningKeys
) -> None:
    mirror(open_registry(source), tmp_path / "mirror")
    assert mirror(open_registry(source), tmp_path / "mirror").fetched == 0
    add("kplug-pond")
    yank(Folder(source), "kplug-waves", "1.0", "wrong", keys=keys)
    fetcher = CountingFetcher()
    counts = mirror(open_registry(source, fetcher=fetcher), tmp_path / "mirror")
    assert 0 < counts.fetched < counts.files
    assert not any("kplug_waves-1.0" in url for url in fetcher.asked)
    assert verify(Folder(tmp_path / "mirror")) == []
    assert find_versions(tmp_path / "mirror", "kplug-pond", "reader") == ["1.0"]


@pytest.mark.parametrize("place", ["components/", "files/", "distributions/"])
def test_an_interrupted_mirror_goes_on(
    source: Path, add: Callable[[str], object], tmp_path: Path, place: str
) -> None:
    mirror(open_registry(source), tmp_path / "mirror")
    add("kplug-pond")
    with pytest.raises(KeyboardInterrupt):
        mirror(open_registry(source, fetcher=CountingFetcher(place)), tmp_path / "mirror")
    assert find_versions(tmp_path / "mirror", "kplug-pond", "early") == []  # the state before
    assert find_versions(tmp_path / "mirror", "kplug-waves", "early") == ["1.0"]
    mirror(open_registry(source), tmp_path / "mirror")
    assert verify(Folder(tmp_path / "mirror")) == []
    assert find_versions(tmp_path / "mirror", "kplug-pond", "late") == ["1.0"]


@pytest.mark.parametrize("pattern", ["files/*.whl", "targets/components/loss/*.json"])
def test_a_file_that_is_not_what_was_signed_is_not_kept(
    source: Path, tmp_path: Path, pattern: str
) -> None:
    (poisoned,) = source.glob(pattern)
    poisoned.write_bytes(poisoned.read_bytes() + b" ")
    with pytest.raises(TrustError, match="another content than its hash says"):
        mirror(open_registry(source), tmp_path / "mirror")
    here = read_files(tmp_path / "mirror")
    assert poisoned.relative_to(source).as_posix() not in here
    assert "metadata/timestamp.json" not in here


def test_obsolete_files_stay_as_long_as_readers_may_need_them(
    source: Path, add: Callable[[str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror(open_registry(source), tmp_path / "mirror")
    before = set(read_files(tmp_path / "mirror"))
    add("kplug-pond")
    assert mirror(open_registry(source), tmp_path / "mirror").removed == 0
    assert before <= set(read_files(tmp_path / "mirror"))
    monkeypatch.setattr(mirror_folders, "KEPT", -1)
    assert mirror(open_registry(source), tmp_path / "mirror").removed > 0
    assert not before <= set(read_files(tmp_path / "mirror"))
    assert verify(Folder(tmp_path / "mirror")) == []


def test_a_mirror_that_stands_still_is_refused(
    source: Path, tmp_path: Path, keys: SigningKeys
) -> None:
    mirror(open_registry(source), tmp_path / "mirror")
    sign_site(Folder(source), keys, Lifetimes(timestamp=-1))
    with pytest.raises(TrustError, match="expired"):
        mirror(open_registry(source), tmp_path / "mirror")
    assert find_versions(tmp_path / "mirror", "kplug-waves", "reader") == ["1.0"]


def write_something(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")


@pytest.mark.parametrize("fill", [write_something, lambda folder: folder.write_text("a file")])
def test_a_folder_of_something_else_stays_as_it_is(
    source: Path, tmp_path: Path, fill: Callable[[Path], object]
) -> None:
    fill(tmp_path / "mine")
    with pytest.raises(PublishingError):
        mirror(open_registry(source), tmp_path / "mine")
    assert not (tmp_path / "mine" / "metadata").exists()


def test_each_registry_has_a_mirror_of_its_own(
    source: Path, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    mirror(open_registry(source), tmp_path / "mirror")
    before = read_files(tmp_path / "mirror")
    other = tmp_path / "other"
    build_site([read_wheel(make_wheel("kplug-pond"))], other, TIME)
    signers = generate_keys(tmp_path / "other-keys", root_keys=1)
    Folder(other).write(lay_out_root(make_root(signers)))
    sign_site(Folder(other), read_keys(tmp_path / "other-keys"))
    with pytest.raises(PublishingError, match="is a mirror of another registry"):
        mirror(open_registry(other), tmp_path / "mirror")
    assert read_files(tmp_path / "mirror") == before


def test_a_registry_without_signatures_has_no_mirror(site: Path, tmp_path: Path) -> None:
    unsigned = ConfiguredRegistry(RegistrySetting("open", site.as_uri(), None, False, site))
    with pytest.raises(RegistrySettingError, match="is not signed"):
        mirror(unsigned, tmp_path / "mirror")
    assert not (tmp_path / "mirror").exists()
