"""The drawing process: the only one that imports torch and plugins."""

from __future__ import annotations

import json
import os
from multiprocessing.connection import Connection
from pathlib import Path

_LONGEST_REASON = 300


def work(connection: Connection, folder: str) -> None:
    """Serve drawing requests until the connection closes.

    Args:
        connection: Requests are ``[kind, spec]`` in JSON; answers have ``svg`` and ``text``, or ``reason``.
        folder: The folder for files.
    """
    _silence()
    from kplug.utils import plot_component  # torch, in this process alone

    connection.send_bytes(b"ready")
    file = Path(folder) / "picture.svg"
    while True:
        try:
            kind, spec = json.loads(connection.recv_bytes())
        except EOFError:
            return
        try:
            text = plot_component(kind, spec, file)
            answer = {"svg": file.read_text(encoding="utf-8"), "text": text}
        except BaseException as error:  # noqa: BLE001 - also SystemExit: the worker continues
            answer = {"reason": _describe(error, spec)}
        connection.send_bytes(json.dumps(answer).encode())


def _describe(error: BaseException, spec: str) -> str:
    """Return why a component was not drawn, without its name, so that equal reasons can be grouped."""
    message = getattr(error, "message", None) or f"it raised {type(error).__name__}: {error}"
    reason = str(message).removeprefix("plot_component: ").removesuffix(f": {spec}")
    return " ".join(reason.split())[:_LONGEST_REASON]


def _silence() -> None:
    """Suppress the output of plugins."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
