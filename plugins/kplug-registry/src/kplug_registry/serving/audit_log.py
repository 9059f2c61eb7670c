"""The audit log: who tried to upload what, when, from where, and the result."""

from __future__ import annotations

from dataclasses import dataclass

from kplug_registry.serving.database import Database
from kplug_registry.site_format import current_time


@dataclass(slots=True)
class UploadEntry:
    """An upload in the log.

    Args:
        number: Its number, which grows.
        began: When, in UTC.
        address: The client's address.
        token: The name of its token, None without a valid one.
        filename: The wheel, as far as it was received.
        sha256: The hash of the received file.
        status: The status of the answer; None while pending, or if the server was killed.
        answer: The first line of the answer.
    """

    number: int
    began: str
    address: str
    token: str | None = None
    filename: str | None = None
    sha256: str | None = None
    status: int | None = None
    answer: str | None = None


class AuditLog:
    """The uploads of a server.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, address: str) -> UploadEntry:
        """Record the start of an upload."""
        began = current_time()
        with self._database.open() as connection:
            number = connection.execute(
                "INSERT INTO uploads (began, address) VALUES (?, ?)", (began, address)
            ).lastrowid
        return UploadEntry(number or 0, began, address)

    def finish(self, entry: UploadEntry) -> None:
        """Record the outcome of an upload."""
        facts = (entry.token, entry.filename, entry.sha256, entry.status, entry.answer)
        with self._database.open() as connection:
            connection.execute(
                "UPDATE uploads SET token = ?, filename = ?, sha256 = ?, status = ?, answer = ? "
                "WHERE number = ?",
                (*facts, entry.number),
            )

    def list_last(self, most: int) -> list[UploadEntry]:
        """Return at most that many of the last uploads, the oldest first."""
        with self._database.open() as connection:
            rows = connection.execute("SELECT * FROM uploads ORDER BY number DESC LIMIT ?", (most,))
            return [UploadEntry(**row) for row in rows][::-1]
