"""Checks of trainings that go another way about it: compiled, and in several processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch

from kplug.errors import EagerStepWarning
from kplug_authoring.checks.layer_inputs import calls_of
from kplug_authoring.checks.subject import Finding, Subject, check, find_difference
from kplug_authoring.gold.training import train

_TOLERANCE = 1e-4  # sums of float32, in another order
_PATIENCE = 600  # seconds, in which both processes import torch
_ENDS = 300  # characters of what a process that failed has written


@check(
    "with jit_compile=True the training of eager steps, and no step that runs eagerly",
    "Compute with tensors alone: torch.where for an if, and state in tensors that change in place.",
    level="gold",
)
def compiled(subject: Subject) -> Finding:
    """Train a small model with the component, eagerly and compiled."""
    inputs = _inputs_of(subject)
    if inputs is None:
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        is_fitted = not _is_random(subject, inputs)
        expected, found = (
            train(subject.kind.name, subject.make(), inputs, is_fitted=is_fitted, jit_compile=way)
            for way in (False, True)
        )
    told = [str(one.message) for one in caught if issubclass(one.category, EagerStepWarning)]
    if told:
        return told[0]
    difference = find_difference(expected, found, _TOLERANCE)
    return difference and f"eagerly and compiled: {difference}"


@check(
    "in two processes the training of one, which has the whole batch",
    "A loss returns one value a sample, a metric merges what processes have counted, and nothing is drawn "
    "or counted by one process alone. If a whole batch is meant, say so: "
    "Example(leave_out={'processes': 'why'}).",
    level="gold",
)
def processes(subject: Subject) -> Finding:
    """Train a small model in this process, and in two that share each batch."""
    inputs = _inputs_of(subject)
    if inputs is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        is_fitted = not _is_random(subject, inputs)
        expected = train(subject.kind.name, subject.make(), inputs, is_fitted=is_fitted)
    task = {
        "kind": subject.kind.name,
        "spec": str(subject.resolve().spec),
        "inputs": inputs,
        "is_fitted": is_fitted,
    }
    with tempfile.TemporaryDirectory() as folder:
        torch.save(task, Path(folder, "task.pt"))
        fault = _run_two(folder)
        if fault:
            return fault
        found = torch.load(Path(folder, "found.pt"))
    difference = find_difference(expected, found, _TOLERANCE)
    return difference and f"in one process and in two: {difference}"


def _inputs_of(subject: Subject) -> tuple[Any, ...] | None:
    """Return what a model with the component is trained on; None if no model can have it."""
    kind = subject.kind.name
    if kind == "layer":
        return calls_of(subject)
    if kind in ("optimizer", "schedule", "callback"):
        return ()
    if kind not in ("loss", "metric"):
        return subject.inputs
    # A metric of one argument counts what no model gives it.
    return subject.inputs if len(subject.inputs) == 2 and subject.inputs[1].ndim > 1 else None


def _is_random(subject: Subject, inputs: tuple[Any, ...]) -> bool:
    """Whether training draws random numbers, which no other way to train draws alike."""
    first, second = (train(subject.kind.name, subject.make(), inputs, seed=seed) for seed in (1, 2))
    return find_difference(first, second) is not None


def _run_two(folder: str) -> Finding:
    """Run the program of a process twice; return why it failed."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    # The same modules are found there, also those of a folder that this process has added.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(  # noqa: S603 - a program of this distribution
            [*command, "-m", "kplug_authoring.gold.process", folder],
            env={"OMP_NUM_THREADS": "1", **environment},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"two processes that do not end within {_PATIENCE} seconds"
    for fault in sorted(Path(folder).glob("fault-*.txt")):
        return f"in two processes {fault.read_text(encoding='utf-8')}"
    return f"two processes that fail: {done.stderr[-_ENDS:]}" if done.returncode else None
