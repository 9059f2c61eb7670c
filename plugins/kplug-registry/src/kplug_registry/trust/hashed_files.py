"""Fetches files that no one signed, by the hash that a signed file gives them."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import quote

from tuf.api.exceptions import DownloadError, DownloadLengthMismatchError

from kplug_registry.errors import TrustError, UnreachableSiteError
from kplug_registry.trust.fetching import SiteFetcher


def fetch_hashed(
    fetcher: SiteFetcher, address: str, path: str, digest: str, most_bytes: int
) -> bytes:
    """Return a file of a site.

    Args:
        fetcher: Fetches it.
        address: The URL of the site.
        path: The path of the file.
        digest: Its SHA-256, in small hexadecimal digits.
        most_bytes: How many bytes it has at most.

    Raises:
        TrustError: if the file has another content.
        UnreachableSiteError: if the site does not answer, or does not have it.
    """
    try:
        data = fetcher.download_bytes(f"{address}{quote(path)}", most_bytes)
        is_other = sha256(data).hexdigest() != digest
    except DownloadLengthMismatchError:
        is_other = True
    except DownloadError as error:
        raise UnreachableSiteError(
            f"{path} of the registry at {address} cannot be had: {error}",
            hint="Nothing of it was used.",
        ) from error
    if is_other:
        raise TrustError(
            f"{path} of the registry at {address} has another content than its hash says",
            hint="Nothing of it was used. Ask whoever runs the registry; if it is a mirror, ask another one.",
        )
    return data
