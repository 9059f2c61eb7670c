"""Builds the distributions here into ``build/dist``, with what their components compute as ``numbers.json``.

The wheels of the last release, given as arguments, say what has changed since: it is printed, and the exit
status is 1.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kplug_numbers.checking import list_keys, make_all
from kplug_numbers.file_comparison import Result, compare_files
from kplug_numbers.numbers_file import NumbersFile, find_in_wheel, find_source, write_file
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.contract.examples import list_example_specs, list_own_distributions  # noqa: E402

BUILT = ROOT / "build" / "dist"


def main(released: list[str]) -> int:
    """Build all, and return the exit status."""
    earlier = {parse_wheel_filename(Path(one).name)[0]: Path(one) for one in released}
    shutil.rmtree(BUILT, ignore_errors=True)
    changed: list[Result] = []
    with_numbers = list_own_distributions()
    for folder in (ROOT, *sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml"))):
        name = "kplug" if folder == ROOT else folder.name
        before = find_in_wheel(earlier[name]) if name in earlier else None
        numbers = None
        if name in with_numbers:
            numbers = record(name, before or NumbersFile())
            print(f"{name}: {len(numbers.readings)} readings, {len(numbers.unread)} without")
        if before is not None:
            results = compare_files(before, numbers or NumbersFile())
            changed += [one for one in results if one.outcome != "same"]
        build(name, folder, numbers, BUILT)
    for one in changed:
        print(one)
    return 1 if changed else 0


def record(name: str, before: NumbersFile) -> NumbersFile:
    """Return what the components of a distribution compute, with the arguments known from before too."""
    return make_all(list_keys(name, before, list_example_specs(name)), lambda _: None)


def build(name: str, folder: Path, numbers: NumbersFile | None, built: Path) -> None:
    """Build a distribution from a copy of its files, so that tests that run meanwhile see no change."""
    listed = subprocess.run(
        ("git", "-c", "safe.directory=*", "ls-files", "-z"),  # noqa: S607 - found on the path
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    with tempfile.TemporaryDirectory() as copy:
        for one in filter(None, listed.stdout.split("\0")):
            if not one.startswith("plugins/"):  # distributions of their own
                Path(copy, one).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / one, Path(copy, one))
        if numbers is not None:
            write_file(copy / find_source(name).relative_to(folder), numbers)
        command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(built), copy)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} cannot be built: {done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
