"""The audit log: who tried to change what, when, from where, and the result."""

from __future__ import annotations

from dataclasses import dataclass

from kplug_registry.serving.database import Database
from kplug_registry.site_format import current_time


@dataclass(slots=True)
class LogEntry:
    """A request for a change in the log.

    Args:
        number: Its number, which grows.
        began: When, in UTC.
        address: The client's address.
        action: ``upload``, ``yank``, ``unyank``, ``add owner``, ``remove owner``, ``trust publisher``,
            ``distrust publisher``, ``mint token`` or ``burn token``.
        subject: The wheel of an upload, as far as it was received; the distributions of a minted token; else
            the distribution and its version, owner or publisher.
        token: The name of its token, None without a valid one.
        sha256: The hash of the received file.
        status: The status of the answer; None while pending, or if the server was killed.
        answer: The first line of the answer.
    """

    number: int
    began: str
    address: str
    action: str
    subject: str | None = None
    token: str | None = None
    sha256: str | None = None
    status: int | None = None
    answer: str | None = None


class AuditLog:
    """The requests of a server that change its site.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, address: str, action: str = "upload", subject: str | None = None) -> LogEntry:
        """Record the start of a request."""
        began = current_time()
        with self._database.open() as connection:
            number = connection.execute(
                "INSERT INTO changes (began, address, action, subject) VALUES (?, ?, ?, ?)",
                (began, address, action, subject),
            ).lastrowid
        return LogEntry(number or 0, began, address, action, subject)

    def finish(self, entry: LogEntry) -> None:
        """Record the outcome of a request."""
        facts = (entry.token, entry.subject, entry.sha256, entry.status, entry.answer)
        with self._database.open() as connection:
            connection.execute(
                "UPDATE changes SET token = ?, subject = ?, sha256 = ?, status = ?, answer = ? "
                "WHERE number = ?",
                (*facts, entry.number),
            )

    def list_last(self, most: int) -> list[LogEntry]:
        """Return at most that many of the last requests, the oldest first."""
        with self._database.open() as connection:
            rows = connection.execute("SELECT * FROM changes ORDER BY number DESC LIMIT ?", (most,))
            return [LogEntry(**row) for row in rows][::-1]
