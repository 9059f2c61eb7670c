"""Runs each program in a fork of this process, which imports torch and kplug once.

``fork_programs.py FOLDER FOUND PROGRAM…``: FOLDER is that of the programs, with ``run.py``; FOUND is the file
that gets what it finds of each, as JSON. The environment is the runner's: ``PYTHONHASHSEED=0``, one thread.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# The programs' imports of kplug, without this plugin: programs for Keras 3 run without it.
KPLUG = ("layers", "models", "losses", "metrics", "optimizers", "callbacks", "datasets", "utils")
MODULES = (*(f"kplug.{name}" for name in KPLUG), "torch._dynamo")  # the last by torch's optimizers
SECONDS = 900


def main() -> None:
    """Run the programs, one after the other."""
    folder, found = map(Path, sys.argv[1:3])
    names = sys.argv[3:]
    for name in MODULES:
        importlib.import_module(name)
    run = load_runner(folder / "run.py")
    with tempfile.TemporaryDirectory() as work:
        results = {name: run(name, sys.executable, SECONDS, False, work) for name in names}
    found.write_text(json.dumps(results))


def load_runner(path: Path) -> Any:
    """Return the runner's function of one program, with forks where it starts Python."""
    sys.argv = [str(path), sys.executable, "--only", "no program at all"]
    names = runpy.run_path(str(path))
    run = names["run"]
    run.__globals__.update(names)  # they are emptied after a run
    run.__globals__["subprocess"] = SimpleNamespace(
        run=run_in_fork, TimeoutExpired=subprocess.TimeoutExpired
    )
    return run


def run_in_fork(
    command: Sequence[str], *, cwd: str, env: Mapping[str, str], timeout: float, **_: Any
) -> subprocess.CompletedProcess[str]:
    """Do what ``subprocess.run`` does for a command that is Python, a script and its arguments."""
    with tempfile.TemporaryFile() as errors:
        process = multiprocessing.get_context("fork").Process(
            target=become, args=(command[1:], cwd, env, errors.fileno())
        )
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(command, timeout)
        errors.seek(0)
        text = errors.read().decode(errors="replace")
    return subprocess.CompletedProcess(list(command), process.exitcode, "", text)


def become(command: Sequence[str], cwd: str, env: Mapping[str, str], errors: int) -> None:
    """Run a script as if this process had begun with it."""
    os.chdir(cwd)
    os.environ.update(env)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os.dup2(errors, sys.stderr.fileno())
    sys.argv = list(command)
    sys.path[0] = str(Path(command[0]).parent)
    runpy.run_path(command[0], run_name="__main__")


if __name__ == "__main__":
    main()
