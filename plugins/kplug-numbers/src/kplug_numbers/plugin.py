"""Hooks of this distribution: the name of its command, and readings in model files. It imports no torch."""

from __future__ import annotations

from kplug import Component, Verdict, hookimpl

# Kinds with a recipe; `kplug_numbers.making`, which has the recipes, imports torch.
READ = (
    "activation",
    "constraint",
    "initializer",
    "layer",
    "loss",
    "metric",
    "optimizer",
    "regularizer",
    "schedule",
)


@hookimpl
def kplug_commands() -> dict[str, Component]:
    """Return the command."""
    summary = "Record what components compute, and compare it with what was recorded."
    target = "kplug_numbers.commands.command:numbers"
    return {"numbers": Component("numbers", target, summary=summary)}


@hookimpl
def kplug_reading(kind: str, spec: str) -> list[dict[str, object]]:
    """Return what a component computes, for the file of a model."""
    if kind not in READ:
        return []
    from kplug_numbers.model_files import read_for_file  # imports torch

    return [read_for_file(kind, spec)]


@hookimpl
def kplug_verdict(kind: str, spec: str, reading: object) -> list[Verdict]:
    """Compare a component with the reading in the file of a model."""
    if kind not in READ:
        return []
    from kplug_numbers.model_files import judge  # imports torch

    return [judge(kind, spec, reading)]
