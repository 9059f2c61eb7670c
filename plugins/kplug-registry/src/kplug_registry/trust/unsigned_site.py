"""`UnsignedSite`: a site that is trusted without signatures, as its setting says."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from tuf.api.exceptions import DownloadError, DownloadHTTPError

from kplug_registry.errors import UnreachableSiteError
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.site_copy import SiteCopy

_MOST_BYTES = 8 << 20


class UnsignedSite:
    """A site without signatures: whoever can change it, or its traffic, controls what is installed.

    Args:
        address: Its URL: ``https:``, ``http:`` or ``file:``.
        folder: The folder of its copy.
        fetcher: Fetches files.
    """

    is_signed = False
    last_verified: str | None = None  # nothing can be verified

    def __init__(self, address: str, folder: Path, fetcher: SiteFetcher | None = None) -> None:
        self.address = address.rstrip("/") + "/"
        self.copy = SiteCopy(folder)
        self._fetcher = fetcher or SiteFetcher()

    def fetch(self, path: str) -> bytes | None:
        """Return a file, or None if there is none of that path.

        Raises:
            UnreachableSiteError: if the site does not answer.
        """
        try:
            data = self._fetcher.download_bytes(f"{self.address}{quote(path)}", _MOST_BYTES)
        except DownloadHTTPError as error:
            if error.status_code not in (403, 404):
                raise self._unreachable(error) from error
            self.copy.remove(path)
            return None
        except DownloadError as error:
            raise self._unreachable(error) from error
        self.copy.write(path, data)
        return data

    def _unreachable(self, error: Exception) -> UnreachableSiteError:
        return UnreachableSiteError(
            f"the registry at {self.address} cannot be reached: {error}",
            hint="What was seen of it before can still be searched.",
        )
