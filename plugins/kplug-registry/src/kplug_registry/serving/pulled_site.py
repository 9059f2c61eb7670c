"""`PulledSite`: a copy of another registry that fetches what is asked for, and keeps it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from kplug_registry.building import SiteView
from kplug_registry.building.simple_pages import write_project, write_projects
from kplug_registry.errors import (
    PublishingError,
    RegistryError,
    ServingError,
    SiteFormatError,
    UnreachableSiteError,
)
from kplug_registry.site_format import (
    DistributionFile,
    Workflow,
    distribution_path,
    from_json,
    provenance_path,
    wheel_path,
)
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import TIMESTAMP, SigningKeys
from kplug_registry.trust.metadata_paths import (
    METADATA,
    content_path,
    metadata_path,
    split_content_path,
)
from kplug_registry.trust.mirror_folders import (
    check_mirror,
    mark_mirror,
    remove_obsolete,
    write_metadata,
    write_recalls,
)
from kplug_registry.trust.verified_site import SignedState, VerifiedSite

FetchHashed = Callable[[str, str, int], bytes]
_NAMED_BY_HASH = re.compile(r"(?:numbers|pictures)/([0-9a-f]{64})\.(?:json|svg)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_BYTES = 16 << 20  # of a file whose length nothing says


class _Known(NamedTuple):
    sha256: str
    most_bytes: int


class PulledSite:
    """A copy of a signed registry.

    A file is fetched when it is first asked for, checked by its hash, and kept, so the next one who asks gets
    it without the registry. The metadata are those of the newest state that was verified: while the registry
    does not answer, the state before is served until it expires.

    Args:
        folder: The folder of the copy, a new one or a mirror of the same registry.
        site: The registry.
        fetch_hashed: Returns one of its files by path, hash, and the most bytes that it may have.
        pause: Seconds between two questions for a newer state.

    Raises:
        PublishingError: if the folder is neither new nor such a mirror.
        TrustError: if the registry is not what was signed.
        ServingError: if there is no state of it, as the registry does not answer.
    """

    is_rebuilt = False

    def __init__(
        self, folder: Path, site: VerifiedSite, fetch_hashed: FetchHashed, pause: float = 10.0
    ) -> None:
        self.problem: str | None = None
        self.keys: SigningKeys | None = None
        self._storage, self._site, self._fetch_hashed = Folder(folder), site, fetch_hashed
        self._pause, self._asked = pause, time.monotonic()
        self._refreshing = threading.Lock()
        self._state: SignedState | None = None
        try:
            self._refresh()
        except UnreachableSiteError as error:
            if not (folder / metadata_path(TIMESTAMP)).is_file():
                raise ServingError(
                    f"there is no copy of the registry in {folder} yet, and {error.message}",
                    hint="Start it when the registry answers; from then on it can do without for a while.",
                ) from error
            self.problem = error.message

    def find_folder(self) -> Path:
        """Return the folder of the copy, whose metadata are not older than the pause."""
        if self._refreshing.acquire(blocking=False):  # others get the state before
            try:
                if time.monotonic() - self._asked >= self._pause:
                    self._asked = time.monotonic()
                    self._refresh()
                    self.problem = None
            except RegistryError as error:  # what is not signed is not served
                self.problem = error.message
            finally:
                self._refreshing.release()
        return self._storage.path

    def pull(self, path: str) -> None:
        """Fetch a file that the copy lacks, or has of an older state; do nothing for what the registry lacks.

        Raises:
            TrustError: if it is not what was signed.
            UnreachableSiteError: if the registry does not answer.
        """
        place = path.replace("\\", "/").strip("/")
        top, _, rest = place.partition("/")
        if any(part.startswith(".") for part in place.split("/")):
            return
        if top == "simple":
            self._write_index(rest.partition("/")[0])
        elif self._state is not None and place in self._state.files:
            self._copy_signed(place)
        elif not (self._storage.path / place).exists() and (known := self._find_hash(place)):
            try:
                self._keep(place, self._fetch_hashed(place, known.sha256, known.most_bytes))
            except UnreachableSiteError as error:
                if getattr(error.__cause__, "status_code", None) not in (403, 404):
                    raise

    def publish(self, wheel: Path, publisher: str, workflow: Workflow | None = None) -> str:
        """Refuse, as the registry that is copied takes the uploads."""
        del publisher, workflow
        raise PublishingError(
            f"{wheel.name} is not published: this server shows a copy of {self._site.address}",
            hint="Upload it there.",
        )

    def find_storage(self) -> Folder:
        """Refuse, as the registry that is copied is changed."""
        raise PublishingError(
            f"this server shows a copy of {self._site.address}, and nothing in it is changed",
            hint="Change that one.",
        )

    def close(self) -> None:
        """Do nothing: the copy stays."""

    def _refresh(self) -> None:
        self._site.refresh()
        timestamp = (self._site.copy.folder / METADATA / f"{TIMESTAMP}.json").read_bytes()
        if self._state is not None and timestamp == self._state.metadata[metadata_path(TIMESTAMP)]:
            return
        state = self._site.read_state()
        first_seen = check_mirror(self._storage, state)
        with self._storage.take_turn(timeout=60):
            mark_mirror(self._storage, first_seen)
            lasting = (path for path in self._storage.list(".") if not _is_of_a_state(path))
            kept = {*lasting, *write_metadata(self._storage, state)}
            kept |= write_recalls(self._storage, state)
            kept |= {content_path(path, sha256) for path, (sha256, _) in state.files.items()}
            remove_obsolete(self._storage, kept, first_seen)
        self._state = state
        self._copy_signed("registry.json")  # by which a folder is known as a site

    def _copy_signed(self, path: str) -> None:
        """Write a signed file to the path that people and pages read, if the state has another there."""
        assert self._state is not None  # noqa: S101 - the caller has looked
        sha256, length = self._state.files[path]
        if self._storage.find_hash(path) != sha256:
            self._keep(path, self._fetch_hashed(content_path(path, sha256), sha256, length))

    def _find_hash(self, path: str) -> _Known | None:
        """Return the hash of a file that never changes, as its name or a signed file has it."""
        _, sha256 = split_content_path(path)
        if named := _NAMED_BY_HASH.fullmatch(path):
            sha256 = named[1]
        if sha256:
            return _Known(sha256, _MOST_BYTES) if _SHA256.fullmatch(sha256) else None
        return self._find_hash_of_wheel(path) if path.startswith("files/") else None

    def _find_hash_of_wheel(self, path: str) -> _Known | None:
        name = path.removeprefix("files/").removesuffix(".metadata").removesuffix(".provenance")
        try:
            distribution = self._find_distribution(parse_wheel_filename(name)[0])
        except InvalidWheelFilename:
            return None
        for release in distribution.releases if distribution else ():
            for provenance in release.provenances:
                if path == provenance_path(provenance.filename):
                    return _Known(provenance.sha256, _MOST_BYTES)
            for wheel in release.wheels:
                if path == wheel_path(wheel.filename):
                    return _Known(wheel.sha256, wheel.size)
                if path == f"{wheel_path(wheel.filename)}.metadata":
                    return _Known(wheel.metadata_sha256, _MOST_BYTES)
        return None

    def _find_distribution(self, name: str) -> DistributionFile | None:
        try:
            path = distribution_path(name)
        except SiteFormatError:
            return None
        data = self._storage.read(path)
        if self._state is not None and path in self._state.files:
            try:
                self._copy_signed(path)
                data = self._storage.read(path)
            except UnreachableSiteError:
                if data is None:
                    raise
        return None if data is None else from_json(DistributionFile, data, path)

    def _write_index(self, name: str) -> None:
        """Write the pages for pip and uv: of a distribution, or the list of all."""
        view = SiteView(self._storage)
        if (
            distribution := self._find_distribution(name)
            if name.isascii() and "." not in name
            else None
        ):
            write_project(view, distribution)
        elif self._state is not None and name in ("", "index.html", "index.json"):
            paths = (path for path in self._state.files if path.startswith("distributions/"))
            names = (path.rpartition("/")[2].removesuffix(".json") for path in paths)
            write_projects(view, sorted(names))
        view.settle()
        for path, content in view.changes.items():
            if isinstance(content, bytes):
                self._keep(path, content)

    def _keep(self, path: str, content: bytes) -> None:
        with self._storage.take_turn(timeout=60):
            self._storage.write({path: content})


def _is_of_a_state(path: str) -> bool:
    return path.partition("/")[0] in ("targets", METADATA)
