"""Test the half that needs no torch without torch, on each Python that kplug supports and that is found here.

It runs in the environment of the `dev` extra, and prints how many tests ran on each Python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from virtualenv import cli_run

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.10", "3.12", "3.13")
HEAVY = {"torch", "numpy", "h5py"}
TESTS = (
    "tests/registry",  # in which what needs torch is marked
    "--ignore=tests/registry/test_nested_components.py",
    "--ignore=tests/registry/building/test_reverse_lookup.py",
    "tests/cli/test_app.py",
    "tests/cli/test_env.py",
    "tests/cli/test_listing.py",
    "tests/test_errors.py",
    "tests/support/test_exports.py",
    "tests/test_inspection.py",
    "tests/commands",
    "kplug/registry",
    "--deselect=kplug/registry/building/lost_arguments.py::kplug.registry.building.lost_arguments.find_lost",
    "--deselect=kplug/registry/building/resolution.py::kplug.registry.building.resolution.resolve",
    "kplug/hookspecs.py",
)
AT_LEAST = 1200  # fewer would mean that tests are left out in silence


def main() -> None:
    """Test on each Python; exit with the reason where one fails."""
    _show_every_python_of_pyenv()
    for version in PYTHONS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                cli_run(["--quiet", "--python", version, folder])
            except RuntimeError:
                print(f"Python {version} is not found here: nothing is tested on it", flush=True)
            else:
                _test(version, Path(folder) / "bin" / "python")


def _show_every_python_of_pyenv() -> None:
    """Let pyenv's commands run each Python that it has, not the selected one alone."""
    if shutil.which("pyenv") is not None:
        versions = _run("pyenv", "versions", "--bare").stdout.split()
        os.environ["PYENV_VERSION"] = ":".join(versions)


def _test(version: str, python: Path) -> None:
    pip: tuple[str | Path, ...] = (sys.executable, "-m", "uv", "pip", "install", "--python", python)
    projects = ("pyproject.toml", "plugins/*/pyproject.toml")
    folders = [file.parent for pattern in projects for file in ROOT.glob(pattern)]
    sources = [part for folder in folders for part in ("-e", folder)]
    for install in ((*pip, *_light_requirements()), (*pip, "--no-deps", *sources)):
        installed = _run(*install)
        if installed.returncode:
            sys.exit(f"Python {version}: {installed.stdout}{installed.stderr}")
    tested = _run(python, "-m", "pytest", "-q", "-m", "not torch and not slow", *TESTS)
    found = re.search(r"(\d+) passed", tested.stdout)
    if tested.returncode or found is None or int(found[1]) < AT_LEAST:
        output = tested.stdout + tested.stderr
        sys.exit(f"{output}Python {version}: {AT_LEAST} tests at least have to pass, and all")
    print(f"Python {version} without torch: {tested.stdout.splitlines()[-1]}", flush=True)


def _light_requirements() -> list[str]:
    """Return what kplug needs but the heavy packages, and what runs the tests."""
    needed = [text for text in requires("kplug") or () if "extra ==" not in text]
    light = [text for text in needed if Requirement(text).name not in HEAVY]
    return [*light, "pytest", "hypothesis"]


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main()
