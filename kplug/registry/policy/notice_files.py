"""Reads the lists of recalls on this machine and those that settings name, and keeps new ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kplug.registry.errors import PolicyError
from kplug.registry.policy.notices import MOST_BYTES, NoticeList, parse_notices, unusable
from kplug.registry.policy.settings import Source
from kplug.registry.policy.toml_files import read_bytes, show
from kplug.registry.quoting import quote

_KEY = "recalls"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")


def read_notice_lists(sources: Iterable[Source], environ: Mapping[str, str]) -> Iterator[Source]:
    """Yield the lists that are kept on this machine, then those that settings name.

    Args:
        sources: The settings.
        environ: The environment, which says where the lists are kept.
    """
    if (folder := find_folder(environ)) is not None:
        yield from _read_kept(folder)
    for source in sources:
        if (setting := source.settings.get(_KEY)) is not None:
            file = (source.file.parent if source.file else Path()) / setting.text
            yield _read_source(file, setting.label)


def keep_recalls(name: str, data: bytes) -> None:
    """Keep a list of recalls and advisories on this machine, where each policy reads it from then on.

    A list can only keep plugins from loading. `kplug.reload()` lets a running program hear it.

    Args:
        name: Where it comes from, in small letters, digits and ``-``; its next list has the same name.
        data: The list, as JSON: see ``docs/plugins/policy.md``.

    Raises:
        PolicyError: if it is no list, is older than the one that is kept, or cannot be written.

    Example:
        >>> try:
        ...     keep_recalls("ponds", b"recalled: all")
        ... except PolicyError as error:
        ...     print(error.message.partition(":")[0])
        the list of recalls ponds.json cannot be read
    """
    file = Path(f"{name}.json")
    if not _NAME.fullmatch(name):
        raise PolicyError(
            f"{quote(name)} cannot be the name of a list of recalls",
            hint="Names have small letters, digits and '-', and 100 at most.",
        )
    new, folder = parse_notices(data, file), find_folder(os.environ)
    if folder is None:
        raise PolicyError(
            f"the list of recalls {file} cannot be kept: this user has no home",
            hint="Name a folder for data: XDG_DATA_HOME.",
        )
    file = folder / file
    try:
        before = read_bytes(file)
        kept = NoticeList() if before is None else parse_notices(before, file)
    except PolicyError:  # damaged: the new one mends it
        before, kept = None, NoticeList()
    if new.number < kept.number:
        raise PolicyError(
            f"the list of recalls {show(file)} is {kept}, and the new one is older: {new}",
            hint="Somebody may be holding a recall back. Ask whoever publishes the list; if theirs is "
            "right, remove the file.",
        )
    if data != before:
        _write(file, data)


def find_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of the lists that are kept on this machine; None for a user without a home."""
    try:
        home = Path(environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    except RuntimeError:
        return None
    return home / "kplug" / "recalls" if home.is_absolute() else None


def _read_kept(folder: Path) -> Iterator[Source]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - `Path.iterdir` takes twice as long
    except FileNotFoundError:
        return
    except OSError as error:
        yield Source(show(folder), errors=(unusable(folder, error.strerror or str(error)),))
        return
    yield from (_read_source(folder / name) for name in names if name.endswith(".json"))


def _read_source(file: Path, label: str = "") -> Source:
    missing = PolicyError(
        f"{label} is {quote(str(file))}, and there is no such file",
        hint="Put the list there, or remove the setting.",
    )
    try:
        data = read_bytes(file, MOST_BYTES)
        notices = None if data is None else parse_notices(data, file)
    except PolicyError as error:
        return Source(show(file), errors=(error,))
    errors = (missing,) if notices is None and label else ()
    return Source(show(file), errors=errors, notices=notices)


def _write(file: Path, data: bytes) -> None:
    import tempfile  # 3 ms, and little is written

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as new:
            new.write(data)
        Path(new.name).replace(file)
    except OSError as error:
        raise PolicyError(
            f"{show(file)} cannot be written: {error.strerror or error}",
            hint="Make it writable, or name another folder for data: XDG_DATA_HOME.",
        ) from error
