"""RemoteMonitor: a server of our own is sent what Keras sends."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from http.client import BadStatusLine
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from kplug.callbacks import RemoteMonitor
from kplug.errors import ArgumentValueError, KplugWarning

Received = list[tuple[str, str, str, str]]


@pytest.fixture
def server() -> Iterator[tuple[str, Received]]:
    received: Received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            token = self.headers.get("X-Token", "")
            received.append((self.path, self.headers["Content-Type"], token, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", received
        http.shutdown()
        thread.join()


def test_logs_are_sent_as_a_form_or_as_json(server: tuple[str, Received]) -> None:
    address, received = server
    logs: dict[str, Any] = {"loss": 0.5, "iou": [0.25, 0.75]}
    RemoteMonitor(address).on_epoch_end(3, logs)
    json_monitor = RemoteMonitor(
        address, path="/here", headers={"X-Token": "secret"}, send_as_json=True
    )
    json_monitor.on_epoch_end(4, logs)
    form, plain = received
    assert form[:3] == ("/publish/epoch/end/", "application/x-www-form-urlencoded", "")
    (data,) = urllib.parse.parse_qs(form[3])["data"]
    assert json.loads(data) == {"epoch": 3, **logs}
    assert plain[:3] == ("/here", "application/json", "secret")
    assert json.loads(plain[3]) == {"epoch": 4, **logs}


def test_a_server_that_is_not_there_is_warned_of() -> None:
    with pytest.warns(KplugWarning, match=r"RemoteMonitor: http://127.0.0.1:1/x could not be "):
        RemoteMonitor("http://127.0.0.1:1", "/x").on_epoch_end(0, {"loss": 0.5})


def test_another_kind_of_address_is_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        RemoteMonitor("file:///etc")
    assert str(caught.value) == (
        "RemoteMonitor: argument 'root' is 'file:///etc'; allowed: an address that begins with "
        "http:// or https://"
    )


def test_an_answer_that_is_no_http_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_args: Any, **_options: Any) -> Any:
        raise BadStatusLine("hello")

    monkeypatch.setattr("urllib.request.urlopen", answer)
    with pytest.warns(KplugWarning, match="could not be reached: hello"):
        RemoteMonitor().on_epoch_end(0, {"loss": 1.0})
