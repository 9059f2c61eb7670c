"""Reads untrusted TOML files in bounded time, or refuses them in one sentence."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

from kplug.registry.errors import PolicyError
from kplug.registry.quoting import make_printable, shorten

_MOST_BYTES = 16 << 20
# tomllib needs a second for a dotted key of 10,000 parts.
_MOST_PARSED, _MOST_DOTS = 256 << 10, 1000
_LONGEST_PATH = 1024
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_bytes(file: Path, most_bytes: int = _MOST_BYTES) -> bytes | None:
    """Return the content of a file, or None if there is no such file.

    Raises:
        PolicyError: if it exists and cannot be read, or is larger.
    """
    try:
        with open(file, "rb", opener=_open_without_waiting) as stream:  # Path.open has no opener
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise unreadable(file, "it is no regular file")
            data = stream.read(most_bytes + 1)
    except FileNotFoundError:
        if file.is_symlink():
            raise unreadable(file, "it is a link to nothing") from None
        return None
    except OSError as error:
        raise unreadable(file, error.strerror or str(error)) from error
    if len(data) > most_bytes:
        raise unreadable(file, f"it has more than {most_bytes >> 20} MiB")
    return data


def parse_toml(file: Path, data: bytes) -> dict[str, Any]:
    """Return the tables of a file.

    Raises:
        PolicyError: if it is not valid TOML, or too large.
    """
    if data.startswith(_UTF_16) or b"\0" in data:
        raise unreadable(file, "it is not in UTF-8, but seems to be in UTF-16")
    if len(data) > _MOST_PARSED:
        raise unreadable(file, f"it has more than {_MOST_PARSED >> 10} KiB")
    if any(line.count(b".") > _MOST_DOTS for line in data.splitlines()):
        raise unreadable(file, f"a line has more than {_MOST_DOTS} dots")
    if sys.version_info >= (3, 11):
        import tomllib  # a slow import, and few files need it
    else:
        import tomli as tomllib
    try:
        found: dict[str, Any] = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise unreadable(file, f"byte {error.start} is not in UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise unreadable(file, str(error).partition("\n")[0]) from error
    return found


def unreadable(file: Path, reason: str) -> PolicyError:
    """Return the error for a file of settings that cannot be read."""
    return PolicyError(f"{show(file)} cannot be read: {reason}", hint="Mend the file.")


def show(file: Path) -> str:
    """Return a path for messages, made safe and short: names and variables may hold anything."""
    return shorten(make_printable(str(file)), _LONGEST_PATH)


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe would wait for a writer
