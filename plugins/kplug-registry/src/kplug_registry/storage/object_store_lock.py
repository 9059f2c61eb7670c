"""A lock for object stores that offer only conditional creation: writers take turns.

Turns are numbered. A writer takes the next turn by creating the object of its number, which only one writer
can do. The object holds the expiry of the turn. Its writer extends the turn while it works, and releases it
at the end. The turn of a dead writer expires.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable

from kplug_registry.errors import BusySiteError, PublishingError
from kplug_registry.storage.site_storage import WORKPLACE, SiteStorage, Turn

LENGTH = 300.0  # seconds of a turn, longer than the longest pause between two checks
_MARGIN = 30.0  # for clock skew and requests in flight
_PAUSE = 0.5
_TURNS, _JOURNALS = f"{WORKPLACE}/turns/", f"{WORKPLACE}/journals/"


class TurnTaker:
    """Acquires and releases the turns of a store.

    Args:
        store: The store.
        length: Seconds of a turn.
        now: Returns the time.
    """

    def __init__(
        self, store: SiteStorage, length: float = LENGTH, now: Callable[[], float] = time.time
    ) -> None:
        self._store, self._length, self._now = store, length, now
        self._number, self._until = 0, 0.0
        self._left = 0  # the turn whose journal may be incomplete

    def take(self, timeout: float) -> Turn:
        """Wait for the end of the previous turn, and take the next.

        Raises:
            PublishingError: if it does not end in time.
        """
        end = time.monotonic() + timeout
        while not self._try_to_take():
            if time.monotonic() > end:
                raise self._describe_wait(timeout)
            time.sleep(min(_PAUSE, timeout))
        self._remove_older()
        return Turn(_journal_path(self._number), _journal_path(self._left), self.check)

    def check(self) -> None:
        """Extend the turn once half of it has passed.

        Raises:
            PublishingError: if the turn is over; nothing may be written any more.
        """
        now = self._now()
        if now > self._until:
            raise PublishingError(
                f"writing to {self._store} took longer than a turn of {self._length:g} s",
                hint="`kplug index verify` completes the change if it counts, and says what is there.",
            )
        if now > self._until - self._length / 2:
            self._until = now + self._length
            self._store.write({_turn_path(self._number): self._describe()})

    def give_back(self) -> None:
        """End the turn."""
        if self._now() < self._until:
            self._until = -_MARGIN
            self._store.write({_turn_path(self._number): self._describe()})

    def _try_to_take(self) -> bool:
        last = self._find_last()
        until, _, left = self._read(last)
        if last and self._now() < until + _MARGIN:
            return False
        journals = {_read_number(path) for path in self._store.list(_JOURNALS)}
        self._left = max({last, left} & journals, default=last)
        self._number, self._until = last + 1, self._now() + self._length
        if not self._store.create(_turn_path(self._number), self._describe()):
            return False
        if self._find_last() == self._number:
            return True
        self._store.remove([_turn_path(self._number)])  # a later turn was taken meanwhile
        return False

    def _find_last(self) -> int:
        return max((_read_number(path) for path in self._store.list(_TURNS)), default=0)

    def _read(self, number: int) -> tuple[float, str, int]:
        """Return the expiry, the owner and the `_left` of a turn; an unreadable one has ended."""
        try:
            found = json.loads(self._store.read(_turn_path(number)) or b"{}")
            return float(found["until"]), str(found["owner"]), int(found["left"])
        except (ValueError, KeyError, TypeError):
            return -_MARGIN, "", 0

    def _describe(self) -> bytes:
        owner = f"process {os.getpid()} on {platform.node()}"
        return json.dumps({"until": self._until, "owner": owner, "left": self._left}).encode()

    def _describe_wait(self, timeout: float) -> BusySiteError:
        until, owner, _ = self._read(self._find_last())
        rest = max(0, until + _MARGIN - self._now())
        return BusySiteError(
            f"another publisher has been writing to {self._store} for {timeout:g} s: {owner[:80]}",
            hint=f"Try again later. If it has died, its turn ends in {rest:.0f} s.",
        )

    def _remove_older(self) -> None:
        """Remove files of turns before the last one, but for a journal that is not completed yet."""
        paths = [*self._store.list(_TURNS), *self._store.list(_JOURNALS)]
        old = (path for path in paths if _read_number(path) < self._number - 1)
        self._store.remove(path for path in old if path != _journal_path(self._left))


def _turn_path(number: int) -> str:
    return f"{_TURNS}{number}.json"


def _journal_path(number: int) -> str:
    return f"{_JOURNALS}{number}.zip"


def _read_number(path: str) -> int:
    number = path.rpartition("/")[2].partition(".")[0]
    return int(number) if number.isdecimal() else 0
