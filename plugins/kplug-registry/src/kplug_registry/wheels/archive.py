"""`WheelArchive`: reads a wheel within limits, safe from zip bombs and path traversal."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn

from kplug_registry.errors import WheelError

_MEBIBYTE = 1 << 20
_CHUNK = 1 << 16
_SYMBOLIC_LINK = 0o12
_METHODS = (
    zipfile.ZIP_STORED,
    zipfile.ZIP_DEFLATED,
)  # those of wheels; LZMA takes memory as it likes
# What Windows takes for another name: it strips ends, and knows "matplotlib" as "MATPLO~1", too.
_OTHER_NAME = re.compile(r".*[. ]|[^.]{1,6}~\d(\.[^.]{0,3})?")


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a wheel's size.

    Args:
        file: Bytes of the wheel.
        unpacked: Bytes of all its files.
        ratio: Unpacked bytes for each byte of the wheel.
        entries: Number of files.
        text: Bytes of a file that is read as text.
        python: Bytes of all its Python files.
    """

    file: int = 512 * _MEBIBYTE
    unpacked: int = 2048 * _MEBIBYTE
    ratio: int = 200
    entries: int = 20_000
    text: int = 4 * _MEBIBYTE
    python: int = 32 * _MEBIBYTE


LIMITS = Limits()


class WheelArchive:
    """An open wheel. All members are validated first, and read up to their declared sizes.

    Args:
        path: The file.
        limits: The limits of its size.

    Raises:
        WheelError: if it is not an archive, is too large, or has a member with an unsafe path.
    """

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        self.path = path
        self._limits = limits
        try:
            if path.stat().st_size > limits.file:
                self.refuse(f"it is larger than {limits.file} bytes")
            self._archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise WheelError(
                f"{path.name}: it cannot be opened: {error}",
                hint="Give what `python -m build` writes.",
            ) from error
        try:
            self._members = self._check_members(self._archive.infolist())
        except WheelError:
            self._archive.close()
            raise

    def __enter__(self) -> WheelArchive:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files, as in the archive."""
        return tuple(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def refuse(self, reason: str, hint: str | None = None) -> NoReturn:
        """Raise a `WheelError` about this wheel."""
        raise WheelError(f"{self.path.name}: {reason}", hint=hint) from None

    def find_text(self, name: str) -> str | None:
        """Return a file as text, or None if there is no such file."""
        return self.read_text(name) if name in self._members else None

    def read_text(self, name: str) -> str:
        """Return a file as text, from UTF-8."""
        try:
            return self.read(name).decode()
        except UnicodeDecodeError as error:
            self.refuse(f"{name} is no UTF-8: {error}")

    def read(self, name: str) -> bytes:
        """Return a file that is small enough to be text."""
        if name not in self._members:
            self.refuse(f"it has no {name}")
        if self._members[name].file_size > self._limits.text:
            self.refuse(f"{name} is larger than {self._limits.text} bytes")
        with self._open(name) as stream:
            return stream.read(self._limits.text)

    def hash(self, name: str, algorithm: str) -> bytes:
        """Return the hash of a file, which may be of any size."""
        digest = hashlib.new(algorithm)
        with self._open(name) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        return digest.digest()

    def size(self, name: str) -> int:
        """Return the length of a file in bytes."""
        return self._members[name].file_size

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file; zipfile itself enforces the declared size and the checksum."""
        try:
            with self._archive.open(self._members[name]) as stream:
                yield stream
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            self.refuse(f"{name} cannot be read: {error}")
        except RuntimeError as error:  # zipfile's error for an encrypted file
            self.refuse(f"{name} cannot be read: {error}")

    def _check_members(self, members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        if len(members) > self._limits.entries:
            self.refuse(f"it has more than {self._limits.entries} files")
        unpacked = sum(member.file_size for member in members)
        packed = self.path.stat().st_size
        if unpacked > min(self._limits.unpacked, max(self._limits.ratio * packed, _MEBIBYTE)):
            self.refuse(f"{packed} bytes unpack to {unpacked}, which no wheel of code does")
        python = sum(member.file_size for member in members if member.filename.endswith(".py"))
        if python > self._limits.python:
            self.refuse(
                f"its Python files have {python} bytes, and {self._limits.python} are allowed",
                "Put data into files of data.",
            )
        for one, following in pairwise(sorted(members, key=lambda member: member.header_offset)):
            if one.header_offset + one.compress_size >= following.header_offset:
                self.refuse(
                    f"its files {one.filename[:80]!r} and {following.filename[:80]!r} overlap"
                )
        found: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            self._check_name(member)
            if member.compress_type not in _METHODS:
                self.refuse(
                    f"{member.filename[:80]!r} is compressed by the method {member.compress_type}, and "
                    "wheels are deflated or stored",
                    "Give what `python -m build` writes.",
                )
            if (key := unicodedata.normalize("NFC", member.filename).casefold()) in found:
                self.refuse(f"it has the file {member.filename[:80]!r} twice")
            found[key] = member
        return {member.filename: member for member in members if not member.is_dir()}

    def _check_name(self, member: zipfile.ZipInfo) -> None:
        name = member.orig_filename
        parts = PurePosixPath(name).parts
        is_safe = name.isprintable() and not set("\\:") & set(name) and name == member.filename
        if not is_safe or name.startswith("/") or ".." in parts:
            self.refuse(f"the path {name[:80]!r} could be written outside of a folder")
        is_plain = name.removesuffix("/") == "/".join(parts)
        if not is_plain or any(map(_OTHER_NAME.fullmatch, parts)):
            self.refuse(f"the path {name[:80]!r} is another path on some systems")
        if member.external_attr >> 28 == _SYMBOLIC_LINK:
            self.refuse(f"{name[:80]!r} is a symbolic link")
