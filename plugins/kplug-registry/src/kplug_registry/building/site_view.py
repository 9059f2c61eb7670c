"""A site as it will be: the files in its folder, and over them the changes that are not written yet."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from kplug_registry.site_format import from_json, to_json

Noun = TypeVar("Noun")


class SiteView:
    """The files of a site with changes to them.

    Args:
        folder: The site.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changes: dict[str, bytes | Path | None] = {}  # None where a file is removed

    def read(self, path: str) -> bytes | None:
        """Return a file as it will be, or None if there is none."""
        changed = self.changes.get(path, self.folder)
        if changed is None or isinstance(changed, bytes):
            return changed
        try:
            return (self.folder / path if changed is self.folder else changed).read_bytes()
        except FileNotFoundError:
            return None

    def find(self, noun: type[Noun], path: str) -> Noun | None:
        """Return the noun in a file, or None if there is no such file.

        Raises:
            SiteFormatError: for a file that does not hold one.
        """
        text = self.read(path)
        return None if text is None else from_json(noun, text, path)

    def write(self, path: str, content: bytes | Path) -> None:
        """Change a file: its content, or the file that it is a copy of. What is the same is no change."""
        if isinstance(content, Path) or self.read(path) != content:
            self.changes[path] = content

    def write_noun(self, path: str, noun: object) -> None:
        """Change a file to the JSON of a noun."""
        self.write(path, to_json(noun).encode())
