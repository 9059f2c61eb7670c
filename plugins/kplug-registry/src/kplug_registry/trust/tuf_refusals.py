"""Rephrases python-tuf's refusals: expired, rolled back, wrongly signed or changed files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)

from kplug_registry.errors import TrustError, UnreachableSiteError
from kplug_registry.trust.site_copy import SiteCopy


@contextmanager
def explaining_refusals(address: str, copy: SiteCopy) -> Iterator[None]:
    """Lock the local copy of a site against other processes, and translate python-tuf's errors.

    Args:
        address: The address of the site.
        copy: The copy.

    Raises:
        TrustError: if python-tuf refuses the site.
        UnreachableSiteError: if the site does not answer, or another process works for too long.
        SiteCopyError: if the copy cannot be written.
    """
    try:
        with copy.explaining():
            copy.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(copy.folder / "lock", timeout=60):
                yield
    except (RepositoryError, DownloadLengthMismatchError) as error:
        raise TrustError(
            f"the registry at {address} is refused: {_explain(error)}",
            hint="Nothing of it was used. Ask whoever runs it; if it is a mirror, ask another one.",
        ) from error
    except DownloadError as error:
        raise UnreachableSiteError(
            f"the registry at {address} cannot be reached: {error}",
            hint="What was seen of it before can still be searched.",
        ) from error
    except TimeoutError as error:
        raise UnreachableSiteError(
            f"another process has worked on {copy.folder} for more than a minute",
            hint="Try again when it has ended.",
        ) from error


def _explain(error: Exception) -> str:
    facts: dict[type[Exception], str] = {
        ExpiredMetadataError: "its metadata has expired, so news may be hidden",
        BadVersionNumberError: "it shows an older state than this machine has seen, or mixes two states",
        UnsignedMetadataError: "its metadata is not signed by the keys that its root names",
        LengthOrHashMismatchError: "a file is not the one that was signed",
        DownloadLengthMismatchError: "a file is longer than was signed",
    }
    fact = next(
        (text for of, text in facts.items() if isinstance(error, of)), "its metadata is unreadable"
    )
    return f"{fact} ({error})"
