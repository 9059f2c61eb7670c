"""`SiteConnection`: an HTTP connection that is closed when its client sends or reads nothing."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 200
_SECONDS_FOR_HEAD = (
    10.0  # from the opening of a connection, or from the first byte of a further request
)
_SECONDS_WITHOUT_READING = 60.0


class SiteConnection(H11Protocol):
    """A connection of uvicorn's, with limits for clients that are silent.

    A client has some seconds for the head of a request, and may pause for a minute in reading an answer. If
    there are as many connections as the server has, the one that waits longest for a request makes room.
    """

    _deadline: asyncio.TimerHandle | None = None
    _reading_deadline: asyncio.TimerHandle | None = None
    _opened: float = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        if len(self.connections) >= MOST_CONNECTIONS - 1:
            self._make_room()
        super().connection_made(transport)
        with suppress(OSError):  # the client is gone already
            # asyncio does so for sockets of a stated protocol alone, which no accepted socket has
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._opened = self.loop.time()
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        super().data_received(data)
        if not self._is_waiting:
            self._forget_head()
        elif self._deadline is None:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        self._forget_head()
        self._forget_reading()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._reading_deadline = self.loop.call_later(_SECONDS_WITHOUT_READING, self._abort)

    def resume_writing(self) -> None:
        """Go on, as the client reads."""
        self._forget_reading()
        super().resume_writing()

    @property
    def _is_waiting(self) -> bool:
        """Whether no request is being answered."""
        cycle = getattr(self, "cycle", None)  # whose type leaves out that there is none at first
        return cycle is None or cycle.response_complete

    def _make_room(self) -> None:
        waiting = [
            each
            for each in self.connections
            if isinstance(each, SiteConnection) and each._is_waiting
        ]
        if waiting:
            min(waiting, key=lambda each: each._opened)._abort()

    def _wait_for_head(self) -> None:
        self._deadline = self.loop.call_later(_SECONDS_FOR_HEAD, self._abort)

    def _forget_head(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _forget_reading(self) -> None:
        if self._reading_deadline is not None:
            self._reading_deadline.cancel()
            self._reading_deadline = None

    def _abort(self) -> None:
        self.connections.discard(
            self
        )  # at once, as the new connection is counted against the limit
        self.transport.abort()
