"""A Python process that notes what it does to the world outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, os, sys
{before}
seen, is_watching = [], False

def watch(event, arguments):
    if not is_watching:
        return
    if event == "open":
        path, _, flags = arguments
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC):
            seen.append(f"open {{path}}")
    elif event == "import" and arguments[0].partition(".")[0] in {planted!r}:
        seen.append(f"import {{arguments[0]}}")
    elif event == "exec" and arguments[0].co_filename == "<string>":
        seen.append("exec")
    elif event.startswith({others!r}):
        seen.append(event)

sys.addaudithook(watch)
result = None
is_watching = True
{watched}
is_watching = False
print(json.dumps([seen, result]))
"""
OTHERS = (
    *("os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "subprocess.", "pty."),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "shutil."),
    *("socket.", "urllib.", "webbrowser.", "ctypes.dlopen"),
)


class Watched(NamedTuple):
    """The outcome of a watched process.

    Args:
        seen: Files opened to write, imports of planted modules, evaluated texts, processes, connections.
        result: The variable ``result``.
    """

    seen: list[str]
    result: Any


def run_watched(
    before: str,
    watched: str,
    *,
    path: Path,
    planted: tuple[str, ...] = (),
    options: tuple[str, ...] = (),
    **environment: str,
) -> Watched:
    """Run a program in the working directory.

    Args:
        before: Its unwatched beginning.
        watched: The rest, which may set ``result``.
        path: A folder that is on ``sys.path``.
        planted: Modules whose imports are noted.
        options: Python's.
        environment: Variables.
    """
    program = PROGRAM.format(before=before, watched=watched, planted=planted, others=OTHERS)
    own = {name: value for name, value in os.environ.items() if not name.startswith("KPLUG_")}
    own["PYTHONPATH"] = os.pathsep.join(map(str, (path, ROOT)))
    done = subprocess.run(
        [sys.executable, "-B", *options, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**own, **environment},
    )
    assert done.returncode == 0, done.stderr
    return Watched(*json.loads(done.stdout.splitlines()[-1]))
