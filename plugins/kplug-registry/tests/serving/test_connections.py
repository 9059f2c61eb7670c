"""Connections: answers come without delay, and those that send nothing lock nobody out."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from kplug_registry.serving import connections
from kplug_registry.serving.server import listen, make_server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

Address = tuple[str, int]


async def answer(_: Request) -> Response:
    return PlainTextResponse("here")


async def answer_long(_: Request) -> Response:
    return Response(b"x" * (64 << 20))


@pytest.fixture
def address() -> Iterator[Address]:
    application = Starlette(routes=[Route("/", answer), Route("/long", answer_long)])
    with serve(application) as found:
        yield found


@contextmanager
def serve(application: Starlette) -> Iterator[Address]:
    """Serve an application in a thread of this process."""
    server = make_server(application, proxy=None)
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            server.should_exit = True
            server.force_exit = True
            thread.join()


def ask(address: Address, path: str = "/") -> int:
    connection = http.client.HTTPConnection(*address, timeout=120)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def open_idle(address: Address, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(address, timeout=120)
    connection.sendall(sent)
    return connection


def is_closed(connection: socket.socket) -> bool:
    """Wait for the end; a server that leaves bytes unread ends with a reset."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def drip(connection: socket.socket) -> bool:
    """Send one letter after another, and return whether the server closes the connection."""
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        try:
            connection.sendall(b"G")
        except (BrokenPipeError, ConnectionResetError):
            return True
        time.sleep(0.05)
    return False


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_head(address: Address) -> None:
    connection = http.client.HTTPConnection(*address, timeout=120)
    times = []
    for _ in range(80):
        began = time.perf_counter()
        connection.request("GET", "/")
        connection.getresponse().read()
        times.append(time.perf_counter() - began)
    connection.close()
    assert min(times[30:]) < 0.03  # Nagle's algorithm costs 40 ms in every later one


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: "])
def test_idle_connections_lock_nobody_out(address: Address, sent: bytes) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(open_idle(address, sent)) for _ in range(240)]
        assert [ask(address) for _ in range(5)] == [200] * 5
        assert is_closed(idle[0])  # the oldest went first
        idle[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            idle[-1].recv(1)


def test_a_request_that_does_not_come_is_not_waited_for(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_SECONDS_FOR_HEAD", 0.3)
    with open_idle(address) as silent, open_idle(address, b"GET / HTTP/1.1\r\n") as slow:
        assert drip(slow)
        assert is_closed(silent)


def test_so_is_the_second_request_of_a_connection(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_SECONDS_FOR_HEAD", 0.3)
    with open_idle(address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as slow:
        assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        assert drip(slow)


def test_an_answer_that_nobody_reads_is_given_up(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up, abort = threading.Event(), connections.SiteConnection._abort
    monkeypatch.setattr(connections, "_SECONDS_WITHOUT_READING", 0.3)

    def give_up(connection: connections.SiteConnection) -> None:
        abort(connection)
        given_up.set()

    monkeypatch.setattr(connections.SiteConnection, "_abort", give_up)
    with open_idle(address, b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n") as deaf:
        assert given_up.wait(120)
        received = 0
        with suppress(ConnectionResetError):
            while data := deaf.recv(1 << 20):
                received += len(data)
        assert received < 64 << 20
