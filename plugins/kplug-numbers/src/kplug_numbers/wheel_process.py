"""Runs a program with a wheel in place of the installed version, in a process with limits.

The wheel is unpacked into a folder of its own, the first on Python's path. All else is as it is installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from kplug.display.messages import describe_error
from kplug_numbers.errors import ReadingError

_MOST_SECONDS = 300  # of a process, in processor time; by the clock four times as many
_MOST_MEMORY = 16 << 30  # of its data, in bytes
_MOST_BYTES = 2**31  # of an unpacked wheel
# What a program begins with: limits, and `answer`, which prints its result as the last line.
_BEGIN = """
import json, sys, warnings
try:
    import resource
    for kind, most in ((resource.RLIMIT_CPU, {seconds}), (resource.RLIMIT_DATA, {memory})):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, 2 * (most if hard == resource.RLIM_INFINITY else min(most, hard),))
except ImportError:  # on Windows
    pass
warnings.simplefilter("ignore")
def answer(data):
    print("\\n" + json.dumps(data))
"""


def run_with_wheel(wheel: Path | None, program: str, *arguments: str | Path) -> Any:
    """Return what a program answers, as plain data.

    Args:
        wheel: The wheel; None for what is installed.
        program: Python code that calls ``answer`` once.
        arguments: What it finds in ``sys.argv``.

    Raises:
        ReadingError: if the wheel cannot be unpacked, or the process takes too long or gives no answer.
    """
    name = "what is installed" if wheel is None else wheel.name
    with tempfile.TemporaryDirectory() as folder:
        if wheel is not None:
            _unpack(wheel, Path(folder))
        path = os.pathsep.join([folder, *filter(None, [os.environ.get("PYTHONPATH")])])
        begin = _BEGIN.format(seconds=max(int(_MOST_SECONDS), 1), memory=_MOST_MEMORY)
        try:
            done = subprocess.run(  # noqa: S603 - Python, with the user's files
                [sys.executable, "-c", begin + program, *map(str, arguments)],
                env={**os.environ, "PYTHONPATH": path},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=4 * _MOST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ReadingError(f"{name}: the process that runs it takes too long") from None
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.splitlines() or [f"its status is {done.returncode}"])[-1]
        raise ReadingError(f"{name}: the process that runs it ended: {last}") from None


def _unpack(wheel: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            is_small = sum(entry.file_size for entry in archive.infolist()) <= _MOST_BYTES
            if is_small:
                archive.extractall(folder)
    except Exception as error:  # each compression of a corrupt wheel has errors of its own
        raise ReadingError(f"{str(wheel)!r} cannot be read: {describe_error(error)}") from error
    if not is_small:
        raise ReadingError(f"{wheel.name} unpacks to more than {_MOST_BYTES} bytes")
