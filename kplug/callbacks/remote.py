"""Sends logs to a server."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException

from typing_extensions import override

from kplug.backend.processes import is_main_process
from kplug.callbacks.base.callback import Callback, Logs
from kplug.components.arguments import is_number, refusal, require_flag
from kplug.registry.user_warnings import warn

_OWNER = "RemoteMonitor"
_SECONDS = 10


class RemoteMonitor(Callback):
    """Send the logs of every epoch to a server, by HTTP POST.

    An unreachable server causes a warning, and training continues.

    Args:
        root: The address of the server, beginning with ``http://`` or ``https://``.
        path: The path after ``root``.
        field: The field of the form that holds the logs as JSON.
        headers: Further HTTP headers.
        send_as_json: Whether the body is the JSON itself instead of a form.

    Raises:
        ArgumentValueError: If ``root`` is no such address, or another argument has the wrong type.

    Example:
        >>> RemoteMonitor("https://monitor.example", send_as_json=True).address
        'https://monitor.example/publish/epoch/end/'

    Reference:
        ``keras.callbacks.RemoteMonitor``, which needs the library requests and has no timeout.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        if not str(root).startswith(("http://", "https://")):
            raise refusal(_OWNER, "root", root, "an address that begins with http:// or https://")
        for argument, text in (("path", path), ("field", field)):
            if not isinstance(text, str):
                raise refusal(_OWNER, argument, text, "a text")
        if headers is not None and not isinstance(headers, Mapping):
            raise refusal(_OWNER, "headers", headers, "None or a dict of texts by name")
        self.address, self.field = root + path, field
        self.headers = dict(headers or {})
        self.send_as_json = require_flag(_OWNER, "send_as_json", send_as_json)

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Send the epoch, counted from 0, and its logs, in the main process only."""
        if not is_main_process():
            return
        numbers = {
            name: float(value) if is_number(value) else value
            for name, value in (logs or {}).items()
        }
        text = json.dumps({"epoch": epoch, **numbers})
        kind = "application/x-www-form-urlencoded"
        if self.send_as_json:
            kind = "application/json"
        else:
            text = urllib.parse.urlencode({self.field: text})
        headers = {"Content-Type": kind, **self.headers}
        request = urllib.request.Request(self.address, text.encode(), headers)  # noqa: S310 - http
        try:
            urllib.request.urlopen(request, timeout=_SECONDS).close()  # noqa: S310 - http
        except (OSError, HTTPException) as error:  # the latter for an answer that is no HTTP
            warn(f"{_OWNER}: {self.address} could not be reached: {error}")
