"""Draws components in a child process, which is replaced when a component stops it."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from kplug_registry.drawing.worker import work
from kplug_registry.wheels.svg import find_fault

_TO_START = 120.0  # seconds; it imports torch
_LARGEST = 1 << 20  # bytes of an answer


class NotDrawnError(Exception):
    """A component could not be drawn."""


class DrawingProcess:
    """Draws components in a child process, which starts on first use.

    Args:
        time_limit: Seconds for each component.
    """

    def __init__(self, time_limit: float) -> None:
        self._time_limit = time_limit
        self._folder = tempfile.TemporaryDirectory(prefix="kplug-pictures-")
        self._running: tuple[BaseProcess, Connection] | None = None

    def draw(self, kind: str, spec: str) -> tuple[bytes, str]:
        """Return the picture of a component, and its description.

        Raises:
            NotDrawnError: if drawing fails; the next component can still be drawn.
        """
        try:
            connection = self._start()
            connection.send_bytes(json.dumps([kind, spec]).encode())
            answer = json.loads(_receive(connection, self._time_limit))
        except TimeoutError:
            self.stop()
            raise NotDrawnError(f"it was not drawn within {self._time_limit:g} s") from None
        except (EOFError, OSError):
            self.stop()
            raise NotDrawnError("it ended the process that draws") from None
        if "reason" in answer:
            raise NotDrawnError(answer["reason"])
        svg = answer["svg"].encode()
        if (fault := find_fault(svg)) is not None:
            raise NotDrawnError(f"its picture has {fault}")
        return svg, answer["text"]

    def close(self) -> None:
        """End the process, and remove its files."""
        self.stop()
        self._folder.cleanup()

    def stop(self) -> None:
        """End the process; the next picture starts a new one."""
        if self._running is not None:
            process, connection = self._running
            self._running = None
            connection.close()
            process.kill()
            process.join()

    def _start(self) -> Connection:
        if self._running is None:
            context = multiprocessing.get_context("spawn")  # a fork would inherit held locks
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(theirs, self._folder.name), daemon=True)
            process.start()
            theirs.close()
            self._running = process, ours
            _receive(ours, _TO_START)
        return self._running[1]


def _receive(connection: Connection, seconds: float) -> bytes:
    if not connection.poll(seconds):
        raise TimeoutError
    return connection.recv_bytes(_LARGEST)
