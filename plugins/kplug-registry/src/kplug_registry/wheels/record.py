"""Checks RECORD: each row has to be true, and each file of the wheel to have one row."""

from __future__ import annotations

import base64
import csv

from kplug_registry.wheels.archive import WheelArchive

_STRONG = ("sha256", "sha384", "sha512")


def check_record(archive: WheelArchive, folder: str) -> None:
    """Compare the rows of RECORD with the files.

    Args:
        archive: The wheel.
        folder: Its ``.dist-info``.

    Raises:
        WheelError: for a row that is duplicate, missing, or wrong about its file.
    """
    record = f"{folder}/RECORD"
    without_hash = {record, f"{record}.jws", f"{record}.p7s"}
    rows = _read_rows(archive, record)
    if missing := sorted(set(archive.names) - rows.keys() - without_hash):
        archive.refuse(f"RECORD has no row of {missing[0]}")
    for name, (claimed, size) in rows.items():
        if name not in archive:
            archive.refuse(f"RECORD names {name[:80]!r}, which is not in the wheel")
        if name not in without_hash:
            _compare(archive, name, claimed, size)


def _read_rows(archive: WheelArchive, record: str) -> dict[str, tuple[str, str]]:
    rows: dict[str, tuple[str, str]] = {}
    try:
        for row in csv.reader(archive.read_text(record).splitlines()):
            name, claimed, size = row
            if name in rows:
                archive.refuse(f"RECORD has two rows of {name[:80]!r}")
            rows[name] = (claimed, size)
    except (ValueError, csv.Error) as error:
        archive.refuse(f"RECORD has a row that is none: {error}")
    return rows


def _compare(archive: WheelArchive, name: str, claimed: str, size: str) -> None:
    algorithm, _, digest = claimed.partition("=")
    if algorithm not in _STRONG:
        archive.refuse(f"RECORD has no hash of {name} that can be trusted ({', '.join(_STRONG)})")
    if size and size != str(archive.size(name)):
        archive.refuse(f"{name} has {archive.size(name)} bytes, and {size[:20]} in RECORD")
    found = base64.urlsafe_b64encode(archive.hash(name, algorithm)).rstrip(b"=").decode()
    if digest.rstrip("=") != found:
        archive.refuse(f"{name} does not have the hash that RECORD gives it")
