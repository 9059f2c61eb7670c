"""`SiteStorage`: the interface of every storage of a site."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

WORKPLACE = ".kplug"  # below the site: the writers' shared files


@dataclass(frozen=True, slots=True)
class Turn:
    """The exclusive turn of one writer.

    Args:
        journal: The path of the writer's own journal.
        left: The path of the journal that the previous writer may have left.
        check: Raises `PublishingError` if the turn is over.
    """

    journal: str
    left: str
    check: Callable[[], None]


class SiteStorage(Protocol):
    """The files of a site. Paths are below the site and have ``/``. ``str()`` names it in messages."""

    def read(self, path: str) -> bytes | None:
        """Return a file, or None if there is none."""

    def find_hash(self, path: str) -> str | None:
        """Return the SHA-256 of a file, which may be of any size, or None if there is none."""

    def list(self, folder: str) -> list[str]:
        """Return the paths of all files below a folder, sorted."""

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files, each atomically; they are durable on return."""

    def create(self, path: str, content: bytes) -> bool:
        """Write a file atomically, if there is none; return whether it was written."""

    def copy(self, files: Mapping[str, str]) -> None:
        """Copy files by the new path of each, which never has another content; one that is there may stay.

        They are durable on return, if the files are.
        """

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, ignoring missing ones."""

    def take_turn(self, timeout: float) -> AbstractContextManager[Turn]:
        """Keep other writers away while the context is open.

        Args:
            timeout: Seconds to wait for another writer.

        Raises:
            PublishingError: if another writer does not end.
        """
