"""The served folder: a site as it is, or one built from a folder of wheels."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from kplug.errors import KplugError
from kplug_registry.building import build_site
from kplug_registry.errors import PublishingError, ServingError
from kplug_registry.publishing import publish
from kplug_registry.serving.grouped_publishing import GroupedPublishing
from kplug_registry.site_format import Workflow, current_time
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import SigningKeys
from kplug_registry.wheels import DeclaredComponent, WheelReader, add_results, read_wheels

Declared = Sequence[DeclaredComponent]
OnPublished = Callable[[str, str], None]


class ServedSite(Protocol):
    """Interface of a served site."""

    problem: str | None  # why the served site is out of date
    keys: SigningKeys | None  # those that sign changes
    is_rebuilt: bool  # whether even a file that never changes in a site may be another one later

    def find_folder(self) -> Path:
        """Return the folder of the current site."""

    def pull(self, path: str) -> None:
        """Have a file in the folder that is asked for, if the site has it.

        Raises:
            TrustError: if it is not what was signed.
            UnreachableSiteError: if it is elsewhere, and that does not answer.
        """

    def publish(self, wheel: Path, publisher: str, workflow: Workflow | None = None) -> str:
        """Add a release in the name of an owner, and return its name and version.

        Raises:
            WheelError: if it cannot be read.
            PublishingError: if the site refuses it; nothing was written.
            TrustError: if it cannot be signed.
        """

    def find_storage(self) -> Folder:
        """Return the storage of the site, for changes.

        Raises:
            PublishingError: if it cannot be changed, as it is made of wheels.
        """

    def close(self) -> None:
        """Remove temporary files of the server."""


class SiteFolder:
    """A folder that is a site.

    Args:
        folder: The site.
        keys: The keys that sign changes, if it is signed.
        declared: Components that published plugins declare in code.
        on_published: Called with name and version of each wheel that was published.
    """

    problem: str | None = None
    is_rebuilt = False

    def __init__(
        self,
        folder: Path,
        keys: SigningKeys | None = None,
        declared: Declared = (),
        on_published: OnPublished | None = None,
    ) -> None:
        self._folder, self.keys, self._on_published = folder, keys, on_published
        self._reader = WheelReader(declared)
        self._publishing = GroupedPublishing(
            lambda wheels, publisher, workflow: publish(
                wheels, Folder(folder), current_time(), keys, publisher, workflow
            )
        )

    def find_folder(self) -> Path:
        """Return the folder."""
        return self._folder

    def pull(self, path: str) -> None:
        """Do nothing, as all files are there."""

    def publish(self, wheel: Path, publisher: str, workflow: Workflow | None = None) -> str:
        """Add a release, as ``kplug publish`` does, in one change with others that wait."""
        (contents,) = add_results([self._reader.read(wheel)], ())
        self._publishing.add(contents, publisher, workflow)
        name, version = contents.metadata.name, contents.metadata.version
        if self._on_published is not None:
            self._on_published(name, version)
        return f"{name} {version}"

    def find_storage(self) -> Folder:
        """Return the folder as a storage."""
        return Folder(self._folder)

    def close(self) -> None:
        """End the process that reads wheels."""
        self._reader.close()


class WheelFolder:
    """A site built from a folder of wheels, and rebuilt when the folder changes.

    Requests check the folder from time to time. If the rebuild fails, as a wheel is broken or still being
    copied, the previous site stays, and `problem` says why.

    Args:
        wheels: The folder.
        declared: Components that its plugins declare in code.
        pause: Seconds between two checks of the folder.

    Raises:
        KplugError: if the wheels make no site.
    """

    is_rebuilt = True

    def __init__(self, wheels: Path, declared: Declared = (), pause: float = 1.0) -> None:
        self.problem: str | None = None
        self.keys: SigningKeys | None = None
        self._wheels, self._declared, self._pause = wheels, declared, pause
        self._workplace = tempfile.TemporaryDirectory(prefix="kplug-serve-")
        self._building = threading.Lock()
        self._seen = self._look()
        self._looked = time.monotonic()
        self._count = 0
        try:
            self._site = self._build()
        except BaseException:
            self.close()
            raise

    def find_folder(self) -> Path:
        """Return the newest site; requests during a rebuild get the previous one."""
        if self._building.acquire(blocking=False):
            try:
                if time.monotonic() - self._looked >= self._pause:
                    self._refresh()
                    self._looked = time.monotonic()
            finally:
                self._building.release()
        return self._site

    def pull(self, path: str) -> None:
        """Do nothing, as all files are there."""

    def publish(self, wheel: Path, publisher: str, workflow: Workflow | None = None) -> str:
        """Refuse, as the folder of wheels determines the releases."""
        del publisher, workflow
        raise PublishingError(
            f"{wheel.name} is not published: this server shows a folder of wheels",
            hint="Copy the wheel into that folder. Uploads need a site: kplug index build, kplug serve SITE.",
        )

    def find_storage(self) -> Folder:
        """Refuse, as a site is made of all wheels of the folder."""
        raise PublishingError(
            "this server shows a folder of wheels, and nothing in it is changed",
            hint="Changes need a site: kplug index build, kplug serve SITE.",
        )

    def close(self) -> None:
        """Remove the sites that were built."""
        self._workplace.cleanup()

    def _refresh(self) -> None:
        try:
            found = self._look()
            if found == self._seen:
                return
            self._seen = found
            self._site = self._build()
            self.problem = None
        except (KplugError, OSError) as error:
            self.problem = str(error).replace(str(self._wheels), "the folder of wheels")

    def _look(self) -> dict[str, tuple[int, int]]:
        found = ((path.name, path.stat()) for path in self._wheels.glob("*.whl*"))
        return {name: (status.st_mtime_ns, status.st_size) for name, status in found}

    def _build(self) -> Path:
        """Build into a new folder, as requests may still read from the previous one."""
        self._count += 1
        shutil.rmtree(Path(self._workplace.name) / str(self._count - 2), ignore_errors=True)
        site = Path(self._workplace.name) / str(self._count)
        wheels = sorted(self._wheels.glob("*.whl"))
        is_new = self._count == 1  # later, an empty folder is more likely an accident
        if not wheels and not (is_new and _is_empty(self._wheels)):
            raise _no_wheels(self._wheels)
        contents = list(add_results(read_wheels(wheels, self._declared), ()))
        libraries = [each.metadata.name for each in contents if each.is_library]
        build_site(contents, site, current_time(), libraries=libraries)
        return site


def open_site(
    folder: Path,
    keys: SigningKeys | None = None,
    declared: Declared = (),
    on_published: OnPublished | None = None,
) -> ServedSite:
    """Return the served site of a folder.

    Args:
        folder: A site, or a folder of wheels, which may still be empty.
        keys: The keys that sign changes of a signed site.
        declared: Components that plugins declare in code.
        on_published: Called with name and version of each wheel that was uploaded.

    Raises:
        ServingError: if it is neither, or keys or checks are given for wheels.
        KplugError: if the wheels make no site.
    """
    whole = folder.resolve()  # removed from public messages
    if (folder / "registry.json").is_file():
        return SiteFolder(whole, keys, declared, on_published)
    if not folder.is_dir() or not (any(folder.glob("*.whl")) or _is_empty(folder)):
        raise _no_wheels(folder)
    if keys is not None:
        raise ServingError(
            f"{folder} is a folder of wheels, and the site that is made of it is not signed",
            hint="Build a site with `kplug index build`, sign it with `kplug trust`, and serve that.",
        )
    if on_published is not None:
        raise ServingError(
            f"{folder} is a folder of wheels, and --check is about uploads, of which it takes none",
            hint="Build a site with `kplug index build`, and serve that.",
        )
    return WheelFolder(whole, declared)


def _is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def _no_wheels(folder: Path) -> ServingError:
    return ServingError(
        f"{folder} is neither the site of a registry nor a folder of wheels",
        hint=f"Make a site with: kplug index build WHEELS… --out {folder}. An empty folder is one of wheels.",
    )
