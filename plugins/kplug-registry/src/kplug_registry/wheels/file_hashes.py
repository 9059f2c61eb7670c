"""Lists the hashes of a wheel's files, to compare wheels of one version."""

from __future__ import annotations

from pathlib import Path

from kplug_registry.placement import PlacedFile
from kplug_registry.wheels.archive import WheelArchive
from kplug_registry.wheels.metadata import find_metadata_folder

_PYTHON = (".py", ".pyc", ".pyw", ".dist-info/entry_points.txt")
_COMMANDS = ("../bin/", "../scripts/")
_OF_ONE_WHEEL = ("WHEEL", "RECORD", "RECORD.jws", "RECORD.p7s")  # which differ for each platform


def list_file_hashes(wheel: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a wheel by the place that an installer gives it.

    A place is below the folder of packages; one of the environment begins with ``../``. What says for which
    platform the wheel is, is left out.

    Args:
        wheel: The file, which `read_wheel` has validated.

    Raises:
        WheelError: if it cannot be read.
    """
    with WheelArchive(wheel) as archive:
        folder = find_metadata_folder(archive)
        left_out = {f"{folder}/{name}" for name in _OF_ONE_WHEEL}
        names = (name for name in archive.names if name not in left_out)
        return {
            _write_place(PlacedFile.from_wheel(name)): archive.hash(name, "sha256").hex()
            for name in names
        }


def is_python(place: str) -> bool:
    """Whether a file is Python code, a command, or says which commands there are.

    Example:
        >>> [is_python(place) for place in ("waves/sea.py", "../bin/wave", "waves/_sea.so")]
        [True, True, False]
    """
    return place.casefold().endswith(_PYTHON) or place.casefold().startswith(_COMMANDS)


def _write_place(file: PlacedFile) -> str:
    """Return a place that no other file has: a package may be called ``bin``, as the folder of commands."""
    return f"{'' if file.is_package_file else '../'}{'/'.join(file.parts)}"
