"""Finds the version of a plugin from which on a model computes other numbers than when it was saved."""

from __future__ import annotations

import bisect
import functools
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from kplug.display.messages import describe_error, quote
from kplug_numbers.errors import ReadingError

_MOST_SECONDS = 300  # of a process, in processor time; by the clock four times as many
_MOST_BYTES = 2**31  # of an unpacked wheel
# It sets its limits, loads the model, and prints what is said of its numbers as the last line.
_PROGRAM = f"""
import json, sys, warnings
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, ({_MOST_SECONDS}, {_MOST_SECONDS}))
except ImportError:  # on Windows
    pass
import kplug
warnings.simplefilter("ignore")
try:
    kplug.load_model(sys.argv[1], verify=sys.argv[2])
    told = ""
except kplug.KplugError as error:
    told = str(error)
print("\\n" + json.dumps(told))
"""


@dataclass(frozen=True)
class Change:
    """The first version that differs.

    Args:
        distribution: The plugin.
        version: The version.
        message: What `load_model` says with it.
        before: The version before it, with which nothing differs; empty if it is the first one.
    """

    distribution: str
    version: str
    message: str
    before: str = ""


def find_change(model: Path, wheels: Iterable[Path]) -> Change | None:
    """Return the first version with which a model differs; None if it does not with the newest.

    Args:
        model: The file of the model.
        wheels: Wheels of versions of one plugin.

    Raises:
        ReadingError: if these are no wheels of one plugin, a process does not answer, or the model cannot be
            loaded with the first version even where nothing is compared.
    """
    versions = sorted((_read_name(wheel) for wheel in wheels), key=lambda one: one[1])
    if not model.is_file():
        raise ReadingError(f"there is no file {quote(str(model))}")
    if len({name for name, _, _ in versions}) != 1:
        raise ReadingError("bisect needs the wheels of one plugin, two or more versions of it")
    load = functools.cache(functools.partial(_load, model.resolve()))
    if not load(versions[-1][2]):
        return None
    place = bisect.bisect_left(versions, True, key=lambda one: bool(load(one[2])))
    name, version, wheel = versions[place]
    if not place and (fault := _load(model.resolve(), wheel, verify="off")):
        raise ReadingError(f"with {name} {version} the model cannot be loaded: {fault}")
    before = str(versions[place - 1][1]) if place else ""
    return Change(name, str(version), load(wheel), before)


def _read_name(wheel: Path) -> tuple[str, Version, Path]:
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename:
        raise ReadingError(f"{quote(wheel.name)} is no name of a wheel") from None
    return name, version, wheel


def _load(model: Path, wheel: Path, verify: str = "numbers") -> str:
    """Return what loading a model says with a wheel; empty if nothing differs and it can be loaded."""
    with tempfile.TemporaryDirectory() as folder:
        _unpack(wheel, Path(folder))
        path = os.pathsep.join([folder, *filter(None, [os.environ.get("PYTHONPATH")])])
        try:
            done = subprocess.run(  # noqa: S603 - Python, with the user's files
                [sys.executable, "-c", _PROGRAM, str(model), verify],
                env={**os.environ, "PYTHONPATH": path},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=4 * _MOST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ReadingError(f"{wheel.name}: the model does not load in time") from None
    try:
        return str(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError):
        last = (done.stderr.splitlines() or [f"its status is {done.returncode}"])[-1]
        raise ReadingError(
            f"{wheel.name}: the process that loads the model ended: {last}"
        ) from None


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
