"""`WheelReader`: reads wheels in a child process, within budgets of memory and time."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from kplug import get_kind
from kplug.errors import KplugError, UnknownKindError
from kplug_registry.errors import WheelError
from kplug_registry.wheels.declared_components import DeclaredComponent
from kplug_registry.wheels.reading import WheelContents, read_wheel

try:
    import resource
except ImportError:  # Windows, where only the time on the clock is limited
    resource = None  # type: ignore[assignment]

_OUT_OF_TIME = getattr(signal, "SIGXCPU", 0)
_TO_START = 120.0  # seconds
_MEBIBYTE = 1 << 20
_LONGEST = 200
_HINT = (
    "Build it without generated data in its Python files, or divide it into several distributions."
)

_Running = tuple[BaseProcess, Connection]
_Answer = WheelContents | KplugError | str  # a text says why reading was ended


@dataclass(frozen=True, slots=True)
class Budget:
    """What reading a wheel may take.

    Args:
        memory: Bytes of address space, beyond those of the process that reads.
        seconds: Processor time, and as many for each of `bytes` that the wheel has.
        bytes: The length of a wheel that gets twice the time.
        patience: Seconds on the clock for each second of processor time, as others use the machine too.
    """

    memory: int = 1024 * _MEBIBYTE
    seconds: int = 10
    bytes: int = 80 * _MEBIBYTE
    patience: int = 6

    def find_seconds(self, path: Path) -> int:
        """Return the processor time for a wheel."""
        size = path.stat().st_size if path.is_file() else 0
        return self.seconds + ceil(self.seconds * size / self.bytes)


BUDGET = Budget()


class WheelReader:
    """Reads wheels in a child process, which starts on first use, and is replaced when a wheel stops it.

    Leaving it as a context manager ends the process.

    Args:
        declared: The components that modules of hooks declare.
        budget: What reading a wheel may take.
    """

    def __init__(self, declared: Sequence[DeclaredComponent] = (), budget: Budget = BUDGET) -> None:
        self._declared, self._budget = tuple(declared), budget
        self._running: _Running | None = None
        self._asked: deque[tuple[Path, _Running]] = deque()
        self._turn = threading.Lock()

    def __enter__(self) -> WheelReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, path: Path) -> WheelContents:
        """Return the contents of a wheel, as `read_wheel` does; threads take turns.

        Raises:
            WheelError: also if reading takes more than the budget.
        """
        with self._turn:
            self.ask(path)
            return self.take()

    def ask(self, path: Path) -> None:
        """Have a wheel read after those that were asked for; `take` returns it."""
        running = self._start()
        self._asked.append((path, running))
        with suppress(OSError):  # it has ended; `take` says why
            running[1].send(path)

    def take(self) -> WheelContents:
        """Return the contents of the wheel that was asked for first.

        Raises:
            WheelError: as `read` does; wheels that were asked for later have to be asked for again.
        """
        path, running = self._asked.popleft()
        answer = self._receive(path, *running)
        if isinstance(answer, WheelContents):
            return answer
        if isinstance(answer, str):
            self.close()
            answer = WheelError(f"{path.name}: {answer}", hint=_HINT)
        raise answer

    def close(self) -> None:
        """End the process; the next wheel starts another."""
        self._asked.clear()
        if self._running is not None:
            process, connection = self._running
            self._running = None
            process.kill()
            process.join()
            connection.close()

    def _start(self) -> _Running:
        if self._running is not None and not (self._asked or self._running[0].is_alive()):
            self.close()
        if self._running is None:
            context = multiprocessing.get_context("spawn")  # a fork would inherit held locks
            ours, theirs = context.Pipe()
            facts = theirs, self._declared, self._budget
            process = context.Process(target=_work, args=facts, daemon=True)
            process.start()
            theirs.close()
            self._running = process, ours
            if not ours.poll(_TO_START):
                self.close()
                raise WheelError(
                    f"the process that reads wheels did not start within {_TO_START:g} s",
                    hint="Try again when less runs on this machine.",
                )
            ours.recv()
        return self._running

    def _receive(self, path: Path, process: BaseProcess, connection: Connection) -> _Answer:
        """Return the answer about a wheel."""
        seconds = self._budget.find_seconds(path)
        patience = self._budget.patience * seconds
        try:
            is_there = connection.poll(patience)
            answer: _Answer = (
                connection.recv() if is_there else f"it was not read within {patience} s"
            )
        except (EOFError, OSError):
            process.join()
            if process.exitcode == -_OUT_OF_TIME:
                return f"reading it takes more than {seconds} s of processor time"
            return f"it ended the process that reads it, with status {process.exitcode}"
        return answer


def _work(connection: Connection, declared: tuple[DeclaredComponent, ...], budget: Budget) -> None:
    """Answer with the contents of wheels until the connection closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    if resource is not None:
        _limit(resource.RLIMIT_CORE, 0)
        with suppress(UnknownKindError):
            get_kind("")  # loads the plugins that add kinds, whose memory is no wheel's
        _limit(resource.RLIMIT_AS, _find_size() + budget.memory)
    connection.send(None)
    while True:
        try:
            path = connection.recv()
        except EOFError:
            return
        if resource is not None:
            used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
            _limit(resource.RLIMIT_CPU, ceil(used) + budget.find_seconds(path))
        connection.send(_read(path, declared, budget))


def _read(path: Path, declared: tuple[DeclaredComponent, ...], budget: Budget) -> _Answer:
    try:
        return read_wheel(path, declared)
    except KplugError as error:
        return error
    except MemoryError:
        return f"reading it takes more than {budget.memory // _MEBIBYTE} MiB of memory"
    except Exception as error:  # noqa: BLE001 - of whatever a wheel brings a parser to
        return f"reading it fails with {type(error).__name__}: {str(error)[:_LONGEST]}"


def _find_size() -> int:
    """Return the bytes of this process's address space; 0 where the system does not say."""
    with suppress(OSError):
        pages = Path("/proc/self/statm").read_text().split()[0]
        return int(pages) * resource.getpagesize()
    return 0


def _limit(what: int, most: int) -> None:
    """Set a soft limit of this process, as far as the system allows it."""
    hard = resource.getrlimit(what)[1]
    with suppress(OSError, ValueError):
        resource.setrlimit(
            what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard)
        )
