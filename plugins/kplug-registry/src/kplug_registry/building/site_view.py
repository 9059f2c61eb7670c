"""`SiteView`: the files of a site, overlaid with changes that are not written yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import nlargest
from pathlib import Path
from typing import Any, Protocol, TypeVar

from kplug_registry.site_format import from_json, to_json
from kplug_registry.storage import SiteStorage

Noun = TypeVar("Noun")


class GrowingFile(Protocol):
    """A file that many releases add to, while a site changes."""

    def __call__(self) -> bytes:
        """Return the content of the file."""

    def __len__(self) -> int:
        """Return the number of its entries."""


class SiteView:
    """The files of a site with pending changes.

    Nouns stay unserialised, and `settle` generates each page once, as a file may change many times before.

    Args:
        storage: The storage of the site.
    """

    def __init__(self, storage: SiteStorage) -> None:
        self.storage = storage
        self.changes: dict[str, bytes | Path | None] = {}  # None where a file is removed
        self._nouns: dict[str, Any] = {}
        self._later: dict[str, Callable[[], bytes]] = {}
        self._growing: dict[str, GrowingFile] = {}

    def read(self, path: str) -> bytes | None:
        """Return a file with its pending change, or None if there is none."""
        if path not in self.changes:
            return self.storage.read(path)
        changed = self.changes[path]
        return changed.read_bytes() if isinstance(changed, Path) else changed

    def find(self, noun: type[Noun], path: str) -> Noun | None:
        """Return the noun in a file, or None if there is no such file.

        Raises:
            SiteFormatError: for an invalid file.
        """
        if path not in self._nouns:
            text = self.read(path)
            self._nouns[path] = None if text is None else from_json(noun, text, path)
        found: Noun | None = self._nouns[path]
        return found

    def write(self, path: str, content: bytes | Path) -> None:
        """Change a file to a content, or to a copy of another file."""
        self.changes[path] = content

    def write_noun(self, path: str, noun: object) -> None:
        """Change a file to the JSON of a noun."""
        self._nouns[path] = noun
        self.write_later(path, lambda: to_json(noun))

    def write_later(self, path: str, make: Callable[[], bytes]) -> None:
        """Change a file to the result of a function, which is called when the changes are settled."""
        self._later[path] = make

    def write_growing(self, path: str, file: GrowingFile) -> None:
        """Change a file to the final content of a growing file when the changes are settled."""
        self._growing[path] = file

    def find_growing(self, path: str) -> GrowingFile | None:
        """Return a growing file, or None if nothing was added to it yet."""
        return self._growing.get(path)

    def take(self, most_kept: int = 0) -> Iterator[tuple[str, bytes | Path | None]]:
        """Yield all changes, even ineffective ones, generating deferred files one by one.

        The caller writes them: the view forgets them.

        Args:
            most_kept: The number of growing files to keep back, the longest ones.
        """
        yield from self.changes.items()
        longest = nlargest(most_kept, self._growing, key=lambda path: len(self._growing[path]))
        kept = {path: self._growing.pop(path) for path in longest}
        for waiting in (self._growing, self._later):
            while waiting:
                path, make = waiting.popitem()
                yield path, make()
        self.changes, self._growing = {}, kept
        self._nouns.clear()

    def settle(self) -> None:
        """Generate deferred files, and drop changes that the site has already."""
        wanted = dict(self.take())
        for path, content in wanted.items():
            if isinstance(content, Path) or self.read(path) != content:
                self.changes[path] = content
