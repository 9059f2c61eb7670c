"""Makes the numbers of wheels that carry none, each in a process that runs the wheel."""

from __future__ import annotations

import tempfile
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from kplug.display.messages import quote
from kplug_numbers.errors import ReadingError
from kplug_numbers.numbers_file import NumbersFile, find_in_wheel, write_file
from kplug_numbers.wheel_process import run_with_wheel

_MAKE = """
from pathlib import Path
from kplug import KplugError
from kplug_numbers.checking import list_keys, make_all
from kplug_numbers.numbers_file import read_file
try:
    known = read_file(Path(sys.argv[2]))
    keys = list_keys(sys.argv[1], known)
    answer(["", make_all(keys, lambda key: None, recorded=known).to_json()])
except KplugError as error:
    answer([str(error), ""])
"""


def make_missing(first: Path, second: Path) -> tuple[NumbersFile, NumbersFile]:
    """Return the numbers of two wheels: those that each carries, or else those that it computes here.

    What is made has the arguments that the other wheel has recorded.

    Args:
        first: A wheel.
        second: Another one.

    Raises:
        ReadingError: if a wheel cannot be read or run, or offers nothing that can be read.
    """
    before, after = find_in_wheel(first), find_in_wheel(second)
    if before is None:
        before = _make(first, NumbersFile() if after is None else after)
    return before, _make(second, before) if after is None else after


def _make(wheel: Path, known: NumbersFile) -> NumbersFile:
    try:
        distribution = parse_wheel_filename(wheel.name)[0]
    except InvalidWheelFilename:
        raise ReadingError(f"{quote(wheel.name)} is no name of a wheel") from None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "known.json")
        write_file(file, known)
        fault, text = run_with_wheel(wheel, _MAKE, distribution, file)
    if fault:
        raise ReadingError(f"{wheel.name}: {fault}")
    return NumbersFile.from_json(text.encode(), wheel.name)
