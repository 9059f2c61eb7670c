"""`PublishedVersion`: a version of a distribution that can be installed here from somewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kplug.registry.candidates.installable_packages import check_version


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A version of a distribution that can be installed here from somewhere.

    Args:
        version: The version (PEP 440).
        download: Puts its wheel for this machine into a folder, and returns the file. It checks that the
            content is what was published.
        read_numbers: Returns the content of its ``numbers.json``, checked likewise; None if it has none.
        numbers_hash: ``sha256:`` and the hash of that content, so that it need not be read to be the same.
        published: When it was published, in UTC, as ``2026-01-31T12:00:00Z``; empty if nothing says it.
        notices: What is to be said before it replaces the installed version, such as another publisher: a
            sentence each.

    Raises:
        RegistrationError: for an invalid version.
    """

    version: str
    download: Callable[[Path], Path]
    read_numbers: Callable[[], bytes] | None = None
    numbers_hash: str = ""
    published: str = ""
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_version("a distribution", self.version)
