"""The SQLite file of a server's tokens and changes, which only its owner can read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kplug_registry.errors import ServingError

_VERSION = 3
_TABLES = """
CREATE TABLE tokens (
    name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, created TEXT NOT NULL, owner TEXT NOT NULL,
    permissions TEXT NOT NULL, distributions TEXT NOT NULL, expires TEXT, identity TEXT
);
CREATE TABLE exchanged (sha256 TEXT PRIMARY KEY, ends REAL NOT NULL);
CREATE TABLE changes (
    number INTEGER PRIMARY KEY, began TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,
    subject TEXT, token TEXT, sha256 TEXT, status INTEGER, answer TEXT
);
"""


class Database:
    """A file with the tables of a server, created if missing.

    Args:
        file: Its path.

    Raises:
        ServingError: if it cannot be opened, or is not such a database.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
            with self.open() as connection:
                connection.execute("BEGIN IMMEDIATE")
                self._make_tables(connection)
        except (OSError, sqlite3.DatabaseError) as error:
            raise ServingError(
                f"the database {file} cannot be opened: {error}",
                hint="Give the file of a server, or a new one: --database FILE",
            ) from error

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction, which is committed when the block ends without an error."""
        with closing(sqlite3.connect(self.file, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            with connection:
                yield connection

    def check(self) -> None:
        """Check that the file can be written.

        Raises:
            sqlite3.Error: if it cannot.
        """
        with self.open() as connection:
            connection.execute("BEGIN IMMEDIATE")

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == _VERSION:
            return
        if tables:
            raise sqlite3.DatabaseError("it has other tables")
        for statement in _TABLES.strip().split(";\n"):
            connection.execute(statement.removesuffix(";"))
        connection.execute(f"PRAGMA user_version = {_VERSION}")
