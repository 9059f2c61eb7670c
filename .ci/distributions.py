"""Builds the distributions here into ``build/dist``, with what their components compute as ``numbers.json``.

Each is built in isolation, as an installer builds it. Some, and with ``--all`` all, are built once more in
another process, under another umask, time zone and seed of hashes: the files have to be equal to the byte.
The wheels of the last release, given as arguments, say what has changed since: it is printed, and the exit
status is 1.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kplug_numbers.checking import list_keys, make_all
from kplug_numbers.file_comparison import compare_files
from kplug_numbers.numbers_file import NumbersFile, find_in_wheel, find_source, write_file
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.contract.examples import list_example_specs, list_own_distributions  # noqa: E402

BUILT = ROOT / "build" / "dist"
TWICE = ("kplug", "kplug-segmentation", "kplug-timm")  # built twice without `--all`
GIT = ("git", "-c", "safe.directory=*")
# Sums are added in an order that depends on neither the processor nor its load.
PLAIN = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "OMP_NUM_THREADS": "1",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
}
LONGEST = 600.0  # seconds of a reading: a busy machine changes none
ELSEWHERE = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}


def main() -> int:
    """Build and check, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("released", nargs="*", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--into", nargs="+", help=argparse.SUPPRESS)  # in a process of its own
    asked = parser.parse_args()
    folders = {file.parent.name: file.parent for file in ROOT.glob("plugins/*/pyproject.toml")}
    folders = {"kplug": ROOT, **dict(sorted(folders.items()))}
    files = {parse_wheel_filename(one.name)[0]: one for one in asked.released}
    earlier = {name: find_in_wheel(file) for name, file in files.items()}
    if asked.into:
        target, *names = asked.into
        for name in names:
            build(name, folders[name], Path(target), earlier.get(name) or NumbersFile())
        return 0
    # The time of the commit is the time of each file in a distribution.
    os.environ.setdefault("SOURCE_DATE_EPOCH", run(*GIT, "log", "-1", "--format=%ct").strip())
    itself = (sys.executable, __file__, *map(str, asked.released), "--into")
    shutil.rmtree(BUILT, ignore_errors=True)
    print(run(*itself, str(BUILT), *folders, **PLAIN), end="")
    built = sorted(map(str, BUILT.iterdir()))
    run(sys.executable, "-m", "twine", "check", "--strict", *built)
    # W002: the template of a new project has the licence, too.
    run(sys.executable, "-m", "check_wheel_contents", "--ignore=W002", str(BUILT))
    with tempfile.TemporaryDirectory() as again:
        twice = list(folders) if asked.all else TWICE
        os.umask(0o077)
        run(*itself, again, *twice, **PLAIN, **ELSEWHERE)
        made = sorted(file.name for file in Path(again).iterdir())
        _, others, missing = filecmp.cmpfiles(BUILT, again, made, shallow=False)
    if others or missing or len(made) != 2 * len(twice):
        raise SystemExit(f"built twice, these are others: {', '.join(others + missing) or made}")
    print(f"{len(built)} files; {len(made)} of them were built twice and are equal to the byte")
    changed = [
        one
        for file in BUILT.glob("*.whl")
        if (before := earlier.get(parse_wheel_filename(file.name)[0]))
        for one in compare_files(before, find_in_wheel(file) or NumbersFile())
        if one.outcome != "same"
    ]
    for one in changed:
        print(one)
    return 1 if changed else 0


def build(name: str, folder: Path, built: Path, before: NumbersFile) -> None:
    """Build a distribution with what its components compute, with the arguments known from before too.

    It is built from a copy of its files, so that tests that run meanwhile see no change.
    """
    numbers = None
    if name in list_own_distributions():
        keys = list_keys(name, before, list_example_specs(name))
        numbers = make_all(keys, lambda _: None, LONGEST)
        print(f"{name}: {len(numbers.readings)} readings, {len(numbers.unread)} without")
    with tempfile.TemporaryDirectory() as copy:
        for one in filter(None, run(*GIT, "ls-files", "-z", cwd=folder).split("\0")):
            if not one.startswith("plugins/"):  # distributions of their own
                Path(copy, one).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / one, Path(copy, one))
        shutil.copy(ROOT / "LICENSE", copy)
        if numbers is not None:
            write_file(copy / find_source(name).relative_to(folder), numbers)
        run(sys.executable, "-m", "build", "--installer", "uv", "--outdir", str(built), copy)


def run(*command: str, cwd: Path = ROOT, **environment: str) -> str:
    """Run a command, and return what it prints.

    Raises:
        SystemExit: with all that it printed, if it fails.
    """
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:6])} failed: {done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
