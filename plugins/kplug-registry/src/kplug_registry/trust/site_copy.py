"""`SiteCopy`: the local cache of a site's files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from kplug_registry.errors import SiteCopyError
from kplug_registry.trust.signing import write_file


class SiteCopy:
    """A folder that caches files of a site on demand.

    Args:
        folder: The folder, created on the first write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes | None:
        """Return the cached file of a path, or None."""
        try:
            return self._find(path).read_bytes()
        except OSError:
            return None

    def write(self, path: str, data: bytes) -> None:
        """Cache a file, which a `VerifiedSite` has verified and an `UnsignedSite` cannot.

        Raises:
            SiteCopyError: if it cannot be written.
        """
        with self.explaining():
            write_file(self._find(path), data)

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Translate errors of writing to the folder.

        Raises:
            SiteCopyError: in place of the system's error.
        """
        try:
            yield
        except OSError as error:
            place = Path(str(error.filename or ""))
            if self.folder not in (place, *place.parents) and place not in self.folder.parents:
                raise  # it is about a file of the site
            raise SiteCopyError(
                f"{self.folder} cannot keep what was read of a registry: {error.strerror}",
                hint="Make it writable, or name another folder for data: XDG_DATA_HOME.",
            ) from error

    def remove(self, path: str) -> None:
        """Remove a file that the site no longer has, if it is cached."""
        self._find(path).unlink(missing_ok=True)

    def _find(self, path: str) -> Path:
        return self.folder / "files" / quote(path, safe="")
