"""`SiteCopy`: the local cache of a site's files."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from kplug_registry.trust.signing import write_file


class SiteCopy:
    """A folder with the files of a site that were wanted so far.

    Args:
        folder: The folder; it is made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes | None:
        """Return the file of a path, as it was when it was last wanted, or None."""
        try:
            return self._find(path).read_bytes()
        except OSError:
            return None

    def write(self, path: str, data: bytes) -> None:
        """Keep a file that was checked."""
        write_file(self._find(path), data)

    def remove(self, path: str) -> None:
        """Forget a file that the site has no more."""
        self._find(path).unlink(missing_ok=True)

    def _find(self, path: str) -> Path:
        return self.folder / "files" / quote(path, safe="")
