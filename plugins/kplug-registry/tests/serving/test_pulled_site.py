"""A copy that fetches what is asked for: whole, checked, and there while the registry is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kplug_registry.building import build_site
from kplug_registry.client.registries import ConfiguredRegistry
from kplug_registry.client.settings import RegistrySetting
from kplug_registry.errors import PublishingError, ServingError
from kplug_registry.publishing import publish, recall, trust_publisher, yank
from kplug_registry.serving.application import make_application
from kplug_registry.serving.database import Database
from kplug_registry.serving.pulled_site import PulledSite
from kplug_registry.site_format import (
    Claim,
    DistributionFile,
    TrustedPublisher,
    Workflow,
    distribution_path,
)
from kplug_registry.storage import Folder
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.keys import SigningKeys, generate_keys, read_keys
from kplug_registry.trust.roots import get_fingerprint, lay_out_root, make_root
from kplug_registry.trust.signing import sign_site
from kplug_registry.wheels import read_wheel
from starlette.testclient import TestClient
from tuf.api.exceptions import DownloadError

from tests.plugins.attested_wheels import GITHUB, PINNED, write_attestation
from tests.plugins.running_servers import serve_application

MakeWheel = Callable[..., Path]
TIME = "2026-01-31T12:00:00Z"
WHEEL = "files/kplug_waves-1.0-py3-none-any.whl"


class CountingFetcher(SiteFetcher):
    """Keeps the addresses that are asked for, and may be without a network."""

    is_down = False

    def __init__(self) -> None:
        super().__init__(retries=0)
        self.asked: list[str] = []

    def download_bytes(self, url: str, max_length: int) -> bytes:
        self.asked.append(url)
        if self.is_down:
            raise DownloadError(f"{url} does not answer")
        return super().download_bytes(url, max_length)


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigningKeys:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
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


def open_registry(
    address: str, root: str, name: str, fetcher: SiteFetcher | None = None
) -> ConfiguredRegistry:
    setting = RegistrySetting(name, address, root, False, Path(name))
    return ConfiguredRegistry(setting, fetcher)


def pull(source: Path, folder: Path, fetcher: SiteFetcher | None = None) -> PulledSite:
    fingerprint = get_fingerprint((folder.parent / "root.json").read_bytes())
    registry = open_registry(source.as_uri(), fingerprint, "source", fetcher)
    return PulledSite(folder, registry.get_signed_site(), registry.fetch_hashed, pause=0)


@pytest.fixture
def fetcher() -> CountingFetcher:
    return CountingFetcher()


@pytest.fixture
def copy(
    source: Path, tmp_path: Path, database: Database, fetcher: CountingFetcher
) -> Iterator[TestClient]:
    site = pull(source, tmp_path / "copy", fetcher)
    with TestClient(make_application(site, database)) as client:
        yield client


@pytest.mark.usefixtures("no_sigstore")
def test_attestations_are_fetched_and_checked(
    source: Path, make_wheel: MakeWheel, keys: SigningKeys, copy: TestClient
) -> None:
    workflow = Workflow(GITHUB, tuple(Claim(*each) for each in PINNED.items()))
    publisher = TrustedPublisher("release", "operator", "example.org", workflow)
    trust_publisher(Folder(source), "kplug-waves", publisher, TIME, keys)
    wheels = [make_wheel(version=version) for version in ("2.0", "3.0")]
    for wheel in wheels:
        write_attestation(wheel)
    publish(map(read_wheel, wheels), Folder(source), TIME, keys)
    good, altered = (f"files/{wheel.name}.provenance" for wheel in wheels)
    assert copy.get(f"/{good}").content == (source / good).read_bytes()
    (source / altered).write_bytes(b"{}")
    assert copy.get(f"/{altered}").status_code == 502


def test_clients_of_the_copy_verify_what_the_registry_signed(
    source: Path, tmp_path: Path, database: Database, make_wheel: MakeWheel, keys: SigningKeys
) -> None:
    fingerprint = get_fingerprint((tmp_path / "root.json").read_bytes())
    application = make_application(pull(source, tmp_path / "copy"), database)

    def find_versions(address: str) -> dict[str, str | None]:
        registry = open_registry(address, fingerprint, "copy")
        found = registry.fetch(DistributionFile, distribution_path("kplug-waves"))
        return {one.version: one.yanked for one in found.releases} if found else {}

    with serve_application(application) as address:
        assert find_versions(address) == {"1.0": None}
        publish([read_wheel(make_wheel(version="2.0"))], Folder(source), TIME, keys)
        yank(Folder(source), "kplug-waves", "1.0", "wrong", keys)
        assert find_versions(address) == {"2.0": None, "1.0": "wrong"}
        away = source.rename(tmp_path / "away")
        assert find_versions(address) == {"2.0": None, "1.0": "wrong"}
        away.rename(source)


def test_a_file_is_fetched_once_and_is_there_without_the_registry(
    copy: TestClient, source: Path, tmp_path: Path, fetcher: CountingFetcher
) -> None:
    wheel = (source / WHEEL).read_bytes()
    assert not (tmp_path / "copy" / WHEEL).exists()
    for _ in range(2):
        assert copy.get(f"/{WHEEL}").content == wheel
        assert copy.get(f"/{WHEEL}.metadata").content == (source / f"{WHEEL}.metadata").read_bytes()
    assert len([url for url in fetcher.asked if url.endswith(".whl")]) == 1
    signed = next((source / "targets/components/loss").iterdir()).relative_to(source).as_posix()
    fetcher.is_down = True
    answer = copy.get(f"/{WHEEL}")
    assert (answer.content, answer.headers["cache-control"]) == (
        wheel,
        "public, max-age=31536000, immutable",
    )
    assert copy.get("/health").json()["status"] == "stale"
    absent = copy.get(f"/{signed}")  # nobody has asked for it before
    assert (absent.status_code, "cannot be had" in absent.text) == (502, True)


def test_pip_gets_pages_of_the_copy(copy: TestClient, source: Path, tmp_path: Path) -> None:
    for path in ("simple/kplug-waves/index.html", "simple/kplug-waves/index.json"):
        assert copy.get(f"/{path}").content == (source / path).read_bytes()
    assert (
        copy.get("/simple/kplug-waves/").content
        == (source / "simple/kplug-waves/index.html").read_bytes()
    )
    assert "kplug-waves/" in copy.get("/simple/").text
    source.rename(tmp_path / "away")
    assert copy.get("/simple/kplug-waves/").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "targets/components/loss/" + "0" * 64 + ".x.json",
        "targets/x.json",
        "numbers/" + "0" * 64 + ".json",
        "files/kplug_waves-9.0-py3-none-any.whl",
        "files/nothing.whl",
        "simple/kplug-ponds/",
        "metadata/99.snapshot.json",
        ".kplug/mirror.json",
        "thesis.txt",
    ],
)
def test_what_the_registry_lacks_is_not_found(copy: TestClient, path: str) -> None:
    assert copy.get(f"/{path}").status_code == 404


@pytest.mark.parametrize("pattern", [WHEEL, "targets/components/loss/*.json"])
def test_what_was_not_signed_is_neither_kept_nor_sent(
    copy: TestClient, source: Path, tmp_path: Path, pattern: str
) -> None:
    (poisoned,) = source.glob(pattern)
    path = poisoned.relative_to(source).as_posix()
    whole = poisoned.read_bytes()
    poisoned.write_bytes(whole[:-1] + b" ")
    answer = copy.get(f"/{path}")
    assert (answer.status_code, "another content" in answer.text) == (502, True)
    assert not (tmp_path / "copy" / path).exists()
    poisoned.write_bytes(whole)
    assert copy.get(f"/{path}").content == whole


def test_it_starts_again_without_the_registry_but_not_for_the_first_time(
    source: Path, tmp_path: Path, database: Database
) -> None:
    pull(source, tmp_path / "copy").pull(WHEEL)
    source.rename(tmp_path / "away")
    with TestClient(make_application(pull(source, tmp_path / "copy"), database)) as client:
        assert client.get(f"/{WHEEL}").status_code == 200
        assert client.get("/metadata/timestamp.json").status_code == 200
        assert client.get("/simple/kplug-waves/").status_code == 200
    with pytest.raises(ServingError, match="there is no copy of the registry in"):
        pull(source, tmp_path / "other")


def test_nothing_is_changed_in_a_copy_and_no_other_folder_is_taken(
    copy: TestClient, source: Path, tmp_path: Path, token: str, make_wheel: MakeWheel
) -> None:
    answer = copy.put("/yanks/kplug-waves/1.0", content="why", auth=("__token__", token))
    assert (answer.status_code, "a copy of" in answer.text) == (400, True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(PublishingError, match="is no mirror"):
        pull(source, tmp_path / "mine")


def test_recalls_are_those_of_the_registry(
    source: Path, keys: SigningKeys, copy: TestClient
) -> None:
    assert copy.get("/recalls.json").status_code == 404
    recall(Folder(source), "kplug-waves", "1.0", "stolen", TIME, keys)
    assert copy.get("/recalls.json").content == (source / "recalls.json").read_bytes()
